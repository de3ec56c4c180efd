#include "gitops/model/zone.h"

#include <algorithm>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/base/tree.h"

namespace autonomous::model {

namespace {

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
constexpr int64_t kDay = 86'400;

int64_t big_endian(std::string_view bytes, size_t at, size_t size) {
  uint64_t out = static_cast<unsigned char>(bytes[at]) >= 0x80 ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < size; ++i) out = (out << 8) | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<int64_t>(out);
}

// What follows the magic in a TZif header, and where the data of this block begins.
struct Block {
  uint64_t isut = 0, isstd = 0, leap = 0, times = 0, types = 0, chars = 0;
  size_t data = 0;
  uint64_t size(size_t width) const {
    return times * width + times + types * 6 + chars + leap * (width + 4) + isstd + isut;
  }
};

bool read_block(std::string_view bytes, size_t at, Block& out) {
  if (bytes.size() < at + 44 || bytes.substr(at, 4) != "TZif") return false;
  uint64_t* fields[] = {&out.isut, &out.isstd, &out.leap, &out.times, &out.types, &out.chars};
  for (size_t i = 0; i < 6; ++i) {
    int64_t count = big_endian(bytes, at + 20 + i * 4, 4);
    if (count < 0 || count > 1'000'000) return false;
    *fields[i] = static_cast<uint64_t>(count);
  }
  out.data = at + 44;
  return out.types != 0;
}

// A reader of POSIX TZ strings.
struct Posix {
  std::string_view text;

  bool name(std::string& out) {
    if (starts_with(text, "<")) {
      size_t end = text.find('>');
      if (end == std::string_view::npos) return false;
      out = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      return true;
    }
    size_t end = 0;
    while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z')))
      ++end;
    out = text.substr(0, end);
    text.remove_prefix(end);
    return end >= 3;
  }
  bool number(int& out) {
    size_t end = 0;
    out = 0;
    while (end < text.size() && end < 4 && text[end] >= '0' && text[end] <= '9') out = out * 10 + (text[end++] - '0');
    text.remove_prefix(end);
    return end != 0;
  }
  bool take(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  bool seconds(int32_t& out) {  // [+-]hh[:mm[:ss]]
    const bool minus = take('-');
    if (!minus) take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(hours)) return false;
    if (take(':') && !number(minutes)) return false;
    if (take(':') && !number(rest)) return false;
    out = hours * 3600 + minutes * 60 + rest;
    if (minus) out = -out;
    return true;
  }
};

bool fixed_offset(std::string_view name, int32_t& out) {
  if (name.size() < 3 || (name[0] != '+' && name[0] != '-')) return false;
  std::string digits;
  for (char c : name.substr(1)) {
    if (c != ':') digits += c;
  }
  if ((digits.size() != 2 && digits.size() != 4) || digits.find_first_not_of("0123456789") != std::string::npos)
    return false;
  int hours = std::stoi(digits.substr(0, 2));
  int minutes = digits.size() == 4 ? std::stoi(digits.substr(2)) : 0;
  if (hours > 14 || minutes > 59) return false;
  out = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
  return true;
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

bool Zone::parse_footer(std::string_view text, Footer& out) {
  Posix posix{text};
  int32_t west = 0;
  if (!posix.name(out.standard.name) || !posix.seconds(west)) return false;
  out.standard.offset = -west;
  if (posix.text.empty()) return true;
  if (!posix.name(out.summer.name)) return false;
  out.has_summer = true;
  out.summer.daylight = true;
  out.summer.offset = out.standard.offset + 3600;
  if (!posix.text.empty() && posix.text.front() != ',') {
    if (!posix.seconds(west)) return false;
    out.summer.offset = -west;
  }
  for (Rule* rule : {&out.begins, &out.ends}) {
    if (!posix.take(',') || !posix.take('M') || !posix.number(rule->month) || !posix.take('.') ||
        !posix.number(rule->week) || !posix.take('.') || !posix.number(rule->day)) {
      return false;
    }
    if (posix.take('/') && !posix.seconds(rule->seconds)) return false;
    if (rule->month < 1 || rule->month > 12 || rule->week < 1 || rule->week > 5 || rule->day > 6) return false;
  }
  return posix.text.empty();
}

bool Zone::footer_summer(int64_t second) const {
  if (!footer_.has_summer) return false;
  using namespace std::chrono;
  const int64_t local = second + footer_.standard.offset;
  const year_month_day date{sys_days{days{floor_divide(local, kDay)}}};
  auto at = [&](const Rule& rule, int32_t offset) {
    const auto month_of_year = date.year() / month{static_cast<unsigned>(rule.month)};
    const weekday day{static_cast<unsigned>(rule.day)};
    sys_days found = rule.week == 5 ? sys_days{month_of_year / day[last]}
                                    : sys_days{month_of_year / day[static_cast<unsigned>(rule.week)]};
    return static_cast<int64_t>(found.time_since_epoch().count()) * kDay + rule.seconds - offset;
  };
  const int64_t begins = at(footer_.begins, footer_.standard.offset);
  const int64_t ends = at(footer_.ends, footer_.summer.offset);
  // South of the equator summer wraps over the new year.
  return begins < ends ? second >= begins && second < ends : second >= begins || second < ends;
}

Result<Zone> Zone::parse(std::string_view bytes) {
  auto broken = [] { return fail(Code::kCorrupt, "this is no file of a time zone"); };
  Block block;
  if (!read_block(bytes, 0, block)) return broken();
  size_t width = 4;
  if (bytes[4] >= '2') {  // the second block has 64-bit times
    const size_t second = block.data + block.size(4);
    if (!read_block(bytes, second, block)) return broken();
    width = 8;
  }
  if (block.data + block.size(width) > bytes.size()) return broken();
  const size_t indices = block.data + block.times * width;
  const size_t types = indices + block.times;
  const size_t names = types + block.types * 6;
  auto local_of = [&](size_t type) {
    const size_t from = types + type * 6;
    std::string_view name = bytes.substr(names, block.chars);
    name = name.substr(std::min<size_t>(static_cast<unsigned char>(bytes[from + 5]), name.size()));
    return Local{static_cast<int32_t>(big_endian(bytes, from, 4)), std::string(name.substr(0, name.find('\0'))),
                 bytes[from + 4] != 0};
  };
  Zone zone;
  zone.first_ = local_of(0);
  for (size_t i = 0; i < block.times; ++i) {
    const auto type = static_cast<unsigned char>(bytes[indices + i]);
    if (type >= block.types) return broken();
    zone.transitions_.push_back(big_endian(bytes, block.data + i * width, width));
    zone.locals_.push_back(local_of(type));
  }
  if (!std::is_sorted(zone.transitions_.begin(), zone.transitions_.end())) return broken();
  std::string_view footer = bytes.substr(block.data + block.size(width));
  if (width == 8 && footer.size() > 2 && footer.front() == '\n' && footer.back() == '\n') {
    zone.has_footer_ = parse_footer(footer.substr(1, footer.size() - 2), zone.footer_);
  }
  return zone;
}

Result<Zone> Zone::load(std::string_view name) {
  Zone fixed;
  if (fixed_offset(name, fixed.first_.offset)) return fixed;
  if (name == "UTC" || name == "Z") {
    fixed.first_.name = "UTC";
    return fixed;
  }
  const bool plausible = is_plain_path(name) && name.size() < 64 &&
                         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/") ==
                             std::string_view::npos;
  if (!plausible)
    return fail(Code::kInvalid, "'", one_line(name, 60),
                "' is no time zone: UTC, +01:00, or a name like Europe/Berlin");
  auto bytes = read_file(kZoneFolder + std::string(name), 1u << 20);
  if (!bytes) {
    return fail(Code::kNotFound, "this machine knows no time zone '", name,
                "': a name like Europe/Berlin needs the tzdata package; UTC and +01:00 always work");
  }
  return parse(*bytes);
}

const Zone::Local& Zone::local_at(Time time) const {
  const int64_t second = floor_divide(time.time_since_epoch().count(), 1000);
  auto after = std::upper_bound(transitions_.begin(), transitions_.end(), second);
  if (after == transitions_.end() && has_footer_) return footer_summer(second) ? footer_.summer : footer_.standard;
  if (after == transitions_.begin()) return first_;
  return locals_[static_cast<size_t>(after - transitions_.begin()) - 1];
}

int32_t Zone::offset_at(Time time) const { return local_at(time).offset; }
std::string Zone::abbreviation_at(Time time) const { return local_at(time).name; }
bool Zone::is_daylight_at(Time time) const { return local_at(time).daylight; }

uint32_t Zone::minute_of_week(Time time) const {
  const int64_t local = floor_divide(time.time_since_epoch().count(), 1000) + offset_at(time);
  // 1970-01-01 was a Thursday.
  int64_t minute = floor_divide(local, 60) + 3 * 1440;
  minute %= 7 * 1440;
  return static_cast<uint32_t>(minute < 0 ? minute + 7 * 1440 : minute);
}

}  // namespace autonomous::model
