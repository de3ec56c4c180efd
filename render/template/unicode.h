// Go's view of Unicode 15 and UTF-8: what is a letter, what prints, how broken bytes decode. Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace autonomous::render {

inline constexpr char32_t kRuneError = 0xFFFD;
inline constexpr char32_t kMaxRune = 0x10FFFF;

struct Rune {
  char32_t value;
  uint32_t size;  // bytes; 0 at the end of the text; 1 with kRuneError for a byte that is not UTF-8
};
// utf8.DecodeRune.
Rune decode_rune(std::string_view text);
// utf8.DecodeLastRune.
Rune decode_last_rune(std::string_view text);
// utf8.AppendRune: surrogates and what is too large become U+FFFD.
void append_rune(std::string& out, char32_t rune);
size_t rune_count(std::string_view text);
bool valid_utf8(std::string_view text);

bool is_letter(char32_t rune);  // unicode.IsLetter
bool is_digit(char32_t rune);   // unicode.IsDigit
bool is_space(char32_t rune);   // unicode.IsSpace
bool is_upper(char32_t rune);
bool is_lower(char32_t rune);
bool is_title(char32_t rune);
bool is_number(char32_t rune);  // unicode.IsNumber
bool is_punct(char32_t rune);   // unicode.IsPunct
bool is_print(char32_t rune);   // strconv.IsPrint
char32_t to_upper_rune(char32_t rune);
char32_t to_lower_rune(char32_t rune);
char32_t to_title_rune(char32_t rune);

}  // namespace autonomous::render
