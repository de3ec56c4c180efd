// Dates and durations: sprig's over Go's time package, and Helm 4's duration helpers. The clock and the local zone come
// from Context::options(): a release is rendered at a given time.
#include <cmath>
#include <limits>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/moments.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {

namespace {

bool is_time(Value value) {
  return (value.type() == Type::kTime || value.type() == Type::kTimePointer) && !value.is_nil();
}

// What sprig takes for a date: a time, or seconds; anything else is now.
Moment date_of(Context& cx, Value value, bool pointers, bool int32s) {
  if (value.type() == Type::kTime || (pointers && is_time(value))) return moment_of(value);
  bool seconds = value.type() == Type::kInt || value.type() == Type::kInt64 || (int32s && value.type() == Type::kInt32);
  if (seconds) return {value.integer(), 0, places_of(cx).local()};
  return now_of(cx);
}

Value date_text(Context& cx, std::string_view layout, Value date, std::string_view zone) {
  if (date.type() == Type::kTimePointer && date.is_nil()) return fail_nil(cx);
  Moment moment = date_of(cx, date, true, true);
  moment.place = places_of(cx).find(zone);
  return cx.text(format_layout(moment, layout));
}

Value func_now(Context& cx, Args) { return time_value(cx, now_of(cx)); }
Value func_date(Context& cx, Args args) { return date_text(cx, args[0].string(), args[1], "Local"); }
Value func_date_in_zone(Context& cx, Args args) { return date_text(cx, args[0].string(), args[1], args[2].string()); }
Value func_html_date(Context& cx, Args args) { return date_text(cx, "2006-01-02", args[0], "Local"); }
Value func_html_date_in_zone(Context& cx, Args args) { return date_text(cx, "2006-01-02", args[0], args[1].string()); }

Value func_date_modify(Context& cx, Args args) {
  auto by = parse_duration(args[0].string());
  return by ? time_value(cx, moved(moment_of(args[1]), *by)) : args[1];
}
Value func_must_date_modify(Context& cx, Args args) {
  auto by = parse_duration(args[0].string());
  return by ? time_value(cx, moved(moment_of(args[1]), *by)) : cx.fail(by.error().message());
}

Value func_ago(Context& cx, Args args) {
  Moment since = date_of(cx, args[0], false, false);
  return cx.text(duration_text(round_duration(between(since, now_of(cx)), kNanos)));
}

Value func_to_date(Context& cx, Args args) {
  Places& places = places_of(cx);
  auto parsed = parse_layout(args[0].string(), args[1].string(), places.local(), places);
  return time_value(cx, parsed ? *parsed : Moment{});
}
Value func_must_to_date(Context& cx, Args args) {
  Places& places = places_of(cx);
  auto parsed = parse_layout(args[0].string(), args[1].string(), places.local(), places);
  return parsed ? time_value(cx, *parsed) : cx.fail(parsed.error().message());
}

Value func_unix_epoch(Context& cx, Args args) { return cx.text(std::to_string(moment_of(args[0]).second)); }

Value func_duration(Context& cx, Args args) {
  int64_t seconds = 0;
  if (args[0].is_string()) {
    auto parsed = parse_int(args[0].string(), 10);
    seconds = parsed.error == NumberError::kSyntax ? 0 : parsed.value;
  } else if (args[0].type() == Type::kInt64) {
    seconds = args[0].integer();
  }
  return cx.text(duration_text(static_cast<int64_t>(static_cast<uint64_t>(seconds) * static_cast<uint64_t>(kNanos))));
}

Value func_duration_round(Context& cx, Args args) {
  int64_t nanos = 0;
  if (args[0].is_string()) {
    auto parsed = parse_duration(args[0].string());
    if (parsed) nanos = *parsed;
  } else if (args[0].type() == Type::kInt64) {
    nanos = args[0].integer();
  } else if (args[0].type() == Type::kTime) {
    nanos = between(moment_of(args[0]), now_of(cx));
  }
  uint64_t size = nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  constexpr uint64_t kHour = 3'600'000'000'000;
  struct Unit {
    uint64_t nanos;
    const char* name;
  };
  for (Unit unit : {Unit{kHour * 24 * 365, "y"}, Unit{kHour * 24 * 30, "mo"}, Unit{kHour * 24, "d"}, Unit{kHour, "h"},
                    Unit{kHour / 60, "m"}, Unit{kHour / 3600, "s"}}) {
    if (size > unit.nanos) return cx.text(std::to_string(size / unit.nanos) + unit.name);
  }
  return Value::of("0s");
}

Result<int64_t> from_seconds(Context& cx, double seconds) {
  auto shown = [&cx](double number) { return std::string(to_text(cx, Value::of(number))); };
  if (std::isnan(seconds) || std::isinf(seconds))
    return fail(Code::kInvalid, "invalid duration seconds: ", shown(seconds));
  constexpr double kMost = 9223372036854775807.0 / 1e9;
  if (seconds > kMost || seconds < -kMost) return fail(Code::kInvalid, "duration seconds overflow: ", shown(seconds));
  return truncate_float(seconds * 1e9);
}

// Helm 4's asDuration.
Result<int64_t> as_duration(Context& cx, Value value) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kNanos;
  if (value.type() == Type::kDuration) return value.integer();
  if (value.is_nothing()) return fail(Code::kInvalid, "invalid duration");
  if (value.is_string()) {
    std::string_view text = value.string();
    while (!text.empty() && is_space(decode_rune(text).value)) text.remove_prefix(decode_rune(text).size);
    while (!text.empty() && is_space(decode_last_rune(text).value)) text.remove_suffix(decode_last_rune(text).size);
    if (text.empty()) return fail(Code::kInvalid, "empty duration");
    auto parsed = parse_duration(text);
    if (parsed) return *parsed;
    auto number = parse_float(text);
    if (number) return from_seconds(cx, number.value);
    return fail(Code::kInvalid, "could not parse duration ", quote_go(value.string()));
  }
  if (value.is_float()) return from_seconds(cx, value.floating());
  bool integer = value.is_int() || value.is_uint();
  if (!integer) return fail(Code::kInvalid, "unsupported duration type ", value.type_name());
  bool overflow = value.is_int() ? value.integer() > kMost || value.integer() < -kMost
                                 : value.unsigned_integer() > static_cast<uint64_t>(kMost);
  if (overflow) return fail(Code::kInvalid, "duration seconds overflow: ", to_text(cx, value));
  return value.integer() * kNanos;
}

Value func_must_to_duration(Context& cx, Args args) {
  auto duration = as_duration(cx, args[0]);
  return duration ? duration_value(*duration) : cx.fail(duration.error().message());
}

template <int64_t unit, int divide = 1, int again = 1>
Value func_duration_float(Context& cx, Args args) {
  auto duration = as_duration(cx, args[0]);
  return Value::of(duration ? in_units(*duration, unit) / divide / again : 0.0);
}
template <int64_t unit>
Value func_duration_integer(Context& cx, Args args) {
  auto duration = as_duration(cx, args[0]);
  return Value::of_int64(duration ? *duration / unit : 0);
}

template <int64_t (*change)(int64_t, int64_t)>
Value func_duration_to(Context& cx, Args args) {
  auto duration = as_duration(cx, args[0]);
  if (!duration) return duration_value(0);
  auto unit = as_duration(cx, args[1]);
  return duration_value(unit ? change(*duration, *unit) : *duration);
}

constexpr Function kDates[] = {
    {"ago", params(kAny), func_ago},
    {"date", params(kText, kAny), func_date},
    {"dateInZone", params(kText, kAny, kText), func_date_in_zone},
    {"dateModify", params(kText, Type::kTime), func_date_modify},
    {"date_in_zone", params(kText, kAny, kText), func_date_in_zone},
    {"date_modify", params(kText, Type::kTime), func_date_modify},
    {"duration", params(kAny), func_duration},
    {"durationRound", params(kAny), func_duration_round},
    {"htmlDate", params(kAny), func_html_date},
    {"htmlDateInZone", params(kAny, kText), func_html_date_in_zone},
    {"mustDateModify", params(kText, Type::kTime), func_must_date_modify},
    {"mustToDate", params(kText, kText), func_must_to_date},
    {"must_date_modify", params(kText, Type::kTime), func_must_date_modify},
    {"now", params(), func_now},
    {"toDate", params(kText, kText), func_to_date},
    {"unixEpoch", params(Type::kTime), func_unix_epoch},
};

constexpr int64_t kHourNanos = 3600 * kNanos;
constexpr Function kDurations[] = {
    {"durationDays", params(kAny), func_duration_float<kHourNanos, 24>},
    {"durationHours", params(kAny), func_duration_float<kHourNanos>},
    {"durationMicroseconds", params(kAny), func_duration_integer<1'000>},
    {"durationMilliseconds", params(kAny), func_duration_integer<1'000'000>},
    {"durationMinutes", params(kAny), func_duration_float<60 * kNanos>},
    {"durationNanoseconds", params(kAny), func_duration_integer<1>},
    {"durationRoundTo", params(kAny, kAny), func_duration_to<round_duration>},
    {"durationSeconds", params(kAny), func_duration_float<kNanos>},
    {"durationTruncateTo", params(kAny, kAny), func_duration_to<truncated>},
    {"durationWeeks", params(kAny), func_duration_float<kHourNanos, 24, 7>},
    {"mustToDuration", params(kAny), func_must_to_duration},
};

}  // namespace

Family date_functions() { return kDates; }
Family duration_functions() { return kDurations; }

}  // namespace autonomous::render
