#include "render/funcs/go_time.h"

#include <algorithm>
#include <cstdlib>

#include "gitops/base/file.h"

namespace autonomous::render {
namespace {

constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view kWeekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr int64_t kDay = 86'400;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Milliseconds don't reach the years that seconds do: far ones look up the same day of a year 400, 800 … years nearer.
Time zone_time(int64_t second) {
  constexpr int64_t kFar = 250'000'000'000;
  constexpr int64_t kCycle = 146'097 * kDay;
  if (second > kFar) second -= ((second - kFar) / kCycle + 1) * kCycle;
  return Time(Millis(std::max(second, -kFar) * 1000));
}

// Days since 1970 of a proleptic Gregorian date, with months from 1.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = floor_div(year, 400);
  int64_t of_era = year - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

void pad(std::string& out, int64_t number, size_t width) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  if (number < 0) out += '-';
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

bool is_iso(Element e) { return e >= Element::kIso && e <= Element::kIsoColonSeconds; }

void write_offset(std::string& out, Element element, int32_t offset) {
  if (offset == 0 && is_iso(element)) {
    out += 'Z';
    return;
  }
  int zone = offset / 60;
  out += zone < 0 ? '-' : '+';
  zone = std::abs(zone);
  bool seconds = element == Element::kIsoSeconds || element == Element::kNumSeconds ||
                 element == Element::kIsoColonSeconds || element == Element::kNumColonSeconds;
  bool colon = element == Element::kIsoColon || element == Element::kNumColon || element == Element::kIsoColonSeconds ||
               element == Element::kNumColonSeconds;
  pad(out, zone / 60, 2);
  if (colon) out += ':';
  if (element != Element::kNumShort && element != Element::kIsoShort) pad(out, zone % 60, 2);
  if (!seconds) return;
  if (colon) out += ':';
  pad(out, std::abs(offset) % 60, 2);
}

void write_fraction(std::string& out, const Chunk& chunk, int32_t nanosecond) {
  bool trim = chunk.element == Element::kFraction9;
  if (trim && nanosecond == 0) return;
  out += chunk.text[0];
  std::string digits;
  pad(digits, nanosecond, 9);
  if (chunk.digits < 9) digits.resize(chunk.digits);
  out += digits;
  if (!trim) return;
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with(chunk.text[0])) out.pop_back();
}

void write_element(std::string& out, const Chunk& chunk, const Moment& moment, const Civil& c) {
  switch (chunk.element) {
    case Element::kNone: return;
    case Element::kYear: return pad(out, std::abs(c.year) % 100, 2);
    case Element::kLongYear: return pad(out, c.year, 4);
    case Element::kMonth: out += month_name(c.month).substr(0, 3); return;
    case Element::kLongMonth: out += month_name(c.month); return;
    case Element::kNumMonth: return pad(out, c.month, 0);
    case Element::kZeroMonth: return pad(out, c.month, 2);
    case Element::kWeekday: out += weekday_name(c.weekday).substr(0, 3); return;
    case Element::kLongWeekday: out += weekday_name(c.weekday); return;
    case Element::kUnderDay:
      if (c.day < 10) out += ' ';
      return pad(out, c.day, 0);
    case Element::kDay: return pad(out, c.day, 0);
    case Element::kZeroDay: return pad(out, c.day, 2);
    case Element::kUnderYearDay:
      if (c.year_day < 100) out += ' ';
      if (c.year_day < 10) out += ' ';
      return pad(out, c.year_day, 0);
    case Element::kZeroYearDay: return pad(out, c.year_day, 3);
    case Element::kHour: return pad(out, c.hour, 2);
    case Element::kHour12: return pad(out, c.hour % 12 == 0 ? 12 : c.hour % 12, 0);
    case Element::kZeroHour12: return pad(out, c.hour % 12 == 0 ? 12 : c.hour % 12, 2);
    case Element::kMinute: return pad(out, c.minute, 0);
    case Element::kZeroMinute: return pad(out, c.minute, 2);
    case Element::kSecond: return pad(out, c.second, 0);
    case Element::kZeroSecond: return pad(out, c.second, 2);
    case Element::kUpperPm: out += c.hour >= 12 ? "PM" : "AM"; return;
    case Element::kLowerPm: out += c.hour >= 12 ? "pm" : "am"; return;
    case Element::kZoneName: {
      std::string name = moment.abbreviation();
      if (name.empty()) return write_offset(out, Element::kNum, moment.offset());
      out += name;
      return;
    }
    case Element::kFraction0:
    case Element::kFraction9: return write_fraction(out, chunk, moment.nanosecond);
    default: return write_offset(out, chunk.element, moment.offset());
  }
}

}  // namespace

int32_t Place::offset_at(int64_t second) const { return zone ? zone->offset_at(zone_time(second)) : offset; }
std::string Place::abbreviation_at(int64_t second) const {
  return zone ? zone->abbreviation_at(zone_time(second)) : abbreviation;
}

bool Place::is_daylight_at(int64_t second) const { return zone && zone->is_daylight_at(zone_time(second)); }

const Place* Places::find(std::string_view name) {
  if (name.empty() || name == "UTC") return nullptr;
  if (name == "Local") return local();
  auto found = places_.find(name);
  if (found != places_.end()) return found->second.get();
  std::unique_ptr<Place> place;
  // Zone takes offsets for names; Go's tz database has none of these.
  if (name != "Z" && name[0] != '+' && name[0] != '-') {
    auto zone = model::Zone::load(name);
    if (zone) place = std::make_unique<Place>(Place{std::string(name), std::move(*zone), 0, ""});
  }
  return places_.emplace(name, std::move(place)).first->second.get();
}

const Place* Places::local() {
  auto found = places_.find("Local");
  if (found != places_.end()) return found->second.get();
  std::unique_ptr<Place> place;
  std::string name = local_name_;
  if (name.empty()) {
    const char* set = std::getenv("TZ");
    name = set == nullptr ? "" : set[0] == '\0' ? "UTC" : set[0] == ':' ? set + 1 : set;
  }
  auto zone = name.empty() ? Result<model::Zone>(fail(Code::kNotFound, "")) : model::Zone::load(name);
  if (name.empty()) {
    auto bytes = read_file("/etc/localtime", 1u << 20);
    if (bytes) zone = model::Zone::parse(*bytes);
  }
  if (zone && name != "UTC") {
    place = std::make_unique<Place>(Place{name.empty() ? "Local" : name, std::move(*zone), 0, "", true});
  } else {
    place = std::make_unique<Place>(Place{"UTC", {}, 0, "UTC", true});
  }
  return places_.emplace("Local", std::move(place)).first->second.get();
}

const Place* Places::fixed(std::string_view abbreviation, int32_t offset) {
  std::string key = "=" + std::to_string(offset) + std::string(abbreviation);
  auto& place = places_[key];
  if (place == nullptr) {
    place = std::make_unique<Place>(Place{std::string(abbreviation), {}, offset, std::string(abbreviation)});
  }
  return place.get();
}

Civil civil_of(const Moment& moment) {
  auto local =
      static_cast<int64_t>(static_cast<uint64_t>(moment.second) + static_cast<uint64_t>(int64_t{moment.offset()}));
  int64_t day = floor_div(local, kDay);
  auto rest = static_cast<int>(local - day * kDay);
  Civil c;
  c.hour = rest / 3600;
  c.minute = rest / 60 % 60;
  c.second = rest % 60;
  c.weekday = static_cast<int>(((day + 4) % 7 + 7) % 7);
  int64_t shifted = day + 719'468;
  int64_t era = floor_div(shifted, 146'097);
  int64_t of_era = shifted - era * 146'097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * of_year + 2) / 153;
  c.day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
  c.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  c.year = year + era * 400 + (c.month <= 2 ? 1 : 0);
  c.year_day = static_cast<int>(day - days_of(c.year, 1, 1)) + 1;
  return c;
}

int64_t unix_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second) {
  year += floor_div(month - 1, 12);
  month = (month - 1) - floor_div(month - 1, 12) * 12 + 1;
  return (days_of(year, month, 1) + day - 1) * kDay + hour * 3600 + minute * 60 + second;
}

int days_in_month(int month, int64_t year) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::string_view month_name(int month) { return month < 1 || month > 12 ? "" : kMonths[month - 1]; }
std::string_view weekday_name(int weekday) { return weekday < 0 || weekday > 6 ? "" : kWeekdays[weekday]; }

std::string format_layout(const Moment& moment, std::string_view layout) {
  std::string out;
  Civil c = civil_of(moment);
  while (!layout.empty()) {
    Chunk chunk = next_chunk(layout);
    out += chunk.before;
    write_element(out, chunk, moment, c);
    layout = chunk.rest;
  }
  return out;
}

Chunk next_chunk(std::string_view layout) {
  struct Row {
    std::string_view text;
    Element element;
    bool whole_word = false;
  };
  // Longer ones first where one begins another.
  static constexpr Row kRows[] = {{"January", Element::kLongMonth},
                                  {"Jan", Element::kMonth, true},
                                  {"Monday", Element::kLongWeekday},
                                  {"Mon", Element::kWeekday, true},
                                  {"MST", Element::kZoneName},
                                  {"01", Element::kZeroMonth},
                                  {"02", Element::kZeroDay},
                                  {"03", Element::kZeroHour12},
                                  {"04", Element::kZeroMinute},
                                  {"05", Element::kZeroSecond},
                                  {"06", Element::kYear},
                                  {"002", Element::kZeroYearDay},
                                  {"15", Element::kHour},
                                  {"1", Element::kNumMonth},
                                  {"2006", Element::kLongYear},
                                  {"2", Element::kDay},
                                  {"_2", Element::kUnderDay},
                                  {"__2", Element::kUnderYearDay},
                                  {"3", Element::kHour12},
                                  {"4", Element::kMinute},
                                  {"5", Element::kSecond},
                                  {"PM", Element::kUpperPm},
                                  {"pm", Element::kLowerPm},
                                  {"-070000", Element::kNumSeconds},
                                  {"-07:00:00", Element::kNumColonSeconds},
                                  {"-0700", Element::kNum},
                                  {"-07:00", Element::kNumColon},
                                  {"-07", Element::kNumShort},
                                  {"Z070000", Element::kIsoSeconds},
                                  {"Z07:00:00", Element::kIsoColonSeconds},
                                  {"Z0700", Element::kIso},
                                  {"Z07:00", Element::kIsoColon},
                                  {"Z07", Element::kIsoShort}};
  for (size_t i = 0; i < layout.size(); ++i) {
    std::string_view here = layout.substr(i);
    if (here.starts_with("_2006")) continue;  // a line, then the year
    for (const Row& row : kRows) {
      if (!here.starts_with(row.text)) continue;
      char next = here.size() > row.text.size() ? here[row.text.size()] : '\0';
      if (row.whole_word && next >= 'a' && next <= 'z') continue;
      return {layout.substr(0, i), row.text, here.substr(row.text.size()), row.element, 0};
    }
    if ((here[0] != '.' && here[0] != ',') || here.size() < 2 || (here[1] != '0' && here[1] != '9')) continue;
    size_t end = std::min(here.find_first_not_of(here[1], 1), here.size());
    if (end < here.size() && here[end] >= '0' && here[end] <= '9') continue;
    return {layout.substr(0, i), here.substr(0, end), here.substr(end),
            here[1] == '0' ? Element::kFraction0 : Element::kFraction9, end - 1};
  }
  return {layout, {}, {}, Element::kNone, 0};
}

}  // namespace autonomous::render
