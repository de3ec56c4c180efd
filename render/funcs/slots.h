// Which of a Context's slots belongs to which family: what a family keeps across the calls of one render.
#pragma once

#include <cstddef>

namespace autonomous::render {

inline constexpr size_t kRegexSlot = 0;   // compiled expressions
inline constexpr size_t kRandomSlot = 1;  // the generator of rand*, shuffle and uuidv4
inline constexpr size_t kZoneSlot = 2;    // time zones that were loaded

}  // namespace autonomous::render
