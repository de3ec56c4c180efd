// Pulse: how the writer does: whether it moves, why nothing can be written, what it has sent. Thread-safe; the writer
// says it, anybody asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace autonomous::daemon {

class Pulse {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using RefusedTags = std::vector<std::pair<std::string, std::string>>;

  // A cycle begins, which has to end by then; it has ended.
  void cycle_begins(Steady deadline);
  void cycle_ends() { cycle_begins(Steady::max()); }
  // "": all is well (again). What is new is logged.
  void set_trouble(std::string text);
  void add_pushes(uint32_t count);
  void set_refused_tags(RefusedTags tags);

  // The cycle that is under way at `now` has run past its deadline, and by far.
  bool hangs(Steady now) const;
  std::string trouble() const;
  uint64_t pushes() const;
  RefusedTags refused_tags() const;

 private:
  mutable std::mutex mutex_;  // guards all below
  Steady deadline_ = Steady::max();
  std::string trouble_;
  uint64_t pushes_ = 0;
  RefusedTags refused_tags_;
};

}  // namespace autonomous::daemon
