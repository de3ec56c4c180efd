#include "render/funcs/toml_scalar.h"

#include <algorithm>
#include <vector>

#include "gitops/base/text.h"
#include "render/funcs/moments.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

[[noreturn]] void wrong(std::string message, int line) { throw TomlProblem{std::move(message), line}; }

// A backslash at the end of a line takes the white space behind it away, line ends included.
std::string without_escaped_lines(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == '\\') {
      out += "\\\\";
      at += 2;
      continue;
    }
    size_t end = std::min(text.find_first_not_of(" \t\r\n", at + 1), text.size());
    if (text.substr(at, end - at).find('\n') == std::string_view::npos) {
      out += text[at++];
    } else {
      at = end;
    }
  }
  return out;
}

std::string unescaped(std::string_view text, int line) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      out += text[at];
      continue;
    }
    char c = text[++at];
    size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      std::string_view code = text.substr(at + 1, digits);
      auto rune = static_cast<char32_t>(parse_uint(code, 16, 32).value);
      if (rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000))
        wrong("Escaped character '\\u" + std::string(code) + "' is not valid UTF-8.", line);
      append_rune(out, rune);
      at += digits;
      continue;
    }
    constexpr std::string_view kNames = "btnfre\"\\";
    constexpr std::string_view kMean = "\b\t\n\f\r\x1B\"\\";
    size_t which = kNames.find(c);
    if (which == std::string_view::npos) wrong(std::string("invalid escape: '\\") + c + "'", line);
    out += kMean[which];
  }
  return out;
}

// Each between characters of numbers.
bool underscores_fit(std::string_view number) {
  for (std::string_view word : {"nan", "+nan", "-nan", "inf", "+inf", "-inf"}) {
    if (number == word) return true;
  }
  bool fits = false;
  for (char c : number) {
    if (c == '_' && !fits) return false;
    fits = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
  }
  return fits;
}
bool has_leading_zero(std::string_view number) {
  if (number.size() > 1 && number[0] == '0') return number[1] != 'b' && number[1] != 'o' && number[1] != 'x';
  return number.size() > 2 && (number[0] == '-' || number[0] == '+') && number[1] == '0';
}

Value integer(const TomlToken& token) {
  auto invalid = [&](std::string_view why) {
    wrong("Invalid integer " + quote_go(token.text) + ": " + std::string(why), token.line);
  };
  if (!underscores_fit(token.text)) invalid("underscores must be surrounded by digits");
  if (has_leading_zero(token.text)) invalid("cannot have leading zeroes");
  std::string digits(token.text);
  std::erase(digits, '_');
  auto parsed = parse_int(digits, 0);
  if (!parsed) wrong(std::string(token.text) + " is out of range for int64", token.line);
  return Value::of_int64(parsed.value);
}

Value floating(const TomlToken& token) {
  auto invalid = [&](std::string_view why) {
    wrong("Invalid float " + quote_go(token.text) + ": " + std::string(why), token.line);
  };
  std::vector<std::string_view> parts;
  for (size_t at = 0; at < token.text.size();) {
    size_t end = std::min(token.text.find_first_of(".eE", at), token.text.size());
    if (end > at) parts.push_back(token.text.substr(at, end - at));
    at = end + 1;
  }
  for (std::string_view part : parts) {
    if (!underscores_fit(part)) invalid("underscores must be surrounded by digits");
  }
  if (!parts.empty() && has_leading_zero(parts.front())) invalid("cannot have leading zeroes");
  for (size_t at = token.text.find('.'); at != std::string_view::npos; at = token.text.find('.', at + 1)) {
    bool digit = at + 1 < token.text.size() && token.text[at + 1] >= '0' && token.text[at + 1] <= '9';
    if (!digit) invalid("'.' must be followed by one or more digits");
  }
  std::string text(token.text);
  std::erase(text, '_');
  bool negative_nan = text == "-nan";
  if (negative_nan || text == "+nan") text = "nan";
  auto parsed = parse_float(text);
  if (parsed.error == NumberError::kRange) wrong(std::string(token.text) + " is out of range for float64", token.line);
  if (!parsed) wrong("Invalid float value: " + quote_go(token.text), token.line);
  return Value::of(negative_nan ? -parsed.value : parsed.value);
}

// Go reads numbers without their leading zeros; then what stands between them is not where the layout has it.
bool misses_zero(std::string_view text, std::string_view layout) {
  for (size_t i = 0; i < layout.size(); ++i) {
    char c = layout[i];
    if (c == '.' || c == 'Z') return false;
    if ((c < '0' || c > '9') && text[i] != c) return true;
  }
  return false;
}

Value moment(Context& cx, const TomlToken& token) {
  std::string text(token.text);
  for (char& c : text) {
    if (c == 'z') c = 'Z';
    if (c == 't' || c == ' ') c = 'T';
  }
  Places& places = places_of(cx);
  const int32_t offset = now_of(cx).offset();  // of what has none: the one that this place has now
  auto without = [&](std::string_view name) { return places.fixed(name, offset); };
  const struct {
    std::string_view layout;
    const Place* place;
  } forms[] = {
      {"2006-01-02T15:04:05.999999999Z07:00", places.local()},
      {"2006-01-02T15:04:05.999999999", without("datetime-local")},
      {"2006-01-02", without("date-local")},
      {"15:04:05.999999999", without("time-local")},
      {"2006-01-02T15:04Z07:00", places.local()},
      {"2006-01-02T15:04", without("datetime-local")},
      {"15:04", without("time-local")},
  };
  for (const auto& form : forms) {
    auto parsed = parse_layout(form.layout, text, form.place, places);
    if (!parsed) continue;
    if (misses_zero(text, form.layout)) break;
    return time_value(cx, *parsed);
  }
  wrong("invalid datetime: " + quote_go(text), token.line);
}

}  // namespace

std::string toml_text(const TomlToken& token) {
  std::string_view text = token.text;
  if (token.kind == TomlKind::kMultiline || token.kind == TomlKind::kRawMultiline) {
    if (starts_with(text, "\n")) text.remove_prefix(1);
    else if (starts_with(text, "\r\n")) text.remove_prefix(2);
  }
  if (token.kind == TomlKind::kMultiline) return unescaped(without_escaped_lines(text), token.line);
  return token.kind == TomlKind::kEscaped ? unescaped(text, token.line) : std::string(text);
}

Value toml_scalar(Context& cx, const TomlToken& token) {
  switch (token.kind) {
    case TomlKind::kBool: return Value::of(token.text == "true");
    case TomlKind::kInteger: return integer(token);
    case TomlKind::kFloat: return floating(token);
    case TomlKind::kTime: return moment(cx, token);
    default: return cx.text(toml_text(token));
  }
}

}  // namespace autonomous::render
