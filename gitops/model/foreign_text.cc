#include "gitops/model/foreign_text.h"

#include <string>
#include <vector>

#include "gitops/base/text.h"
#include "gitops/model/trailers.h"

namespace autonomous::model {

namespace {

constexpr uint32_t kNoCharacter = 0xFFFFFFFF;
constexpr size_t kMaxLine = 400;

}  // namespace

uint32_t take_character(std::string_view& text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = byte(0) < 0x80                      ? 1
                  : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                  : byte(0) >= 0xE0                   ? 3
                  : byte(0) >= 0xC2                   ? 2
                                                      : 0;
  if (byte(0) >= 0xF5 || length == 0 || length > text.size() || !is_utf8(text.substr(0, length))) {
    text.remove_prefix(1);
    return kNoCharacter;
  }
  uint32_t character = length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) character = character << 6 | (byte(i) & 0x3Fu);
  text.remove_prefix(length);
  return character;
}

bool is_control(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool is_plain_line(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  while (!text.empty()) {
    uint32_t c = take_character(text);
    if (c == kNoCharacter || is_control(c)) return false;
  }
  return true;
}

std::string clean_value(std::string_view text, size_t max) {
  constexpr std::string_view kDots = "…";
  std::string out;
  size_t fits = 0;  // so much of `out` leaves room for the dots
  bool blank = false;
  while (!text.empty()) {
    std::string_view before = text;
    uint32_t c = take_character(text);
    if (c == kNoCharacter || is_control(c) || c == ' ') {
      blank = !out.empty();
      continue;
    }
    std::string_view piece = before.substr(0, before.size() - text.size());
    if (out.size() + piece.size() + (blank ? 1 : 0) > max) {
      out.resize(fits);
      return max < kDots.size() ? out : out.append(kDots);
    }
    if (blank) out += ' ';
    blank = false;
    out += piece;
    if (out.size() + kDots.size() <= max) fits = out.size();
  }
  return out;
}

std::string indent_foreign(std::string_view text, size_t max_lines) {
  std::vector<std::string> lines;
  bool more = false;
  for (std::string_view line : split(text, '\n')) {
    std::string clean = clean_value(line, kMaxLine);
    if (clean.empty() && lines.empty()) continue;
    if (lines.size() == max_lines) {
      more = true;
      break;
    }
    lines.push_back(std::move(clean));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string out;
  for (const std::string& line : lines) out += line.empty() ? "\n" : "    " + line + "\n";
  if (more) out += "    …\n";
  return out;
}

}  // namespace autonomous::model
