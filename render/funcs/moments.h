// The time of a render: its zones, what it takes for now; moments and durations as values of templates.
#pragma once

#include "render/funcs/go_time.h"
#include "render/template/function.h"

namespace autonomous::render {

constexpr int64_t kNanos = 1'000'000'000;  // in a second

// The zones that this render has loaded; they live as long as it does.
Places& places_of(Context& cx);
// A release has a time of its own; elsewhere the system's, in the local zone.
Moment now_of(Context& cx);

// A time.Time, and what is in one.
Value time_value(Context& cx, const Moment& moment);
inline const Moment& moment_of(Value value) { return *static_cast<const Moment*>(value.structure()->native); }

// A *time.Location: nullptr is UTC.
Value location_value(Context& cx, const Place* place);
inline Value duration_value(int64_t nanoseconds) { return Value::of(nanoseconds, Type::kDuration); }

// Time.Add; the seconds wrap as Go's do.
Moment moved(Moment moment, int64_t nanoseconds);
// Time.Sub in nanoseconds: saturates.
int64_t between(const Moment& from, const Moment& to);
// Duration.Truncate.
inline int64_t truncated(int64_t nanos, int64_t unit) { return unit <= 0 ? nanos : nanos - nanos % unit; }
// Duration.Seconds, Minutes, Hours: whole units and the rest apart, as Go rounds.
inline double in_units(int64_t nanos, int64_t unit) {
  const int64_t whole = nanos / unit;
  return static_cast<double>(whole) + static_cast<double>(nanos % unit) / static_cast<double>(unit);
}

}  // namespace autonomous::render
