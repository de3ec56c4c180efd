// Go's literals: strings (strconv.Unquote, Quote), characters, integers and floats (strconv.ParseInt, ParseFloat).
// Stateless; nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace autonomous::render {

// strconv.Unquote of a "…" or `…` literal; none: Go's "invalid syntax".
std::optional<std::string> unquote_go(std::string_view literal);
// A character constant 'x'; the error is Go's text.
struct Character {
  char32_t rune = 0;
  std::string error;
};
Character unquote_character(std::string_view literal);

enum class NumberError : uint8_t { kNone, kSyntax, kRange };
template <typename T>
struct Number {
  T value{};  // with kRange: the nearest value, as Go returns it
  NumberError error = NumberError::kNone;
  explicit operator bool() const { return error == NumberError::kNone; }
};
// strconv.ParseUint / ParseInt; base 0 takes prefixes and underscores.
Number<uint64_t> parse_uint(std::string_view text, int base, int bits = 64);
Number<int64_t> parse_int(std::string_view text, int base, int bits = 64);
// strconv.ParseFloat(text, 64).
Number<double> parse_float(std::string_view text);

// strconv.QuoteRune and QuoteRuneToASCII.
void quote_rune(std::string& out, char32_t rune, bool ascii);
bool can_backquote(std::string_view text);

}  // namespace autonomous::render
