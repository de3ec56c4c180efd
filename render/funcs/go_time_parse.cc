// time.ParseInLocation of go_time.h.
#include <array>

#include "render/funcs/go_time.h"

namespace autonomous::render {
namespace {

bool digit_at(std::string_view text, size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; }

// Reads one text by one layout; each step returns false for "cannot parse".
class LayoutReader {
 public:
  LayoutReader(std::string_view layout, std::string_view text, const Place* local, Places& places)
      : layout_(layout), whole_layout_(layout), text_(text), whole_(text), local_(local), places_(places) {}

  Result<Moment> run() {
    for (;;) {
      Chunk chunk = next_chunk(layout_);
      if (!skip(chunk.before)) return cannot(text_, chunk.before);
      if (chunk.element == Element::kNone) {
        if (!text_.empty()) return wrong(": extra text: " + quote_time(text_));
        break;
      }
      layout_ = chunk.rest;
      std::string_view held = text_;
      bool good = read(chunk);
      if (range_ != nullptr) return wrong(": " + std::string(range_) + " out of range");
      if (!good) return cannot(held, chunk.text);
    }
    return finish();
  }

 private:
  Error cannot(std::string_view what, std::string_view element) const {
    return fail(Code::kInvalid, "parsing time ", quote_time(whole_), " as ", quote_time(whole_layout_),
                ": cannot parse ", quote_time(what), " as ", quote_time(element));
  }
  Error wrong(std::string_view what) const { return fail(Code::kInvalid, "parsing time ", quote_time(whole_), what); }

  bool skip(std::string_view before) {
    auto spaces = [](std::string_view& in) { in.remove_prefix(std::min(in.find_first_not_of(' '), in.size())); };
    while (!before.empty()) {
      if (before[0] == ' ') {
        if (!text_.empty() && text_[0] != ' ') return false;
        spaces(before);
        spaces(text_);
        continue;
      }
      if (text_.empty() || text_[0] != before[0]) return false;
      before.remove_prefix(1);
      text_.remove_prefix(1);
    }
    return true;
  }

  bool number(int& out, bool two) {
    if (!digit_at(text_, 0) || (two && !digit_at(text_, 1))) return false;
    size_t size = digit_at(text_, 1) ? 2 : 1;
    out = size == 2 ? (text_[0] - '0') * 10 + (text_[1] - '0') : text_[0] - '0';
    text_.remove_prefix(size);
    return true;
  }

  bool year_day(bool three) {
    int value = 0;
    size_t size = 0;
    while (size < 3 && digit_at(text_, size)) value = value * 10 + (text_[size++] - '0');
    if (size == 0 || (three && size != 3)) return false;
    text_.remove_prefix(size);
    year_day_ = value;
    return true;
  }

  // A name of months or weekdays, in any case.
  bool name(std::string_view (*nth)(int), int from, int to, size_t cut, int& out) {
    for (int i = from; i <= to; ++i) {
      std::string_view candidate = nth(i).substr(0, cut);
      if (text_.size() < candidate.size()) continue;
      bool same = true;
      for (size_t j = 0; j < candidate.size() && same; ++j)
        same = (text_[j] | 0x20) == (candidate[j] | 0x20) && ((text_[j] | 0x20) >= 'a');
      if (!same) continue;
      text_.remove_prefix(candidate.size());
      out = i;
      return true;
    }
    return false;
  }

  // `value` is read after `parsed` has been made.
  bool in_range(bool parsed, const int& value, int low, int high, const char* what) {
    if (value < low || value > high) range_ = what;
    return parsed;
  }

  bool read(const Chunk& chunk) {
    int ignored = 0;
    switch (chunk.element) {
      case Element::kYear: return short_year();
      case Element::kLongYear: return long_year();
      case Element::kMonth: return name(month_name, 1, 12, 3, month_);
      case Element::kLongMonth: return name(month_name, 1, 12, 99, month_);
      case Element::kNumMonth:
      case Element::kZeroMonth: {
        bool parsed = number(month_, chunk.element == Element::kZeroMonth);
        return parsed && in_range(parsed, month_, 1, 12, "month");
      }
      case Element::kWeekday: return name(weekday_name, 0, 6, 3, ignored);
      case Element::kLongWeekday: return name(weekday_name, 0, 6, 99, ignored);
      case Element::kUnderDay:
        if (text_.starts_with(' ')) text_.remove_prefix(1);
        return number(day_, false);
      case Element::kDay: return number(day_, false);
      case Element::kZeroDay: return number(day_, true);
      case Element::kUnderYearDay:
        for (int i = 0; i < 2 && text_.starts_with(' '); ++i) text_.remove_prefix(1);
        return year_day(false);
      case Element::kZeroYearDay: return year_day(true);
      case Element::kHour: return in_range(number(hour_, false), hour_, 0, 23, "hour");
      case Element::kHour12:
      case Element::kZeroHour12:
        return in_range(number(hour_, chunk.element == Element::kZeroHour12), hour_, 0, 12, "hour");
      case Element::kMinute:
      case Element::kZeroMinute:
        return in_range(number(minute_, chunk.element == Element::kZeroMinute), minute_, 0, 59, "minute");
      case Element::kSecond:
      case Element::kZeroSecond: return seconds(chunk.element == Element::kZeroSecond);
      case Element::kUpperPm: return half_day("PM", "AM");
      case Element::kLowerPm: return half_day("pm", "am");
      case Element::kZoneName: return zone_name();
      case Element::kFraction0: return text_.size() > chunk.digits && fraction(chunk.digits);
      case Element::kFraction9: {
        if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !digit_at(text_, 1)) return true;
        size_t digits = 0;
        while (digit_at(text_, digits + 1)) ++digits;
        return fraction(digits);
      }
      default: return zone_offset(chunk.element);
    }
  }

  // Two characters, of which the first may be a sign.
  bool short_year() {
    if (text_.size() < 2 || !digit_at(text_, 1)) return false;
    const bool sign = text_[0] == '-' || text_[0] == '+';
    if (!sign && !digit_at(text_, 0)) return false;
    int year = text_[1] - '0';
    if (!sign) year += (text_[0] - '0') * 10;
    if (text_[0] == '-') year = -year;
    year_ = year + (year >= 69 ? 1900 : 2000);
    text_.remove_prefix(2);
    return true;
  }

  bool long_year() {
    if (text_.size() < 4) return false;
    int year = 0;
    for (size_t i = 0; i < 4; ++i) {
      if (!digit_at(text_, i)) return false;
      year = year * 10 + (text_[i] - '0');
    }
    year_ = year;
    text_.remove_prefix(4);
    return true;
  }

  bool seconds(bool two) {
    if (!number(second_, two)) return false;
    if (second_ > 59) {
      range_ = "second";
      return true;
    }
    // A fraction that the layout does not name.
    if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !digit_at(text_, 1)) return true;
    Element next = next_chunk(layout_).element;
    if (next == Element::kFraction0 || next == Element::kFraction9) return true;
    size_t digits = 1;
    while (digit_at(text_, digits + 1)) ++digits;
    return fraction(digits);
  }

  // The separator and so many digits.
  bool fraction(size_t digits) {
    if (text_[0] != '.' && text_[0] != ',') return false;
    nanosecond_ = 0;
    for (size_t i = 1; i <= 9; ++i) {
      nanosecond_ *= 10;
      if (i > digits) continue;
      if (!digit_at(text_, i)) return false;
      nanosecond_ += text_[i] - '0';
    }
    text_.remove_prefix(digits + 1);
    return true;
  }

  bool half_day(std::string_view after, std::string_view before) {
    after_noon_ = after_noon_ || text_.starts_with(after);
    before_noon_ = before_noon_ || text_.starts_with(before);
    if (!text_.starts_with(after) && !text_.starts_with(before)) return false;
    text_.remove_prefix(2);
    return true;
  }

  bool zone_offset(Element element) {
    if (element >= Element::kIso && element <= Element::kIsoColonSeconds && text_.starts_with('Z')) {
      text_.remove_prefix(1);
      utc_ = true;
      return true;
    }
    struct Shape {
      size_t size, colon1, minute, colon2, second;
    };
    Shape shape{5, 0, 3, 0, 0};
    if (element == Element::kIsoColon || element == Element::kNumColon) shape = {6, 3, 4, 0, 0};
    if (element == Element::kIsoShort || element == Element::kNumShort) shape = {3, 0, 0, 0, 0};
    if (element == Element::kIsoColonSeconds || element == Element::kNumColonSeconds) shape = {9, 3, 4, 6, 7};
    if (element == Element::kIsoSeconds || element == Element::kNumSeconds) shape = {7, 0, 3, 0, 5};
    if (text_.size() < shape.size) return false;
    if ((shape.colon1 != 0 && text_[shape.colon1] != ':') || (shape.colon2 != 0 && text_[shape.colon2] != ':'))
      return false;
    bool good = true;
    auto two = [&](size_t at) {
      if (!good || at == 0) return 0;
      good = digit_at(text_, at) && digit_at(text_, at + 1);
      return good ? (text_[at] - '0') * 10 + (text_[at + 1] - '0') : 0;
    };
    int hour = two(1), minute = two(shape.minute), second = two(shape.second);
    if (hour > 24) range_ = "time zone offset hour";
    if (minute > 60) range_ = "time zone offset minute";
    if (second > 60) range_ = "time zone offset second";
    int offset = (hour * 60 + minute) * 60 + second;
    if (text_[0] != '+' && text_[0] != '-') good = false;
    offset_ = text_[0] == '-' ? -offset : offset;
    text_.remove_prefix(shape.size);
    return good;
  }

  bool zone_name() {
    if (text_.starts_with("UTC")) {
      text_.remove_prefix(3);
      utc_ = true;
      return true;
    }
    size_t size = zone_size();
    if (size == 0) return false;
    name_ = text_.substr(0, size);
    text_.remove_prefix(size);
    return true;
  }

  // "+03": a number up to 23.
  static size_t signed_size(std::string_view text) {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return 0;
    size_t size = 1;
    int value = 0;
    for (; digit_at(text, size) && value < 100; ++size) value = value * 10 + (text[size] - '0');
    return size == 1 || value > 23 ? 0 : size;
  }

  size_t zone_size() const {
    if (text_.size() < 3) return 0;
    if (text_.starts_with("ChST") || text_.starts_with("MeST")) return 4;
    if (text_.starts_with("GMT")) return 3 + signed_size(text_.substr(3));
    if (text_[0] == '+' || text_[0] == '-') return signed_size(text_);
    size_t upper = 0;
    while (upper < 6 && upper < text_.size() && text_[upper] >= 'A' && text_[upper] <= 'Z') ++upper;
    if (upper == 5 && text_[4] == 'T') return 5;
    if (upper == 4 && (text_[3] == 'T' || text_.starts_with("WITA"))) return 4;
    return upper == 3 ? 3 : 0;
  }

  Result<Moment> finish() {
    if (after_noon_ && hour_ < 12) hour_ += 12;
    else if (before_noon_ && hour_ == 12) hour_ = 0;
    if (year_day_ >= 0) {
      bool leap = days_in_month(2, year_) == 29;
      if (year_day_ < 1 || year_day_ > (leap ? 366 : 365)) return wrong(": day-of-year out of range");
      int month = 1, day = year_day_;
      while (day > days_in_month(month, year_)) day -= days_in_month(month++, year_);
      if (month_ >= 0 && month_ != month) return wrong(": day-of-year does not match month");
      if (day_ >= 0 && day_ != day) return wrong(": day-of-year does not match day");
      month_ = month;
      day_ = day;
    }
    if (month_ < 0) month_ = 1;
    if (day_ < 0) day_ = 1;
    if (day_ < 1 || day_ > days_in_month(month_, year_)) return wrong(": day out of range");
    return placed(unix_of(year_, month_, day_, hour_, minute_, second_));
  }

  // `wall` is the time read, as if it were UTC.
  Moment placed(int64_t wall) {
    if (utc_) return {wall, nanosecond_, nullptr};
    if (offset_ != -1) {
      int64_t second = wall - offset_;
      Moment local{second, nanosecond_, local_};
      if (local.offset() == offset_ && (name_.empty() || local.abbreviation() == name_)) return local;
      return {second, nanosecond_, places_.fixed(name_, offset_)};
    }
    if (!name_.empty()) {
      for (int64_t guess : near_offsets(wall)) {
        Moment local{wall - guess, nanosecond_, local_};
        if (local.offset() == guess && local.abbreviation() == name_) return local;
      }
      // Go leaves the moment as if the text were UTC, and so does this.
      int32_t hours = 0;
      if (name_.size() > 3 && name_.starts_with("GMT")) hours = std::atoi(std::string(name_.substr(3)).c_str());
      return {wall, nanosecond_, places_.fixed(name_, hours * 3600)};
    }
    for (int64_t guess : near_offsets(wall)) {
      Moment local{wall - guess, nanosecond_, local_};
      if (local.offset() == guess) return local;
    }
    return {wall - near_offsets(wall)[0], nanosecond_, local_};
  }

  // The local zone's offsets that can hold at that wall time.
  std::array<int64_t, 3> near_offsets(int64_t wall) const {
    auto at = [this](int64_t second) { return int64_t{Moment{second, 0, local_}.offset()}; };
    constexpr int64_t kHalfYear = 182 * 86'400;
    return {at(wall - at(wall)), at(wall), at(wall - kHalfYear)};
  }

  std::string_view layout_, whole_layout_, text_, whole_;
  const Place* local_;
  Places& places_;
  const char* range_ = nullptr;  // what was out of its range
  int year_ = 0, month_ = -1, day_ = -1, year_day_ = -1, hour_ = 0, minute_ = 0, second_ = 0;
  int32_t nanosecond_ = 0, offset_ = -1;
  bool before_noon_ = false, after_noon_ = false, utc_ = false;
  std::string_view name_;
};

}  // namespace

Result<Moment> parse_layout(std::string_view layout, std::string_view text, const Place* local, Places& places) {
  return LayoutReader(layout, text, local, places).run();
}

}  // namespace autonomous::render
