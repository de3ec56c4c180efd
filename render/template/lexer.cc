#include "render/template/lexer.h"

#include <array>

#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr char32_t kEnd = static_cast<char32_t>(-1);

// Letters, digits and '_' of ASCII: nearly all that names are made of.
constexpr std::array<bool, 256> kWordBytes = [] {
  std::array<bool, 256> is{};
  for (int c = 0; c < 128; ++c) {
    is[static_cast<size_t>(c)] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  return is;
}();

bool space(char32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool alphanumeric(char32_t c) { return c < 0x80 ? kWordBytes[c] : c != kEnd && (is_letter(c) || is_digit(c)); }

bool left_trim_marker(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && space(static_cast<uint8_t>(text[1]));
}
uint32_t leading_space(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && space(static_cast<uint8_t>(text[n]))) ++n;
  return static_cast<uint32_t>(n);
}
uint32_t trailing_space(std::string_view text) {
  size_t n = text.size();
  while (n > 0 && space(static_cast<uint8_t>(text[n - 1]))) --n;
  return static_cast<uint32_t>(text.size() - n);
}

// A word of eight bytes or less as a number, which a switch can tell from others at once.
constexpr size_t kMostPacked = 8;
constexpr uint64_t packed(std::string_view word) {
  uint64_t number = 0;
  for (char c : word) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

TokenKind kind_of_word(std::string_view word) {
  if (word.size() > kMostPacked) return TokenKind::kIdentifier;
  switch (packed(word)) {
    case packed("block"): return TokenKind::kBlock;
    case packed("break"): return TokenKind::kBreak;
    case packed("continue"): return TokenKind::kContinue;
    case packed("define"): return TokenKind::kDefine;
    case packed("else"): return TokenKind::kElse;
    case packed("end"): return TokenKind::kEnd;
    case packed("if"): return TokenKind::kIf;
    case packed("nil"): return TokenKind::kNil;
    case packed("range"): return TokenKind::kRange;
    case packed("template"): return TokenKind::kTemplate;
    case packed("with"): return TokenKind::kWith;
    case packed("true"):
    case packed("false"): return TokenKind::kBool;
    default: return TokenKind::kIdentifier;
  }
}

// fmt's %#U: U+0040 '@'.
std::string code_point(char32_t rune) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string hex;
  for (char32_t rest = rune; rest != 0 || hex.size() < 4; rest >>= 4) hex.insert(hex.begin(), kDigits[rest & 15]);
  std::string out = "U+" + hex;
  if (is_print(rune)) {
    out += " '";
    append_rune(out, rune);
    out += '\'';
  }
  return out;
}

}  // namespace

std::string show(const Token& token) {
  if (token.kind == TokenKind::kEof) return "EOF";
  if (token.kind == TokenKind::kError) return std::string(token.text);
  if (token.kind >= TokenKind::kBlock) return "<" + std::string(token.text) + ">";
  if (token.text.size() <= 10) return quote_go(token.text);
  // %.10q: ten characters, not bytes.
  size_t bytes = 0;
  for (int i = 0; i < 10 && bytes < token.text.size(); ++i) bytes += decode_rune(token.text.substr(bytes)).size;
  return quote_go(token.text.substr(0, bytes)) + "...";
}

Token Lexer::make(TokenKind kind) {
  Token token{kind, start_, {text_.data() + start_, at_ - start_}};
  start_ = at_;
  return token;
}

Token Lexer::error(std::string message) {
  message_ = std::move(message);
  stopped_ = true;
  return {TokenKind::kError, start_, message_};
}

char32_t Lexer::peek() const {
  if (at_ >= text_.size()) return kEnd;
  auto byte = static_cast<uint8_t>(text_[at_]);
  return byte < 0x80 ? byte : decode_rune(text_.substr(at_)).value;
}

char32_t Lexer::advance() {
  if (at_ >= text_.size()) return kEnd;
  auto byte = static_cast<uint8_t>(text_[at_]);
  if (byte < 0x80) {
    ++at_;
    return byte;
  }
  Rune rune = decode_rune(text_.substr(at_));
  at_ += rune.size;
  return rune.value;
}

bool Lexer::accept(std::string_view set) {
  if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
  ++at_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

bool Lexer::at_right_delimiter(bool& trimmed) const {
  auto at = [this](size_t i) { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; };
  trimmed = at(1) == '-' && at(2) == '}' && at(3) == '}' && space(static_cast<uint8_t>(at(0)));
  return trimmed || (at(0) == '}' && at(1) == '}');
}

// What may follow an identifier: so that "$x+2" is an error and ".X.Y" are two fields.
bool Lexer::at_terminator() const {
  char32_t c = peek();
  if (c == kEnd || space(c)) return true;
  switch (c) {
    case '.':
    case ',':
    case '|':
    case ':':
    case ')':
    case '(': return true;
    default: return starts_with(kRight);
  }
}

Token Lexer::next() {
  if (stopped_) return {TokenKind::kEof, start_, "EOF"};
  return inside_ ? lex_action() : lex_text();
}

Token Lexer::lex_text() {
  for (;;) {
    // find() looks for the first brace alone, which texts seldom have.
    size_t found = text_.find(kLeft, at_);
    if (found == std::string_view::npos) {
      at_ = static_cast<uint32_t>(text_.size());
      return at_ > start_ ? make(TokenKind::kText) : Token{TokenKind::kEof, start_, "EOF"};
    }
    auto delimiter = static_cast<uint32_t>(found);
    if (delimiter > at_) {
      at_ = delimiter;
      uint32_t trim = 0;
      if (left_trim_marker(text_.substr(delimiter + 2))) trim = trailing_space(text_.substr(start_, at_ - start_));
      at_ -= trim;
      Token token = make(TokenKind::kText);
      at_ += trim;
      ignore();
      if (!token.text.empty()) return token;
    }
    uint32_t marker = left_trim_marker(text_.substr(at_ + 2)) ? 2 : 0;
    if (!text_.substr(at_ + 2 + marker).starts_with("/*")) return lex_left_delimiter();
    at_ += 2 + marker;
    ignore();
    Token failed;
    if (!skip_comment(failed)) return failed;
  }
}

bool Lexer::skip_comment(Token& failed) {
  at_ += 2;
  size_t end = text_.find("*/", at_);
  if (end == std::string_view::npos) {
    failed = error("unclosed comment");
    return false;
  }
  at_ = static_cast<uint32_t>(end) + 2;
  bool trimmed = false;
  if (!at_right_delimiter(trimmed)) {
    failed = error("comment ends before closing delimiter");
    return false;
  }
  at_ += trimmed ? 4 : 2;
  if (trimmed) at_ += leading_space(text_.substr(at_));
  ignore();
  return true;
}

Token Lexer::lex_left_delimiter() {
  at_ += 2;
  bool marker = left_trim_marker(text_.substr(at_));
  Token token = make(TokenKind::kLeftDelim);
  inside_ = true;
  if (marker) at_ += 2;
  ignore();
  parentheses_ = 0;
  return token;
}

Token Lexer::lex_right_delimiter() {
  bool trimmed = false;
  at_right_delimiter(trimmed);
  if (trimmed) {
    at_ += 2;
    ignore();
  }
  at_ += 2;
  Token token = make(TokenKind::kRightDelim);
  if (trimmed) {
    at_ += leading_space(text_.substr(at_));
    ignore();
  }
  inside_ = false;
  return token;
}

Token Lexer::lex_action() {
  char32_t c = peek();
  if (c == kEnd) return error("unclosed action");
  bool trimmed = false;
  if ((c == '}' || space(c)) && at_right_delimiter(trimmed)) {
    return parentheses_ == 0 ? lex_right_delimiter() : error("unclosed left paren");
  }
  if (space(c)) return lex_space();
  if (alphanumeric(c) && !(c >= '0' && c <= '9')) return lex_word();
  advance();
  switch (c) {
    case '=': return make(TokenKind::kAssign);
    case ':': return advance() == '=' ? make(TokenKind::kDeclare) : error("expected :=");
    case '|': return make(TokenKind::kPipe);
    case '"': return lex_quoted('"');
    case '`': return lex_raw();
    case '$': return at_terminator() ? make(TokenKind::kVariable) : lex_field(TokenKind::kVariable);
    case '\'': return lex_quoted('\'');
    case '(': ++parentheses_; return make(TokenKind::kLeftParen);
    case ')':
      if (--parentheses_ < 0) return error("unexpected right paren");
      return make(TokenKind::kRightParen);
    case '.':
      if (at_ < text_.size() && (text_[at_] < '0' || text_[at_] > '9')) return lex_field(TokenKind::kField);
      break;
    default: break;
  }
  if (c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9')) {
    at_ = start_;
    return lex_number();
  }
  if (c < 0x80 && is_print(c)) return make(TokenKind::kChar);
  return error("unrecognized character in action: " + code_point(c));
}

void Lexer::skip_word() {
  do {
    while (at_ < text_.size() && kWordBytes[static_cast<uint8_t>(text_[at_])]) ++at_;
    if (at_ == text_.size() || static_cast<uint8_t>(text_[at_]) < 0x80) return;
  } while (alphanumeric(peek()) && advance() != kEnd);
}

Token Lexer::lex_space() {
  at_ += leading_space(text_.substr(at_));
  // The last space may be the one of " -}}".
  --at_;
  bool trimmed = false;
  if (!at_right_delimiter(trimmed)) ++at_;
  return trimmed && at_ == start_ ? lex_right_delimiter() : make(TokenKind::kSpace);
}

Token Lexer::lex_word() {
  skip_word();
  if (!at_terminator()) {
    char32_t bad = peek();
    return error("bad character " + code_point(bad));
  }
  return make(kind_of_word({text_.data() + start_, at_ - start_}));
}

// After the first character of .field or $variable.
Token Lexer::lex_field(TokenKind kind) {
  if (at_terminator()) return make(kind == TokenKind::kVariable ? kind : TokenKind::kDot);
  skip_word();
  if (!at_terminator()) {
    char32_t bad = peek();
    return error("bad character " + code_point(bad));
  }
  return make(kind);
}

Token Lexer::lex_quoted(char quote) {
  for (;;) {
    char32_t c = advance();
    if (c == '\\') {
      c = advance();
      if (c != kEnd && c != '\n') continue;
    }
    if (c == kEnd || c == '\n') {
      return error(quote == '"' ? "unterminated quoted string" : "unterminated character constant");
    }
    if (c == static_cast<char32_t>(quote)) break;
  }
  return make(quote == '"' ? TokenKind::kString : TokenKind::kCharConstant);
}

Token Lexer::lex_raw() {
  size_t end = text_.find('`', at_);
  if (end == std::string_view::npos) return error("unterminated raw quoted string");
  at_ = static_cast<uint32_t>(end) + 1;
  return make(TokenKind::kRawString);
}

// Not an exact scanner: whatever it lets pass wrongly, the parser refuses.
Token Lexer::lex_number() {
  auto bad = [this] { return error("bad number syntax: " + quote_go(text_.substr(start_, at_ - start_))); };
  if (!scan_number()) return bad();
  char32_t sign = peek();
  if (sign != '+' && sign != '-') return make(TokenKind::kNumber);
  if (!scan_number() || text_[at_ - 1] != 'i') return bad();
  return make(TokenKind::kComplex);
}

bool Lexer::scan_number() {
  accept("+-");
  std::string_view digits = "0123456789_";
  bool decimal = true;
  bool hexadecimal = false;
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
      decimal = false;
      hexadecimal = true;
    } else if (accept("oO")) {
      digits = "01234567_";
      decimal = false;
    } else if (accept("bB")) {
      digits = "01_";
      decimal = false;
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if ((decimal && accept("eE")) || (hexadecimal && accept("pP"))) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  if (!alphanumeric(peek())) return true;
  advance();
  return false;
}

}  // namespace autonomous::render
