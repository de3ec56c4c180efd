// Text from outside, judged character by character. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace autonomous::model {

// The character at the front of `text`, taken off; 0xFFFFFFFF for bytes that are no UTF-8 (one byte is taken off).
uint32_t take_character(std::string_view& text);
// Control characters (C0, C1, DEL), line and paragraph separators, and those that turn the direction of writing.
bool is_control(uint32_t character);
// One line that means what it shows: valid UTF-8, no control characters, no blank at either end, not empty.
bool is_plain_line(std::string_view text);

}  // namespace autonomous::model
