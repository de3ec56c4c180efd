// time.Duration of go_time.h.
#include <limits>

#include "render/funcs/go_time.h"

namespace autonomous::render {
namespace {

constexpr uint64_t kHalf = uint64_t{1} << 63;

// The value with `places` decimals, without trailing zeros.
std::string with_fraction(uint64_t value, int places) {
  std::string digits;
  for (int i = 0; i < places; ++i, value /= 10) digits.insert(digits.begin(), static_cast<char>('0' + value % 10));
  while (digits.ends_with('0')) digits.pop_back();
  return std::to_string(value) + (digits.empty() ? "" : "." + digits);
}

// The digits at the front of `text`; none: too large.
std::optional<uint64_t> leading_number(std::string_view& text) {
  uint64_t value = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (value > kHalf / 10) return {};
    value = value * 10 + static_cast<uint64_t>(text[0] - '0');
    if (value > kHalf) return {};
    text.remove_prefix(1);
  }
  return value;
}

struct Fraction {
  uint64_t value = 0;
  double scale = 1;
};
Fraction leading_fraction(std::string_view& text) {
  Fraction f;
  for (bool full = false; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    if (full || f.value > (kHalf - 1) / 10) {
      full = true;
      continue;
    }
    uint64_t next = f.value * 10 + static_cast<uint64_t>(text[0] - '0');
    if (next > kHalf) {
      full = true;
      continue;
    }
    f.value = next;
    f.scale *= 10;
  }
  return f;
}

uint64_t unit_of(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\xC2\xB5s" || unit == "\xCE\xBCs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  return unit == "h" ? 3'600'000'000'000 : 0;
}

}  // namespace

std::string quote_time(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || byte < ' ') {
      out += "\\x";
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string duration_text(int64_t nanoseconds) {
  uint64_t rest = nanoseconds < 0 ? 0 - static_cast<uint64_t>(nanoseconds) : static_cast<uint64_t>(nanoseconds);
  std::string sign = nanoseconds < 0 ? "-" : "";
  if (rest == 0) return "0s";
  if (rest < 1'000) return sign + std::to_string(rest) + "ns";
  if (rest < 1'000'000) return sign + with_fraction(rest, 3) + "\xC2\xB5s";
  if (rest < 1'000'000'000) return sign + with_fraction(rest, 6) + "ms";
  uint64_t minutes = rest / 60'000'000'000;
  std::string out = with_fraction(rest % 60'000'000'000, 9) + "s";
  if (minutes > 0) out = std::to_string(minutes % 60) + "m" + out;
  if (minutes >= 60) out = std::to_string(minutes / 60) + "h" + out;
  return sign + out;
}

Result<int64_t> parse_duration(std::string_view text) {
  const std::string_view original = text;
  auto bad = [original](std::string_view what) {
    return fail(Code::kInvalid, "time: ", what, " ", quote_time(original));
  };
  constexpr std::string_view kBad = "invalid duration";
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return bad(kBad);
  uint64_t sum = 0;
  while (!text.empty()) {
    if (text[0] != '.' && (text[0] < '0' || text[0] > '9')) return bad(kBad);
    bool digits = text[0] != '.';
    auto whole = leading_number(text);
    if (!whole) return bad(kBad);
    Fraction fraction;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      size_t before = text.size();
      fraction = leading_fraction(text);
      digits = digits || before != text.size();
    }
    if (!digits) return bad(kBad);
    size_t end = std::min(text.find_first_of(".0123456789"), text.size());
    if (end == 0) return bad("missing unit in duration");
    uint64_t unit = unit_of(text.substr(0, end));
    if (unit == 0) return bad("unknown unit " + quote_time(text.substr(0, end)) + " in duration");
    text.remove_prefix(end);
    if (*whole > kHalf / unit) return bad(kBad);
    uint64_t value = *whole * unit;
    if (fraction.value > 0)
      value +=
          static_cast<uint64_t>(static_cast<double>(fraction.value) * (static_cast<double>(unit) / fraction.scale));
    if (value > kHalf) return bad(kBad);
    sum += value;
    if (sum > kHalf) return bad(kBad);
  }
  if (negative) return static_cast<int64_t>(0 - sum);
  if (sum > kHalf - 1) return bad(kBad);
  return static_cast<int64_t>(sum);
}

int64_t round_duration(int64_t nanoseconds, int64_t unit) {
  if (unit <= 0) return nanoseconds;
  __int128 rest = nanoseconds % unit;
  if (rest < 0) rest = -rest;
  __int128 away = rest * 2 < unit ? -rest : unit - rest;  // halves go away from zero
  __int128 result = nanoseconds < 0 ? nanoseconds - away : nanoseconds + away;
  if (result > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (result < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(result);
}

}  // namespace autonomous::render
