// ClockWatch: notices that somebody set the clock. A day of daylight saving, a machine that slept: ours went another
// way than time then, which the machine's steady clock tells. Given what both say, it asks neither. One owner.
#pragma once

#include <optional>

#include "gitops/base/clock.h"

namespace autonomous::daemon {

class ClockWatch {
 public:
  // What is less is drift, and put right by small steps all the time.
  static constexpr Millis kJump{10'000};

  // By how much `wall` went ahead of `steady` (back: negative) since they were read last. Nothing: they went together,
  // or it is the first reading.
  std::optional<Millis> read(Time wall, Millis steady);

 private:
  std::optional<Millis> ahead_;  // of the wall clock, to the steady one
};

}  // namespace autonomous::daemon
