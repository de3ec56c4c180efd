#include "gitops/base/ctx.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace autonomous {

Ctx Ctx::within(Millis limit) const {
  Ctx inner = *this;
  inner.deadline = std::min(deadline, std::chrono::steady_clock::now() + limit);
  return inner;
}

Millis Ctx::left() const {
  constexpr Millis kDay = std::chrono::hours(24);
  auto now = std::chrono::steady_clock::now();
  if (deadline <= now) return Millis(0);
  if (deadline - now > kDay) return kDay;
  return std::chrono::duration_cast<Millis>(deadline - now);
}

Result<void> Ctx::check() const {
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
  if (std::chrono::steady_clock::now() >= deadline) return fail(Code::kTimeout, "it took too long");
  return ok();
}

void Ctx::pause(Millis time) const {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, std::min(time, left()), [] { return false; });
}

Millis jittered(Millis time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return Millis(std::uniform_int_distribution<int64_t>(time.count() / 2, time.count())(random));
}

}  // namespace autonomous
