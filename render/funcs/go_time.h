// Go's time package as far as templates see it: moments in a place, layouts, durations. Stateless but for Places, which
// keeps the time zones of one render and outlives its values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "gitops/model/zone.h"

namespace autonomous::render {

// *time.Location.
struct Place {
  std::string name;                 // as Location.String() says it
  std::optional<model::Zone> zone;  // none: a fixed offset
  int32_t offset = 0;               // of a fixed one, seconds east of UTC
  std::string abbreviation;         // of a fixed one; "": it is written as its offset
  bool local = false;               // the process's own

  int32_t offset_at(int64_t second) const;
  std::string abbreviation_at(int64_t second) const;
  bool is_daylight_at(int64_t second) const;
};

// time.Time: trivially destructible, so that it can live in an arena.
struct Moment {
  static constexpr int64_t kZero = -62'135'596'800;  // the year 1
  int64_t second = kZero;                            // since 1970, UTC
  int32_t nanosecond = 0;
  const Place* place = nullptr;  // nullptr: UTC

  int32_t offset() const { return place == nullptr ? 0 : place->offset_at(second); }
  std::string abbreviation() const { return place == nullptr ? "UTC" : place->abbreviation_at(second); }
};

class Places {
 public:
  // `local` is the zone that "Local" means: an IANA name, or "" for the process's own.
  explicit Places(std::string local) : local_name_(std::move(local)) {}
  // time.LoadLocation; nullptr is UTC, and what is unknown (as sprig takes it).
  const Place* find(std::string_view name);
  const Place* local();
  const Place* fixed(std::string_view abbreviation, int32_t offset);  // time.FixedZone

 private:
  std::string local_name_;
  std::map<std::string, std::unique_ptr<Place>, std::less<>> places_;
};

// The wall clock of a moment where it is.
struct Civil {
  int64_t year = 1;
  int month = 1, day = 1;  // from 1
  int year_day = 1;        // from 1
  int weekday = 0;         // Sunday is 0
  int hour = 0, minute = 0, second = 0;
};
Civil civil_of(const Moment& moment);
// time.Date in UTC: anything out of range overflows into what is above it. Seconds since 1970.
int64_t unix_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second);
int days_in_month(int month, int64_t year);
std::string_view month_name(int month);  // from 1; "": there is none
std::string_view weekday_name(int weekday);

// Go's layouts ("2006-01-02"): Time.Format and time.ParseInLocation. The error's text is Go's.
std::string format_layout(const Moment& moment, std::string_view layout);
Result<Moment> parse_layout(std::string_view layout, std::string_view text, const Place* local, Places& places);

// One element of a layout, for the two above.
enum class Element : uint8_t {
  kNone,
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kWeekday,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kUpperPm,
  kLowerPm,
  kZoneName,
  kIso,
  kIsoSeconds,
  kIsoShort,
  kIsoColon,
  kIsoColonSeconds,
  kNum,
  kNumSeconds,
  kNumShort,
  kNumColon,
  kNumColonSeconds,
  kFraction0,
  kFraction9,
};
struct Chunk {
  std::string_view before, text, rest;
  Element element = Element::kNone;
  size_t digits = 0;  // of a fraction
};
Chunk next_chunk(std::string_view layout);

// time.Duration in nanoseconds: String, ParseDuration (the error's text is Go's), Round, Truncate.
std::string duration_text(int64_t nanoseconds);
Result<int64_t> parse_duration(std::string_view text);
int64_t round_duration(int64_t nanoseconds, int64_t unit);
// Go's own quoting in these error texts.
std::string quote_time(std::string_view text);

}  // namespace autonomous::render
