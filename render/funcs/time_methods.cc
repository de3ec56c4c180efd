// The methods of Go's time.Time, *time.Location, time.Duration, time.Month and time.Weekday that a template can call.
#include <cstdlib>
#include <limits>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/moments.h"

namespace autonomous::render {
namespace {

constexpr int64_t kHourNanos = 3600 * kNanos;

int order_of(const Moment& a, const Moment& b) {
  if (a.second != b.second) return a.second < b.second ? -1 : 1;
  return a.nanosecond < b.nanosecond ? -1 : a.nanosecond > b.nanosecond ? 1 : 0;
}

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
Value time_is_dst(Context&, Args args) {
  const Moment& m = moment_of(args[0]);
  return Value::of(m.place != nullptr && m.place->is_daylight_at(m.second));
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

// ---- bytes: what Go's encoders write, behind the bytes that are there already

Value appended(Context& cx, std::string_view before, std::string_view text) {
  return Value::of_bytes(cx.arena().concat(before, text));
}
Value time_append_format(Context& cx, Args args) {
  return appended(cx, args[1].bytes(), format_layout(moment_of(args[0]), args[2].string()));
}

// RFC 3339, which knows four digits of a year and hours below 24.
Result<std::string> strict_text(const Moment& moment) {
  std::string text = format_layout(moment, "2006-01-02T15:04:05.999999999Z07:00");
  if (text[4] != '-') return fail(Code::kInvalid, "year outside of range [0,9999]");
  if (text.back() != 'Z' && std::abs(moment.offset()) >= 24 * 3600)
    return fail(Code::kInvalid, "timezone hour outside of range [0,23]");
  return text;
}
Value strict(Context& cx, std::string_view before, Value time, std::string_view after, std::string_view caller) {
  auto text = strict_text(moment_of(time));
  if (!text) return cx.fail("Time.", caller, ": ", text.error().message());
  return Value::of_bytes(cx.arena().concat(before, *text, after));
}
Value time_append_text(Context& cx, Args args) { return strict(cx, args[1].bytes(), args[0], "", "AppendText"); }
Value time_marshal_text(Context& cx, Args args) { return strict(cx, "", args[0], "", "MarshalText"); }
Value time_marshal_json(Context& cx, Args args) { return strict(cx, "\"", args[0], "\"", "MarshalJSON"); }

// A version, the seconds since the year 1, the nanoseconds, and the offset in minutes: -1 is UTC. The second version
// has the offset's seconds, too.
Value binary(Context& cx, std::string_view before, const Moment& moment) {
  const int32_t offset = moment.offset();
  const int32_t minutes = moment.place == nullptr ? -1 : offset / 60;
  if (moment.place != nullptr && (minutes < -32768 || minutes == -1 || minutes > 32767))
    return cx.fail("Time.MarshalBinary: unexpected zone offset");
  const bool odd = moment.place != nullptr && offset % 60 != 0;
  std::string out(1, odd ? '\2' : '\1');
  auto add = [&out](uint64_t number, int bytes) {
    while (bytes-- > 0) out += static_cast<char>(number >> (8 * bytes));
  };
  add(static_cast<uint64_t>(moment.second - Moment::kZero), 8);
  add(static_cast<uint64_t>(moment.nanosecond), 4);
  add(static_cast<uint64_t>(minutes), 2);
  if (odd) out += static_cast<char>(offset % 60);
  return appended(cx, before, out);
}
Value time_append_binary(Context& cx, Args args) { return binary(cx, args[1].bytes(), moment_of(args[0])); }
Value time_marshal_binary(Context& cx, Args args) { return binary(cx, "", moment_of(args[0])); }

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
    {"AppendBinary", params(Type::kBytes), time_append_binary},
    {"AppendFormat", params(Type::kBytes, kText), time_append_format},
    {"AppendText", params(Type::kBytes), time_append_text},
    {"Before", params(Type::kTime), time_before},
    {"Compare", params(Type::kTime), time_compare},
    {"Day", params(), time_day},
    {"Equal", params(Type::kTime), time_equal},
    {"Format", params(kText), time_format},
    {"GoString", params(), time_go_text},
    {"GobEncode", params(), time_marshal_binary},
    {"Hour", params(), time_hour},
    {"Clock", params(), nullptr, "function Clock has 3 return values; should be 1 or 2"},
    {"Date", params(), nullptr, "function Date has 3 return values; should be 1 or 2"},
    {"ISOWeek", params(), nullptr,
     "invalid function signature for ISOWeek: second return value should be error; is int"},
    {"Zone", params(), nullptr, "invalid function signature for Zone: second return value should be error; is int"},
    {"ZoneBounds", params(), nullptr,
     "invalid function signature for ZoneBounds: second return value should be error; is time.Time"},
    {"In", params(Type::kLocationPointer), time_in_place},
    {"IsDST", params(), time_is_dst},
    {"IsZero", params(), time_is_zero},
    {"Local", params(), time_local},
    {"Location", params(), time_location},
    {"MarshalBinary", params(), time_marshal_binary},
    {"MarshalJSON", params(), time_marshal_json},
    {"MarshalText", params(), time_marshal_text},
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

void add_time_methods(Library& library) {
  library.add({.type = Type::kTime,
               .functions = kTimeMethods,
               .to_string = [](Arena& arena, Value value) { return arena.copy(time_string(value)); },
               .to_go_string = [](Arena& arena, Value value) { return arena.copy(time_go_string(value)); },
               .to_json = [](Arena& arena, Value value) -> Result<std::string_view> {
                 TRY(std::string text, strict_text(moment_of(value)));
                 return arena.concat("\"", text, "\"");
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
