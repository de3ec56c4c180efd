#include "gitops/base/clock.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

#include "gitops/base/text.h"

namespace autonomous {

namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }
};

// The number in text[at, at + digits), or nothing.
std::optional<int> number(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

Error bad_time(std::string_view text) {
  return fail(Code::kInvalid, "'", one_line(text, 60), "' is no time")
      .hint("write it like 2026-01-31 or 2026-01-31T09:30:00Z");
}

// "Z", "+01:00": minutes east of UTC.
std::optional<int> offset_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  auto hours = number(text, 1, 2);
  auto minutes = number(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  int total = *hours * 60 + *minutes;
  return text[0] == '-' ? -total : total;
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_time(Time time) {
  using namespace std::chrono;
  auto day = floor<days>(time);
  year_month_day date(day);
  hh_mm_ss clock(time - day);
  std::array<char, 48> out;
  int length = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                             static_cast<int>(clock.seconds().count()));
  std::string text(out.data(), static_cast<size_t>(length));
  if (clock.subseconds().count() != 0) {
    length = std::snprintf(out.data(), out.size(), ".%03d", static_cast<int>(clock.subseconds().count()));
    text.append(out.data(), static_cast<size_t>(length));
  }
  return text + "Z";
}

Result<Time> parse_time(std::string_view text) {
  using namespace std::chrono;
  auto y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2);
  if (!y || !mo || !d || text[4] != '-' || text[7] != '-') return bad_time(text);
  year_month_day date{year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d))};
  if (!date.ok()) return bad_time(text);
  Time result = sys_days(date);
  if (text.size() == 10) return result;
  auto h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
  bool separators =
      text.size() > 19 && (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  if (!h || !mi || !s || !separators || *h > 23 || *mi > 59 || *s > 60) return bad_time(text);
  size_t at = 19;
  int millis = 0;
  if (text[at] == '.') {
    int scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      millis += (text[at] - '0') * scale;
  }
  auto offset = offset_minutes(text.substr(at));
  if (!offset) return bad_time(text);
  return result + hours(*h) + minutes(*mi - *offset) + seconds(*s) + Millis(millis);
}

std::string format_age(Millis elapsed) {
  int64_t seconds = elapsed.count() < 0 ? 0 : elapsed.count() / 1000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  int64_t hours = seconds / 3600;
  if (hours < 10 && (seconds % 3600) / 60 != 0)
    return std::to_string(hours) + "h " + std::to_string((seconds % 3600) / 60) + "m";
  if (hours < 48) return std::to_string(hours) + "h";
  return std::to_string(hours / 24) + "d";
}

Result<Millis> parse_duration(std::string_view text) {
  auto bad = [&] {
    return fail(Code::kInvalid, "'", one_line(text, 40), "' is no duration")
        .hint("write it like 90s, 30m, 2h, 7d or 1h30m");
  };
  if (text.empty()) return bad();
  int64_t total = 0;
  while (!text.empty()) {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    size_t used = static_cast<size_t>(end - text.data());
    if (error != std::errc() || value < 0 || value > 1'000'000'000 || used == text.size()) return bad();
    text.remove_prefix(used);
    int64_t unit = 0;
    if (starts_with(text, "ms")) {
      unit = 1;
      text.remove_prefix(1);
    } else if (text[0] == 's') {
      unit = 1000;
    } else if (text[0] == 'm') {
      unit = 60'000;
    } else if (text[0] == 'h') {
      unit = 3'600'000;
    } else if (text[0] == 'd') {
      unit = 86'400'000;
    } else {
      return bad();
    }
    text.remove_prefix(1);
    total += value * unit;
  }
  return Millis(total);
}

}  // namespace autonomous
