#include "render/funcs/toml_scan.h"

#include <utility>

#include "gitops/base/text.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

bool is_blank(char32_t c) { return c == ' ' || c == '\t'; }
bool is_line_end(char32_t c) { return c == '\n' || c == '\r'; }
bool is_decimal(char32_t c) { return c >= '0' && c <= '9'; }
bool is_binary(char32_t c) { return c == '0' || c == '1'; }
bool is_octal(char32_t c) { return c >= '0' && c <= '7'; }
bool is_hexadecimal(char32_t c) { return is_decimal(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
bool is_bare(char32_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_decimal(c) || c == '_' || c == '-';
}

std::string hex2(char32_t c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'0', 'x', kDigits[c >> 4 & 15], kDigits[c & 15]};
}

std::string as_text(char32_t c) {
  std::string out;
  append_rune(out, c);
  return out;
}

std::string quoted(char32_t c) {
  std::string out;
  quote_rune(out, c, false);
  return out;
}

}  // namespace

char32_t TomlScanner::next() {
  if (at_ >= text_.size()) {
    at_end_ = true;
    return kEof;
  }
  if (text_[at_] == '\n') ++line_;
  Rune rune = decode_rune(text_.substr(at_));
  if (rune.value == kRuneError && rune.size == 1)
    fail_at("invalid UTF-8 byte: " + hex2(static_cast<uint8_t>(text_[at_])), line_);
  bool lonely = rune.value == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n');
  bool control = (rune.value < 0x20 && !is_blank(rune.value) && !is_line_end(rune.value)) || rune.value == 0x7F;
  if (lonely || control) fail_at("TOML files cannot contain control characters: '" + hex2(rune.value) + "'", line_);
  widths_ = {static_cast<uint8_t>(rune.size), widths_[0], widths_[1], widths_[2]};
  at_ += rune.size;
  return rune.value;
}

void TomlScanner::backup() {
  if (std::exchange(at_end_, false)) return;
  at_ -= widths_[0];
  widths_ = {widths_[1], widths_[2], widths_[3], 0};
  if (at_ < text_.size() && text_[at_] == '\n') --line_;
}

char32_t TomlScanner::peek() {
  char32_t c = next();
  backup();
  return c;
}

bool TomlScanner::accept(char32_t wanted) {
  if (next() == wanted) return true;
  backup();
  return false;
}

void TomlScanner::skip_blanks() {
  while (is_blank(next())) {
  }
  backup();
  ignore();
}

void TomlScanner::fail(std::string message) const {
  fail_at(std::move(message), at_end_ && at_ >= 1 && text_[at_ - 1] == '\n' ? line_ - 1 : line_);
}

void TomlScanner::fail_before(std::string message) const { fail_at(std::move(message), line_ - 1); }

TomlToken TomlScanner::take(TomlKind kind) {
  TomlToken token{kind, current(), line_};
  ignore();
  return token;
}

TomlToken TomlScanner::bare_key() {
  while (is_bare(next())) {
  }
  backup();
  return take(TomlKind::kText);
}

TomlToken TomlScanner::quoted_key() {
  bool raw = next() == '\'';
  ignore();
  return raw ? raw_string() : string();
}

TomlToken TomlScanner::string() {
  for (;;) {
    char32_t c = next();
    if (c == kEof) fail("unexpected EOF; expected '\"'");
    if (is_line_end(c)) fail_before("strings cannot contain newlines");
    if (c == '\\') escape(false);
    if (c == '"') return take_before_quotes(std::exchange(escaped_, false) ? TomlKind::kEscaped : TomlKind::kString, 1);
  }
}

TomlToken TomlScanner::raw_string() {
  for (;;) {
    char32_t c = next();
    if (c == kEof) fail("unexpected EOF; expected \"'\"");
    if (is_line_end(c)) fail_before("strings cannot contain newlines");
    if (c == '\'') return take_before_quotes(TomlKind::kRaw, 1);
  }
}

// The quotes were read already and don't belong to it.
TomlToken TomlScanner::take_before_quotes(TomlKind kind, int quotes) {
  for (int i = 0; i < quotes; ++i) backup();
  TomlToken token = take(kind);
  for (int i = 0; i < quotes; ++i) next();
  ignore();
  return token;
}

TomlToken TomlScanner::multiline_string() {
  for (;;) {
    char32_t c = next();
    if (c == kEof) fail("unexpected EOF; expected '\"\"\"'");
    if (c == '\\') {
      escape(true);
    } else if (c == '"' && accept('"')) {
      if (!accept('"')) {
        backup();
      } else if (peek() != '"') {  // one or two may stand before the closing three
        escaped_ = false;
        return take_before_quotes(TomlKind::kMultiline, 3);
      } else if (ends_with(current(), "\"\"\"\"\"") && !ends_with(current(), "\\\"\"\"\"\"")) {
        fail("unexpected '\"\"\"\"\"\"'");
      } else {
        backup();
        backup();
      }
    }
  }
}

TomlToken TomlScanner::multiline_raw_string() {
  for (;;) {
    char32_t c = next();
    if (c == kEof) fail("unexpected EOF; expected \"'''\"");
    if (c != '\'' || !accept('\'')) continue;
    if (!accept('\'')) {
      backup();
    } else if (peek() != '\'') {
      return take_before_quotes(TomlKind::kRawMultiline, 3);
    } else if (ends_with(current(), "'''''")) {
      fail("unexpected \"''''''\"");
    } else {
      backup();
      backup();
    }
  }
}

// Behind a backslash. What it means is the reader's business.
void TomlScanner::escape(bool multiline) {
  if (multiline) {
    if (is_line_end(next())) return;
    backup();
  }
  escaped_ = true;
  char32_t c = next();
  switch (c) {
    case 'e':
    case 'b':
    case 't':
    case 'n':
    case 'f':
    case 'r':
    case '"':
    case ' ':
    case '\t':
    case '\\': return;
    case 'x': return hexadecimal(2, "two", 'x');
    case 'u': return hexadecimal(4, "four", 'u');
    case 'U': return hexadecimal(8, "eight", 'U');
    default: fail_at("invalid escape in string '\\" + as_text(c) + "'", at_end_ ? line_ - 1 : line_);
  }
}

void TomlScanner::hexadecimal(int digits, std::string_view count, char name) {
  for (int i = 0; i < digits; ++i) {
    if (is_hexadecimal(next())) continue;
    fail("expected " + std::string(count) + " hexadecimal digits after '\\" + name + "', but got " +
         quote_go(current()) + " instead");
  }
}

// The first character is a digit.
TomlToken TomlScanner::number_or_time() {
  if (next() != '0') return whole_or_time();
  char32_t c = next();
  if (is_decimal(c)) return whole_or_time();
  auto based = [&](bool (*is_digit)(char32_t), std::string_view what) {
    char32_t first = peek();
    if (!is_digit(first))
      fail("not " + std::string(what) + " number: '" + std::string(current()) + as_text(first) + "'");
    return digits(is_digit);
  };
  switch (c) {
    case '_': return decimal();
    case '.':
    case 'e':
    case 'E': return floating();
    case 'b': return based(is_binary, "a binary");
    case 'o': return based(is_octal, "an octal");
    case 'x': return based(is_hexadecimal, "a hexadecimal");
    default: backup(); return take(TomlKind::kInteger);
  }
}

TomlToken TomlScanner::digits(bool (*is_digit)(char32_t)) {
  for (char32_t c = next(); is_digit(c) || c == '_'; c = next()) {
  }
  backup();
  return take(TomlKind::kInteger);
}

TomlToken TomlScanner::whole_or_time() {
  for (;;) {
    char32_t c = next();
    if (is_decimal(c)) continue;
    if (c == '-' || c == ':') return time();
    if (c == '_') return decimal();
    if (c == '.' || c == 'e' || c == 'E') return floating();
    backup();
    return take(TomlKind::kInteger);
  }
}

TomlToken TomlScanner::decimal() {
  for (;;) {
    char32_t c = next();
    if (is_decimal(c) || c == '_') continue;
    if (c == '.' || c == 'e' || c == 'E') return floating();
    backup();
    return take(TomlKind::kInteger);
  }
}

TomlToken TomlScanner::time() {
  auto belongs = [](char32_t c) {
    return is_decimal(c) || (c != kEof && c < 0x80 &&
                             std::string_view("-:Tt .Zz+").find(static_cast<char>(c)) != std::string_view::npos);
  };
  while (belongs(next())) {
  }
  backup();
  TomlToken token = take(TomlKind::kTime);
  token.text = trim(token.text);
  return token;
}

TomlToken TomlScanner::floating() {
  auto belongs = [](char32_t c) {
    return is_decimal(c) || c == '_' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
  };
  while (belongs(next())) {
  }
  backup();
  return take(TomlKind::kFloat);
}

TomlToken TomlScanner::signed_number() {
  char32_t c = next();
  auto special = [&](char32_t second, char32_t third) {
    if (!accept(second) || !accept(third)) fail("invalid float: '" + std::string(current()) + "'");
    return take(TomlKind::kFloat);
  };
  if (c == 'i') return special('n', 'f');
  if (c == 'n') return special('a', 'n');
  if (c == '.') fail("floats must start with a digit, not '.'");
  if (c == '0') {
    char32_t base = peek();
    if (base == 'b' || base == 'o' || base == 'x')
      fail("cannot use sign with non-decimal numbers: '" + std::string(current()) + as_text(base) + "'");
  }
  if (is_decimal(c)) return decimal();
  fail("expected a digit but got " + quoted(c));
}

TomlToken TomlScanner::truth() {
  size_t from = at_;
  while (is_letter(next())) {
  }
  backup();
  std::string_view said = text_.substr(from, at_ - from);
  if (said == "true" || said == "false") return take(TomlKind::kBool);
  fail("expected value but found " + quote_go(said) + " instead");
}

// To its line's end, which stays.
void TomlScanner::comment() {
  ignore();
  for (char32_t c = next(); !is_line_end(c) && c != kEof; c = next()) {
  }
  backup();
  ignore();
}

}  // namespace autonomous::render
