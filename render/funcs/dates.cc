// Dates and durations: sprig's over Go's time package, Helm 4's duration helpers, and the methods of the times that
// they return. The clock and the local zone come from Context::options(): a release is rendered at a given time.
#include <cmath>
#include <limits>

#include "gitops/base/clock.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/go_time.h"
#include "render/funcs/moments.h"
#include "render/funcs/slots.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {

static constexpr int64_t kNanosPerSecond = 1'000'000'000;

Places& places_of(Context& cx) {
  auto& slot = cx.slot(kZoneSlot);
  if (slot == nullptr) {
    const Options& options = cx.options();
    slot = std::make_shared<Places>(options.time_zone.empty() && options.deterministic ? "UTC" : options.time_zone);
  }
  return *static_cast<Places*>(slot.get());
}

Moment now_of(Context& cx) {
  int64_t nanos = cx.options().now_ns.value_or(0);
  // A release without a time of its own is at 1970: the same inputs must give the same bytes.
  if (!cx.options().now_ns && !cx.options().deterministic) {
    nanos = system_clock().now().time_since_epoch().count() * 1'000'000;
  }
  int64_t second = nanos / kNanosPerSecond - (nanos % kNanosPerSecond < 0 ? 1 : 0);
  return {second, static_cast<int32_t>(nanos - second * kNanosPerSecond), places_of(cx).local()};
}

// A *time.Location: nullptr is UTC.
static Value location_value(Context& cx, const Place* place) {
  auto* structure = cx.arena().make<Struct>();
  structure->native = place;
  return Value::of(structure, Type::kLocationPointer);
}

Value time_value(Context& cx, const Moment& moment) {
  Arena& arena = cx.arena();
  const auto ext = static_cast<int64_t>(static_cast<uint64_t>(moment.second) - static_cast<uint64_t>(Moment::kZero));
  Field* fields = arena.array<Field>(3);  // unexported in Go, and seen by deepEqual and by wrong verbs
  Value place = moment.place == nullptr ? Value::typed_nil(Type::kLocationPointer) : location_value(cx, moment.place);
  new (fields + 0) Field{.name = "wall", .value = Value::of_uint(static_cast<uint64_t>(moment.nanosecond))};
  new (fields + 1) Field{.name = "ext", .value = Value::of_int64(ext)};
  new (fields + 2) Field{.name = "loc", .value = place};
  auto* structure = arena.make<Struct>();
  structure->fields = {fields, 3};
  structure->native = arena.make<Moment>(moment);
  return Value::of(structure, Type::kTime);
}

namespace {

constexpr int64_t kNanos = kNanosPerSecond;

Value duration_value(int64_t nanoseconds) { return Value::of(nanoseconds, Type::kDuration); }

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

// Time.Add; the seconds wrap as Go's do.
Moment moved(Moment moment, int64_t nanoseconds) {
  int64_t nanos = moment.nanosecond + nanoseconds % kNanos;
  int64_t carry = nanos < 0 ? -1 : nanos >= kNanos ? 1 : 0;
  moment.second =
      static_cast<int64_t>(static_cast<uint64_t>(moment.second) + static_cast<uint64_t>(nanoseconds / kNanos + carry));
  moment.nanosecond = static_cast<int32_t>(nanos - carry * kNanos);
  return moment;
}

int64_t clamp_wide(__int128 value) {
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t between(const Moment& from, const Moment& to) {  // Time.Sub: saturates
  return clamp_wide((static_cast<__int128>(to.second) - from.second) * kNanos + to.nanosecond - from.nanosecond);
}

int order_of(const Moment& a, const Moment& b) {
  if (a.second != b.second) return a.second < b.second ? -1 : 1;
  return a.nanosecond < b.nanosecond ? -1 : a.nanosecond > b.nanosecond ? 1 : 0;
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

// Duration.Seconds, Minutes, Hours: whole units and the rest apart, as Go rounds.
double in_units(int64_t nanos, int64_t unit) {
  const int64_t whole = nanos / unit;
  return static_cast<double>(whole) + static_cast<double>(nanos % unit) / static_cast<double>(unit);
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

int64_t truncated(int64_t nanos, int64_t unit) { return unit <= 0 ? nanos : nanos - nanos % unit; }

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

template <typename Part>
Value civil_part(Args args, Part Civil::*part) {
  return Value::of_int(static_cast<int64_t>(civil_of(moment_of(args[0])).*part));
}
Value time_year(Context&, Args args) { return civil_part(args, &Civil::year); }
Value time_day(Context&, Args args) { return civil_part(args, &Civil::day); }
Value time_year_day(Context&, Args args) { return civil_part(args, &Civil::year_day); }
Value time_hour(Context&, Args args) { return civil_part(args, &Civil::hour); }
Value time_minute(Context&, Args args) { return civil_part(args, &Civil::minute); }
Value time_second(Context&, Args args) { return civil_part(args, &Civil::second); }
Value time_month(Context&, Args args) { return Value::of(int64_t{civil_of(moment_of(args[0])).month}, Type::kMonth); }
Value time_weekday(Context&, Args args) {
  return Value::of(int64_t{civil_of(moment_of(args[0])).weekday}, Type::kWeekday);
}
Value time_nanosecond(Context&, Args args) { return Value::of_int(moment_of(args[0]).nanosecond); }
template <int64_t per_second>
Value time_unix(Context&, Args args) {
  const Moment& m = moment_of(args[0]);
  auto whole = static_cast<uint64_t>(m.second) * static_cast<uint64_t>(per_second);
  return Value::of_int64(static_cast<int64_t>(whole + static_cast<uint64_t>(m.nanosecond / (kNanos / per_second))));
}
Value time_format(Context& cx, Args args) { return cx.text(format_layout(moment_of(args[0]), args[1].string())); }
Value time_is_zero(Context&, Args args) {
  const Moment& m = moment_of(args[0]);
  return Value::of(m.second == Moment::kZero && m.nanosecond == 0);
}
Value time_in(Context& cx, Args args, const Place* place) {
  Moment moment = moment_of(args[0]);
  moment.place = place;
  return time_value(cx, moment);
}
Value time_utc(Context& cx, Args args) { return time_in(cx, args, nullptr); }
Value time_local(Context& cx, Args args) { return time_in(cx, args, places_of(cx).local()); }
Value time_add(Context& cx, Args args) { return time_value(cx, moved(moment_of(args[0]), args[1].integer())); }
Value time_add_date(Context& cx, Args args) {
  Moment moment = moment_of(args[0]);
  Civil c = civil_of(moment);
  constexpr int64_t kFar = 10'000'000;
  for (size_t i = 1; i < 4; ++i) {
    if (std::abs(args[i].integer()) > kFar) return cx.fail_limit("AddDate goes too far");
  }
  int64_t wall = unix_of(c.year + args[1].integer(), c.month + args[2].integer(), c.day + args[3].integer(), c.hour,
                         c.minute, c.second);
  moment.second = wall - moment.offset();
  // The zone may be another one at the new date.
  moment.second = wall - moment.offset();
  return time_value(cx, moment);
}
// Time.Truncate and Round count from the year 1.
__int128 since_zero(const Moment& m) { return static_cast<__int128>(m.second - Moment::kZero) * kNanos + m.nanosecond; }
Value time_truncate(Context& cx, Args args) {
  const int64_t unit = args[1].integer();
  if (unit <= 0) return time_value(cx, moment_of(args[0]));
  __int128 rest = since_zero(moment_of(args[0])) % unit;
  if (rest < 0) rest += unit;
  return time_value(cx, moved(moment_of(args[0]), -static_cast<int64_t>(rest)));
}
Value time_round(Context& cx, Args args) {
  const int64_t unit = args[1].integer();
  if (unit <= 0) return time_value(cx, moment_of(args[0]));
  __int128 rest = since_zero(moment_of(args[0])) % unit;
  if (rest < 0) rest += unit;
  const auto down = static_cast<int64_t>(rest);
  return time_value(cx, moved(moment_of(args[0]), down < unit - down ? -down : unit - down));
}
Value time_sub(Context&, Args args) { return duration_value(between(moment_of(args[1]), moment_of(args[0]))); }
Value time_before(Context&, Args args) { return Value::of(order_of(moment_of(args[0]), moment_of(args[1])) < 0); }
Value time_after(Context&, Args args) { return Value::of(order_of(moment_of(args[0]), moment_of(args[1])) > 0); }
Value time_equal(Context&, Args args) { return Value::of(order_of(moment_of(args[0]), moment_of(args[1])) == 0); }
Value time_compare(Context&, Args args) { return Value::of_int(order_of(moment_of(args[0]), moment_of(args[1]))); }
std::string time_string(Value value) {
  return format_layout(moment_of(value), "2006-01-02 15:04:05.999999999 -0700 MST");
}
Value time_text(Context& cx, Args args) { return cx.text(time_string(args[0])); }

std::string_view place_name(const Place* place) { return place == nullptr ? "UTC" : std::string_view(place->name); }
std::string time_go_string(Value value) {
  const Moment& moment = moment_of(value);
  const Civil c = civil_of(moment);
  std::string out = "time.Date(" + std::to_string(c.year) + ", time.";
  out += month_name(c.month);
  for (int part : {c.day, c.hour, c.minute, c.second, moment.nanosecond}) out += ", " + std::to_string(part);
  if (moment.place == nullptr) return out + ", time.UTC)";
  if (moment.place->local) return out + ", time.Local)";
  return out + ", time.Location(" + quote_time(moment.place->name) + "))";
}
Value time_go_text(Context& cx, Args args) { return cx.text(time_go_string(args[0])); }

const Place* place_of(Value location) { return static_cast<const Place*>(location.structure()->native); }
Value time_location(Context& cx, Args args) { return location_value(cx, moment_of(args[0]).place); }
Value time_in_place(Context& cx, Args args) {
  if (args[1].is_nil()) return cx.fail("time: missing Location in call to Time.In");
  return time_in(cx, args, place_of(args[1]));
}
Value location_text(Context&, Args args) { return Value::of(place_name(place_of(args[0]))); }
constexpr Function kLocationMethods[] = {{"String", params(), location_text}};

constexpr Function kTimeMethods[] = {
    {"Add", params(Type::kDuration), time_add},
    {"AddDate", params(Type::kInt, Type::kInt, Type::kInt), time_add_date},
    {"After", params(Type::kTime), time_after},
    {"Before", params(Type::kTime), time_before},
    {"Compare", params(Type::kTime), time_compare},
    {"Day", params(), time_day},
    {"Equal", params(Type::kTime), time_equal},
    {"Format", params(kText), time_format},
    {"GoString", params(), time_go_text},
    {"Hour", params(), time_hour},
    {"Clock", params(), nullptr, "function Clock has 3 return values; should be 1 or 2"},
    {"Date", params(), nullptr, "function Date has 3 return values; should be 1 or 2"},
    {"ISOWeek", params(), nullptr,
     "invalid function signature for ISOWeek: second return value should be error; is int"},
    {"Zone", params(), nullptr, "invalid function signature for Zone: second return value should be error; is int"},
    {"ZoneBounds", params(), nullptr,
     "invalid function signature for ZoneBounds: second return value should be error; is time.Time"},
    {"In", params(Type::kLocationPointer), time_in_place},
    {"IsZero", params(), time_is_zero},
    {"Local", params(), time_local},
    {"Location", params(), time_location},
    {"Minute", params(), time_minute},
    {"Month", params(), time_month},
    {"Nanosecond", params(), time_nanosecond},
    {"Round", params(Type::kDuration), time_round},
    {"Second", params(), time_second},
    {"String", params(), time_text},
    {"Sub", params(Type::kTime), time_sub},
    {"Truncate", params(Type::kDuration), time_truncate},
    {"UTC", params(), time_utc},
    {"Unix", params(), time_unix<1>},
    {"UnixMicro", params(), time_unix<1'000'000>},
    {"UnixMilli", params(), time_unix<1'000>},
    {"UnixNano", params(), time_unix<kNanos>},
    {"Weekday", params(), time_weekday},
    {"Year", params(), time_year},
    {"YearDay", params(), time_year_day},
};

template <int64_t unit>
Value span_float(Context&, Args args) {
  return Value::of(in_units(args[0].integer(), unit));
}
template <int64_t unit>
Value span_integer(Context&, Args args) {
  return Value::of_int64(args[0].integer() / unit);
}
Value span_round(Context&, Args args) { return duration_value(round_duration(args[0].integer(), args[1].integer())); }
Value span_truncate(Context&, Args args) { return duration_value(truncated(args[0].integer(), args[1].integer())); }
Value span_abs(Context&, Args args) {
  int64_t nanos = args[0].integer();
  if (nanos == std::numeric_limits<int64_t>::min()) ++nanos;
  return duration_value(nanos < 0 ? -nanos : nanos);
}
Value span_string(Context& cx, Args args) { return cx.text(duration_text(args[0].integer())); }

constexpr Function kDurationMethods[] = {
    {"Abs", params(), span_abs},
    {"Hours", params(), span_float<kHourNanos>},
    {"Microseconds", params(), span_integer<1'000>},
    {"Milliseconds", params(), span_integer<1'000'000>},
    {"Minutes", params(), span_float<60 * kNanos>},
    {"Nanoseconds", params(), span_integer<1>},
    {"Round", params(Type::kDuration), span_round},
    {"Seconds", params(), span_float<kNanos>},
    {"String", params(), span_string},
    {"Truncate", params(Type::kDuration), span_truncate},
};

Value month_string(Context& cx, Args args) { return cx.text(month_name(static_cast<int>(args[0].integer()))); }
Value weekday_string(Context& cx, Args args) { return cx.text(weekday_name(static_cast<int>(args[0].integer()))); }
constexpr Function kMonthMethods[] = {{"String", params(), month_string}};
constexpr Function kWeekdayMethods[] = {{"String", params(), weekday_string}};

}  // namespace

Family date_functions() { return kDates; }
Family duration_functions() { return kDurations; }

void add_time_methods(Library& library) {
  library.add({.type = Type::kTime,
               .functions = kTimeMethods,
               .to_string = [](Arena& arena, Value value) { return arena.copy(time_string(value)); },
               .to_go_string = [](Arena& arena, Value value) { return arena.copy(time_go_string(value)); },
               .to_json =
                   [](Arena& arena, Value value) {
                     return arena.concat("\"", format_layout(moment_of(value), "2006-01-02T15:04:05.999999999Z07:00"),
                                         "\"");
                   }});
  library.add({.type = Type::kLocation,
               .functions = kLocationMethods,
               .on_pointer = true,
               .to_string = [](Arena&, Value value) { return place_name(place_of(value)); }});
  library.add({.type = Type::kDuration, .functions = kDurationMethods, .to_string = [](Arena& arena, Value value) {
                 return arena.copy(duration_text(value.integer()));
               }});
  library.add({.type = Type::kMonth, .functions = kMonthMethods, .to_string = [](Arena& arena, Value value) {
                 return arena.copy(month_name(static_cast<int>(value.integer())));
               }});
  library.add({.type = Type::kWeekday, .functions = kWeekdayMethods, .to_string = [](Arena& arena, Value value) {
                 return arena.copy(weekday_name(static_cast<int>(value.integer())));
               }});
}

}  // namespace autonomous::render
