// Lines out of a stream: NDJSON, server-sent events.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace autonomous {

// Cuts a stream of text into lines. feed() gives each whole line, without its end,
// to on_line; false from it, or a line over max_line, makes feed() return false.
class LineReader {
 public:
  explicit LineReader(std::function<bool(std::string_view)> on_line, size_t max_line = 16u << 20)
      : on_line_(std::move(on_line)), max_line_(max_line) {}
  bool feed(std::string_view data);
  bool too_long() const { return too_long_; }

 private:
  std::function<bool(std::string_view)> on_line_;
  size_t max_line_;
  std::string rest_;
  bool too_long_ = false;
};

}  // namespace autonomous
