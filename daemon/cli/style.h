// How text is shown: colours only where wanted, tables, ages. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"

namespace autonomous::daemon {

enum class Tone : uint8_t { kPlain, kDim, kBold, kGood, kWarning, kBad, kBusy };

struct Style {
  bool colour = false;
  std::string paint(std::string_view text, Tone tone) const;
};

// A colour is wanted on a terminal, unless NO_COLOR is set (to anything but nothing) or TERM is dumb.
bool wants_colour(bool terminal, std::string_view no_color, std::string_view term);

Tone tone_of_state(std::string_view state);              // of a target, an outcome or a verdict
std::string_view mark_of_state(std::string_view state);  // ✓ ✗ … ‖ !

// Columns, two spaces apart, the last one not padded; widths count characters. Text from outside is put on one line.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : head_(std::move(head)) {}
  struct Cell {
    std::string text;
    Tone tone = Tone::kPlain;
  };
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // width: of the terminal, to cut the last column; 0: not cut.
  std::string str(Style style, size_t width) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<Cell>> rows_;
};

size_t display_width(std::string_view text);             // characters, counting wide ones as 2
std::string age_of(std::string_view rfc3339, Time now);  // "3m"; "" where it is no time

}  // namespace autonomous::daemon
