#include <cstdint>

#include <algorithm>

#include "gitops/yaml/json_step.h"

namespace autonomous::yaml {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What libyaml's reader lets in, above ASCII.
bool is_allowed(uint32_t rune) {
  return rune == 0x85 || (rune >= 0xA0 && rune <= 0xD7FF) || (rune >= 0xE000 && rune <= 0xFFFD) ||
         (rune >= 0x10000 && rune <= 0x10FFFF);
}

// Flow scalars fold raw line breaks: blanks around them go, one break is a space, n breaks are n - 1 line ends.
std::string fold_next_lines(std::string_view text) {
  constexpr std::string_view kNextLine = "\xC2\x85";
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t next = text.find(kNextLine, at);
    if (next == std::string_view::npos) {
      out += text.substr(at);
      break;
    }
    out += text.substr(at, next - at);
    while (!out.empty() && out.back() == ' ') out.pop_back();
    size_t breaks = 0;
    for (at = next; at < text.size();) {
      if (text.substr(at, 2) == kNextLine) {
        ++breaks;
        at += 2;
      } else if (text[at] == ' ') {
        ++at;
      } else {
        break;
      }
    }
    out += breaks == 1 ? std::string(" ") : std::string(breaks - 1, '\n');
  }
  return out;
}

}  // namespace

size_t decode_rune(std::string_view text, size_t at, uint32_t& rune) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(at);
  if (first < 0x80) {
    rune = first;
    return 1;
  }
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + size > text.size()) return 0;
  rune = first & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
    rune = rune << 6 | (byte(at + i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = rune >= 0xD800 && rune <= 0xDFFF;
  return rune < kSmallest[size] || rune > 0x10FFFF || surrogate ? 0 : size;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    uint32_t rune = 0;
    size_t size = decode_rune(text, at, rune);
    out += size == 0 ? kReplacement : text.substr(at, size);
    at += std::max<size_t>(size, 1);
  }
  return out;
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7F) || (c >= 9 && c <= 13 && c != 11 && c != 12); });
}

std::optional<std::string> through_json(std::string_view text) {
  std::string out = to_valid_utf8(text);
  bool next_line = false;
  for (size_t at = 0; at < out.size();) {
    uint32_t rune = 0;
    size_t size = decode_rune(out, at, rune);
    if (rune == 0x7F || (rune > 0x7F && !is_allowed(rune))) return std::nullopt;
    next_line = next_line || rune == 0x85;
    at += size;
  }
  return next_line ? fold_next_lines(out) : out;
}

size_t json_length(std::string_view text) {
  size_t length = 2;
  for (size_t at = 0; at < text.size();) {
    uint32_t rune = 0;
    size_t size = decode_rune(text, at, rune);
    bool short_escape = rune == '"' || rune == '\\' || (rune >= 8 && rune <= 13 && rune != 11);
    bool long_escape =
        size == 0 || rune < 0x20 || rune == '<' || rune == '>' || rune == '&' || rune == 0x2028 || rune == 0x2029;
    length += short_escape ? 2 : long_escape ? 6 : 1;
    at += std::max<size_t>(size, 1);
  }
  return length;
}

}  // namespace autonomous::yaml
