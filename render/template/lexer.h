// Lexer: a template's text as a row of tokens. It allocates only for error texts; tokens are views into the text.
//
// Outside of actions there is Text; trim markers are applied here, so that the parser never sees them. Comments are
// dropped. An error is a token whose text is Go's message; after it the lexer says Eof. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace autonomous::render {

enum class TokenKind : uint8_t {
  kError,
  kBool,
  kChar,
  kCharConstant,
  kComplex,
  kAssign,
  kDeclare,
  kEof,
  kField,
  kIdentifier,
  kLeftDelim,
  kLeftParen,
  kNumber,
  kPipe,
  kRawString,
  kRightDelim,
  kRightParen,
  kSpace,
  kString,
  kText,
  kVariable,
  // Keywords come last: `.` and nil count as such.
  kBlock,
  kBreak,
  kContinue,
  kDot,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kNil,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  uint32_t position = 0;
  std::string_view text;
};
// As error texts show it: "EOF", <if>, "foo", "a long one"...
std::string show(const Token& token);

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();
  std::string_view text() const { return text_; }

 private:
  Token make(TokenKind kind);
  Token error(std::string message);
  void ignore() { start_ = at_; }
  char32_t peek() const;
  char32_t advance();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool at_right_delimiter(bool& trimmed) const;
  bool at_terminator() const;
  void skip_word();

  Token lex_text();
  Token lex_left_delimiter();
  bool skip_comment(Token& failed);
  Token lex_right_delimiter();
  Token lex_action();
  Token lex_space();
  Token lex_word();
  Token lex_field(TokenKind kind);
  Token lex_quoted(char quote);
  Token lex_raw();
  Token lex_number();
  bool scan_number();

  std::string_view text_;
  uint32_t at_ = 0;
  uint32_t start_ = 0;
  int parentheses_ = 0;
  bool inside_ = false;
  bool stopped_ = false;
  std::string message_;
};

}  // namespace autonomous::render
