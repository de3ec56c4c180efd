#include "daemon/cli/style.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain: return "";
    case Tone::kDim: return "\x1b[2m";
    case Tone::kBold: return "\x1b[1m";
    case Tone::kGood: return "\x1b[32m";
    case Tone::kWarning: return "\x1b[33m";
    case Tone::kBad: return "\x1b[31m";
    case Tone::kBusy: return "\x1b[36m";
  }
  return "";
}

// One character's length in bytes, and its code point.
size_t decode(std::string_view text, uint32_t& point) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  length = std::min(length, text.size());
  point = length == 1 ? byte(0) : byte(0) & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3fU);
  return length;
}

size_t width_of(uint32_t point) {
  bool wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
              (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
              (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
              (point >= 0x1f300 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd);
  bool nothing = (point >= 0x300 && point <= 0x36f) || point == 0x200b || point == 0xfe0f;
  return nothing ? 0 : wide ? 2 : 1;
}

std::string cut_to(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    uint32_t point = 0;
    size_t length = decode(text.substr(at), point);
    if (used + width_of(point) + 1 > width) break;
    used += width_of(point);
    at += length;
  }
  return std::string(text.substr(0, at)) + "…";
}

}  // namespace

std::string Style::paint(std::string_view text, Tone tone) const {
  if (!colour || tone == Tone::kPlain || text.empty()) return std::string(text);
  return std::string(escape_of(tone)) + std::string(text) + "\x1b[0m";
}

bool wants_colour(bool terminal, std::string_view no_color, std::string_view term) {
  return terminal && no_color.empty() && term != "dumb";
}

Tone tone_of_state(std::string_view state) {
  if (state == "live" || state == "healthy" || state == "ok" || state == "done" || state == "good") return Tone::kGood;
  if (state == "failed" || state == "no" || state == "bad" || state == "rejected") return Tone::kBad;
  if (state == "releasing" || state == "running") return Tone::kBusy;
  if (state == "held" || state == "waiting" || state == "drifted" || state == "orphaned" || state == "warning" ||
      state == "unverified")
    return Tone::kWarning;
  if (state == "plain") return Tone::kPlain;
  return Tone::kDim;
}

std::string_view mark_of_state(std::string_view state) {
  if (state == "live" || state == "healthy" || state == "ok" || state == "done" || state == "good") return "✓";
  if (state == "failed" || state == "no" || state == "bad" || state == "rejected") return "✗";
  if (state == "releasing" || state == "running" || state == "waiting") return "…";
  if (state == "held") return "‖";
  if (state == "drifted" || state == "orphaned" || state == "warning") return "!";
  if (state == "unverified" || state == "unknown") return "?";
  if (state == "unchanged") return "=";
  return "·";
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    uint32_t point = 0;
    text.remove_prefix(decode(text, point));
    width += width_of(point);
  }
  return width;
}

std::string age_of(std::string_view rfc3339, Time now) {
  Result<Time> time = parse_time(rfc3339);
  if (!time) return "";
  return format_age(std::max(Millis{0}, now - *time));
}

std::string Table::str(Style style, size_t width) const {
  std::vector<size_t> widths;
  for (const std::string& title : head_) widths.push_back(display_width(title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], display_width(one_line(row[i].text)));
  }
  std::string out;
  auto add = [&](const std::vector<Cell>& cells) {
    std::string line;
    size_t used = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      bool last = i + 1 == cells.size();
      std::string text = one_line(cells[i].text, 400);
      if (last && width > used + 10) text = cut_to(text, width - used);
      line += style.paint(text, cells[i].tone);
      if (!last) line += std::string(widths[i] - std::min(widths[i], display_width(text)) + 2, ' ');
      used += widths[i] + 2;
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  };
  std::vector<Cell> head;
  for (const std::string& title : head_) head.push_back({title, Tone::kDim});
  add(head);
  for (const auto& row : rows_) add(row);
  return out;
}

}  // namespace autonomous::daemon
