// Small helpers for text that several modules need. Bytes, not characters, unless a name says otherwise.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace autonomous {

// The parts are views into `text`, so it must outlive them: what a call has just returned does not.
std::vector<std::string_view> split(std::string_view text, char separator);
template <std::same_as<std::string> Text>
void split(Text&& text, char separator) = delete;
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII white space at both ends
bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);
std::string to_lower(std::string_view text);  // ASCII
bool is_hex(std::string_view text);           // lower case, not empty
bool is_utf8(std::string_view text);
// The nearest of `known` by edit distance, or "" when none is near enough to be meant.
std::string nearest(std::string_view name, const std::vector<std::string>& known);
// Text from outside on one line of a terminal: control characters and line ends become spaces, cut at `max` bytes
// at a character's boundary with "…".
std::string one_line(std::string_view text, size_t max = 200);

// At most about `max` bytes: the middle of a longer text is left out, because its ends say the most.
std::string shorten(std::string_view text, size_t max);

}  // namespace autonomous
