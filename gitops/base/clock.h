// Clock: where all time comes from. Tests set it; nothing else in the code asks the system for the time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous {

using Millis = std::chrono::milliseconds;
// UTC, milliseconds since 1970.
using Time = std::chrono::sys_time<Millis>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The system's clock. The object lives forever.
const Clock& system_clock();

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time now) : now_(now) {}
  Time now() const override { return now_; }
  void advance(Millis by) { now_ += by; }
  void set(Time now) { now_ = now; }

 private:
  Time now_;
};

// `2026-11-23T20:14:05Z`, with `.123` only where the milliseconds aren't zero (RFC 3339).
std::string format_time(Time time);
// Takes RFC 3339 with any offset, and a plain date (midnight UTC).
Result<Time> parse_time(std::string_view text);
// For people: "3s", "4m", "2h", "5d"; of `elapsed` the largest unit, or two where the first is small ("1h 20m").
std::string format_age(Millis elapsed);
// "90s", "30m", "2h", "7d", "1h30m".
Result<Millis> parse_duration(std::string_view text);

}  // namespace autonomous
