// TomlScanner: the characters of a TOML document one by one, the texts of its scalars, and where an error is. It words
// its errors as BurntSushi's lexer does, which helm shows; so it also takes back characters and counts lines as that
// does. Private to render/funcs: toml_read.cc is its only user. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace autonomous::render {

// Thrown where the document is wrong, and caught by read_toml.
struct TomlProblem {
  std::string message;
  int line = 0;
};

enum class TomlKind : uint8_t {
  kText,
  kString,
  kEscaped,
  kMultiline,
  kRaw,
  kRawMultiline,
  kBool,
  kInteger,
  kFloat,
  kTime
};
struct TomlToken {
  TomlKind kind = TomlKind::kText;
  std::string_view text;  // as written, without quotes
  int line = 1;           // where it ends
};

class TomlScanner {
 public:
  static constexpr char32_t kEof = 0;  // a NUL in the text is an error before it is that

  explicit TomlScanner(std::string_view text) : text_(text) {}

  char32_t next();
  void backup();
  char32_t peek();
  bool accept(char32_t wanted);
  void ignore() { start_ = at_; }
  void skip_blanks();

  // Scalars. bare_key may be empty; the others begin behind what tells them: a quote, a sign, a first digit ahead.
  TomlToken bare_key();
  TomlToken quoted_key();
  TomlToken string();
  TomlToken raw_string();
  TomlToken multiline_string();
  TomlToken multiline_raw_string();
  TomlToken number_or_time();
  TomlToken signed_number();
  TomlToken word(TomlKind kind) { return take(kind); }  // what was read since ignore()
  TomlToken truth();
  void comment();

  int line() const { return line_; }
  [[noreturn]] void fail(std::string message) const;         // here; at the end of the text, in its last line
  [[noreturn]] void fail_before(std::string message) const;  // in the line before

 private:
  std::string_view current() const { return text_.substr(start_, at_ - start_); }
  TomlToken take(TomlKind kind);
  TomlToken take_before_quotes(TomlKind kind, int quotes);
  void escape(bool multiline);
  void hexadecimal(int digits, std::string_view count, char name);
  TomlToken digits(bool (*is_digit)(char32_t));
  TomlToken whole_or_time();
  TomlToken decimal();
  TomlToken time();
  TomlToken floating();
  [[noreturn]] void fail_at(std::string message, int line) const { throw TomlProblem{std::move(message), line}; }

  std::string_view text_;
  size_t start_ = 0;
  size_t at_ = 0;
  int line_ = 1;
  bool at_end_ = false;
  bool escaped_ = false;             // the string in hand has an escape
  std::array<uint8_t, 4> widths_{};  // of the characters read last, the newest first
};

}  // namespace autonomous::render
