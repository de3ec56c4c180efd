#include "daemon/pipeline/clock_watch.h"

#include <utility>

namespace autonomous::daemon {

std::optional<Millis> ClockWatch::read(Time wall, Millis steady) {
  Millis ahead = wall.time_since_epoch() - steady;
  std::optional<Millis> before = std::exchange(ahead_, ahead);
  if (!before) return std::nullopt;
  Millis jump = ahead - *before;
  if (jump < kJump && jump > -kJump) return std::nullopt;
  return jump;
}

}  // namespace autonomous::daemon
