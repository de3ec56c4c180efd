#include "render/template/literal.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One character of a literal between `quote`s, as strconv.UnquoteChar reads it.
struct Unquoted {
  bool ok = false;
  bool is_byte = false;  // an escape that stands for a byte, not for a character
  char32_t rune = 0;
};

Unquoted escape_hex(std::string_view& text, size_t digits) {
  if (text.size() < digits) return {};
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    int digit = hex_digit(text[i]);
    if (digit < 0) return {};
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  text.remove_prefix(digits);
  if (digits == 2) return {true, true, value};
  if (value > kMaxRune || (value >= 0xD800 && value < 0xE000)) return {};
  return {true, false, value};
}

Unquoted escape_octal(std::string_view& text, char first) {
  if (text.size() < 2) return {};
  uint32_t value = static_cast<uint32_t>(first - '0');
  for (size_t i = 0; i < 2; ++i) {
    if (text[i] < '0' || text[i] > '7') return {};
    value = value << 3 | static_cast<uint32_t>(text[i] - '0');
  }
  text.remove_prefix(2);
  if (value > 255) return {};
  return {true, true, value};
}

Unquoted escape(std::string_view& text, char quote) {
  if (text.empty()) return {};
  char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 'a': return {true, false, '\a'};
    case 'b': return {true, false, '\b'};
    case 'f': return {true, false, '\f'};
    case 'n': return {true, false, '\n'};
    case 'r': return {true, false, '\r'};
    case 't': return {true, false, '\t'};
    case 'v': return {true, false, '\v'};
    case 'x': return escape_hex(text, 2);
    case 'u': return escape_hex(text, 4);
    case 'U': return escape_hex(text, 8);
    case '\\': return {true, false, '\\'};
    case '\'':
    case '"':
      if (c != quote) return {};
      return {true, false, static_cast<char32_t>(c)};
    default: return c >= '0' && c <= '7' ? escape_octal(text, c) : Unquoted{};
  }
}

Unquoted unquote_one(std::string_view& text, char quote) {
  if (text.empty() || text.front() == quote) return {};
  if (text.front() == '\\') {
    text.remove_prefix(1);
    return escape(text, quote);
  }
  Rune rune = decode_rune(text);
  text.remove_prefix(rune.size);
  return {true, false, rune.value};
}

// Underscores as Go's literals allow them: between digits, and after a base prefix.
bool underscores_ok(std::string_view text) {
  char seen = '^';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  bool hex = false;
  size_t i = 0;
  if (text.size() >= 2 && text[0] == '0') {
    char prefix = static_cast<char>(text[1] | 0x20);
    if (prefix == 'b' || prefix == 'o' || prefix == 'x') {
      i = 2;
      seen = '0';
      hex = prefix == 'x';
    }
  }
  for (; i < text.size(); ++i) {
    char c = text[i];
    if ((c >= '0' && c <= '9') || (hex && hex_digit(c) >= 0)) {
      seen = '0';
    } else if (c == '_') {
      if (seen != '0') return false;
      seen = '_';
    } else {
      if (seen == '_') return false;
      seen = '!';
    }
  }
  return seen != '_';
}

// Go's spellings of infinity and NaN, which a template's literal can't have but a string for `float64` can.
std::optional<double> special_float(std::string_view text) {
  bool negative = false;
  bool sign = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    sign = true;
    text.remove_prefix(1);
  }
  auto same = [text](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (same("inf") || same("infinity")) return negative ? -kInfinity : kInfinity;
  if (same("nan") && !sign) return std::numeric_limits<double>::quiet_NaN();
  return {};
}

// The form of a float literal: digits with an optional point and exponent; hexadecimal ones need the exponent.
bool float_syntax(std::string_view text) {
  size_t i = 0;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  bool hex = i + 2 < text.size() && text[i] == '0' && (text[i + 1] | 0x20) == 'x';
  if (hex) i += 2;
  bool point = false;
  bool digits = false;
  for (; i < text.size(); ++i) {
    char c = text[i];
    if (c == '_') continue;
    if (c == '.') {
      if (point) break;
      point = true;
    } else if ((c >= '0' && c <= '9') || (hex && hex_digit(c) >= 0)) {
      digits = true;
    } else {
      break;
    }
  }
  if (!digits) return false;
  if (i == text.size()) return !hex;
  if ((text[i] | 0x20) != (hex ? 'p' : 'e')) return false;
  ++i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
  for (; i < text.size(); ++i) {
    if (text[i] != '_' && (text[i] < '0' || text[i] > '9')) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> unquote_go(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return {};
  char quote = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  if (quote == '`') {
    if (body.find('`') != std::string_view::npos) return {};
    std::string out(body);
    std::erase(out, '\r');  // a rule of Go's raw strings
    return out;
  }
  if (quote != '"' || body.find('\n') != std::string_view::npos) return {};
  std::string out;
  out.reserve(body.size());
  while (!body.empty()) {
    Unquoted one = unquote_one(body, quote);
    if (!one.ok) return {};
    if (one.is_byte) {
      out += static_cast<char>(one.rune);
    } else {
      append_rune(out, one.rune);
    }
  }
  return out;
}

Character unquote_character(std::string_view literal) {
  std::string_view body = literal.substr(1);
  Unquoted one = unquote_one(body, '\'');
  if (!one.ok) return {0, "invalid syntax"};
  if (body != "'") return {0, "malformed character constant: " + std::string(literal)};
  return {one.rune, ""};
}

Number<uint64_t> parse_uint(std::string_view text, int base, int bits) {
  constexpr Number<uint64_t> kBad{0, NumberError::kSyntax};
  if (text.empty()) return kBad;
  std::string_view whole = text;
  bool any_base = base == 0;
  if (any_base) {
    base = 10;
    if (text[0] == '0') {
      char prefix = text.size() >= 3 ? static_cast<char>(text[1] | 0x20) : '\0';
      base = prefix == 'b' ? 2 : prefix == 'o' ? 8 : prefix == 'x' ? 16 : 0;
      text.remove_prefix(base != 0 ? 2 : 1);
      if (base == 0) base = 8;
    }
  }
  uint64_t max = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
  uint64_t value = 0;
  bool underscores = false;
  bool overflow = false;
  for (char c : text) {
    if (c == '_' && any_base) {
      underscores = true;
      continue;
    }
    char lower = static_cast<char>(c | 0x20);
    int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
    if (digit >= base) return kBad;
    uint64_t next;
    if (overflow || __builtin_mul_overflow(value, static_cast<uint64_t>(base), &next) ||
        __builtin_add_overflow(next, static_cast<uint64_t>(digit), &next) || next > max) {
      overflow = true;  // Go stops here, before it looks at the rest
      return {max, NumberError::kRange};
    }
    value = next;
  }
  if (underscores && !underscores_ok(whole)) return kBad;
  return {value, NumberError::kNone};
}

Number<int64_t> parse_int(std::string_view text, int base, int bits) {
  bool negative = !text.empty() && text[0] == '-';
  std::string_view digits = text;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  Number<uint64_t> parsed = parse_uint(digits, base, 64);
  if (parsed.error == NumberError::kSyntax) return {0, NumberError::kSyntax};
  uint64_t cutoff = uint64_t{1} << (bits - 1);
  bool range = parsed.error == NumberError::kRange;
  if (!negative && (range || parsed.value >= cutoff)) return {static_cast<int64_t>(cutoff - 1), NumberError::kRange};
  if (negative && (range || parsed.value > cutoff)) return {static_cast<int64_t>(-cutoff), NumberError::kRange};
  return {static_cast<int64_t>(negative ? -parsed.value : parsed.value), NumberError::kNone};
}

Number<double> parse_float(std::string_view text) {
  if (auto special = special_float(text)) return {*special, NumberError::kNone};
  if (!float_syntax(text)) return {0, NumberError::kSyntax};
  std::string digits(text);
  if (digits.find('_') != std::string::npos) {
    if (!underscores_ok(text)) return {0, NumberError::kSyntax};
    std::erase(digits, '_');
  }
  const char* begin = digits.c_str() + (digits[0] == '+' ? 1 : 0);
  double value = 0;
  auto [end, error] = std::from_chars(begin, digits.c_str() + digits.size(), value);
  // from_chars has no prefix for hexadecimal and does not tell too large from too small; strtod does both.
  if (error != std::errc() || end != digits.c_str() + digits.size()) value = std::strtod(begin, nullptr);
  if (std::isinf(value)) return {value, NumberError::kRange};
  return {value, NumberError::kNone};
}

namespace {

void append_hex(std::string& out, uint32_t value, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

// One character of a quoted string that is valid UTF-8.
void quote_one(std::string& out, char32_t rune, char quote, bool ascii) {
  if (rune == static_cast<char32_t>(quote) || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
    return;
  }
  if (ascii ? rune < 0x7F && rune >= ' ' : is_print(rune)) return append_rune(out, rune);
  switch (rune) {
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\v': out += "\\v"; return;
    default: break;
  }
  if (rune < ' ' || rune == 0x7F) {
    out += "\\x";
    append_hex(out, rune, 2);
  } else if (rune < 0x10000) {
    out += "\\u";
    append_hex(out, rune, 4);
  } else {
    out += "\\U";
    append_hex(out, rune, 8);
  }
}

}  // namespace

void quote_go(std::string& out, std::string_view text, bool ascii) {
  out += '"';
  while (!text.empty()) {
    auto byte = static_cast<uint8_t>(text.front());
    if (byte >= ' ' && byte < 0x7F && byte != '"' && byte != '\\') {  // nearly all of them
      size_t run = 1;
      while (run < text.size() && text[run] >= ' ' && text[run] < 0x7F && text[run] != '"' && text[run] != '\\') ++run;
      out += text.substr(0, run);
      text.remove_prefix(run);
      continue;
    }
    Rune rune = decode_rune(text);
    if (rune.size == 1 && rune.value == kRuneError) {
      out += "\\x";
      append_hex(out, byte, 2);
    } else {
      quote_one(out, rune.value, '"', ascii);
    }
    text.remove_prefix(rune.size);
  }
  out += '"';
}

std::string quote_go(std::string_view text) {
  std::string out;
  quote_go(out, text);
  return out;
}

void quote_rune(std::string& out, char32_t rune, bool ascii) {
  if (rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) rune = kRuneError;
  out += '\'';
  quote_one(out, rune, '\'', ascii);
  out += '\'';
}

bool can_backquote(std::string_view text) {
  while (!text.empty()) {
    Rune rune = decode_rune(text);
    text.remove_prefix(rune.size);
    if (rune.size > 1) {
      if (rune.value == 0xFEFF) return false;
      continue;
    }
    if (rune.value == kRuneError) return false;
    if ((rune.value < ' ' && rune.value != '\t') || rune.value == '`' || rune.value == 0x7F) return false;
  }
  return true;
}

}  // namespace autonomous::render
