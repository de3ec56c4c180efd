// Ctx: the first argument of everything that blocks: when to stop, and by when to be done.
#pragma once

#include <chrono>
#include <stop_token>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous {

struct Ctx {
  using Deadline = std::chrono::steady_clock::time_point;
  std::stop_token stop;
  Deadline deadline = Deadline::max();

  // A copy whose deadline is at most `limit` from now.
  Ctx within(Millis limit) const;
  // Time that is left, at least 0; capped at 24 hours.
  Millis left() const;
  // kCancelled after a stop, kTimeout after the deadline.
  Result<void> check() const;
  // Waits so long; less where a stop or the deadline comes first.
  void pause(Millis time) const;
};

// Between half of it and all of it, by chance: who failed together does not come again together.
Millis jittered(Millis time);

}  // namespace autonomous
