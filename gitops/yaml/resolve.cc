#include "gitops/yaml/resolve.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "gitops/yaml/emit.h"

namespace autonomous::yaml {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
using Kind = Scalar::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ---- words -------------------------------------------------------------------------------------------------------

struct Word {
  std::string_view text;
  Kind kind;
  double value;  // of a bool: 0 or 1
};

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr Word kWords[] = {
    {"true", Kind::kBool, 1},       {"True", Kind::kBool, 1},       {"TRUE", Kind::kBool, 1},
    {"false", Kind::kBool, 0},      {"False", Kind::kBool, 0},      {"FALSE", Kind::kBool, 0},
    {"", Kind::kNull, 0},           {"~", Kind::kNull, 0},          {"null", Kind::kNull, 0},
    {"Null", Kind::kNull, 0},       {"NULL", Kind::kNull, 0},       {".nan", Kind::kFloat, kNan},
    {".NaN", Kind::kFloat, kNan},   {".NAN", Kind::kFloat, kNan},   {".inf", Kind::kFloat, kInf},
    {".Inf", Kind::kFloat, kInf},   {".INF", Kind::kFloat, kInf},   {"+.inf", Kind::kFloat, kInf},
    {"+.Inf", Kind::kFloat, kInf},  {"+.INF", Kind::kFloat, kInf},  {"-.inf", Kind::kFloat, -kInf},
    {"-.Inf", Kind::kFloat, -kInf}, {"-.INF", Kind::kFloat, -kInf},
};

// YAML 1.1's, which v2 reads as bools everywhere.
constexpr Word kOldBools[] = {
    {"y", Kind::kBool, 1},   {"Y", Kind::kBool, 1},   {"yes", Kind::kBool, 1}, {"Yes", Kind::kBool, 1},
    {"YES", Kind::kBool, 1}, {"on", Kind::kBool, 1},  {"On", Kind::kBool, 1},  {"ON", Kind::kBool, 1},
    {"n", Kind::kBool, 0},   {"N", Kind::kBool, 0},   {"no", Kind::kBool, 0},  {"No", Kind::kBool, 0},
    {"NO", Kind::kBool, 0},  {"off", Kind::kBool, 0}, {"Off", Kind::kBool, 0}, {"OFF", Kind::kBool, 0},
};

bool word(std::string_view text, Flavour flavour, Scalar& out) {
  if (text.size() > 5) return false;
  auto match = [&](const Word& entry) {
    if (entry.text != text) return false;
    out.kind = entry.kind;
    out.boolean = entry.kind == Kind::kBool && entry.value == 1;
    out.number = entry.kind == Kind::kFloat ? entry.value : 0;
    return true;
  };
  if (std::any_of(std::begin(kWords), std::end(kWords), match)) return true;
  return flavour == Flavour::kV2 && std::any_of(std::begin(kOldBools), std::end(kOldBools), match);
}

// ---- numbers -----------------------------------------------------------------------------------------------------

// strconv.ParseFloat of text that is already known to be a decimal: false where it overflows.
bool parse_float(std::string_view text, double& out) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (at != text.data() + text.size()) return false;
  if (problem == std::errc()) return true;
  // from_chars doesn't say whether it was too large (Go: an error) or too small (Go: zero).
  out = std::strtod(std::string(text).c_str(), nullptr);
  return std::fabs(out) < 1;
}

// yaml.v2's yamlStyleFloat: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_style_float(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  if (digits() > 0) {
    if (at < text.size() && text[at] == '.') {
      ++at;
      digits();
    }
  } else {
    if (at >= text.size() || text[at] != '.') return false;
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// strconv.ParseFloat of a text that starts with a point: underscores may stand between two digits.
bool parse_point_float(std::string_view text, double& out) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return false;
    }
  }
  return is_style_float(plain) && parse_float(plain, out);
}

bool set_unsigned(std::string_view digits, int base, bool negative, bool signed_text, Scalar& out) {
  uint64_t value = 0;
  auto [at, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || problem != std::errc() || at != digits.data() + digits.size()) return false;
  constexpr uint64_t kMax = INT64_MAX;
  if (negative) {
    if (value > kMax + 1) return false;
    out.kind = Kind::kInt;
    out.integer = static_cast<int64_t>(0 - value);
    return true;
  }
  if (value <= kMax) {
    out.kind = Kind::kInt;
    out.integer = static_cast<int64_t>(value);
    return true;
  }
  if (signed_text) return false;  // strconv.ParseUint takes no sign
  out.kind = Kind::kUint;
  out.uinteger = value;
  return true;
}

// strconv.ParseInt, then ParseUint, with base 0: 0x, 0o, 0b and a leading 0 tell the base.
bool parse_integer(std::string_view text, Scalar& out) {
  bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  bool negative = has_sign && text[0] == '-';
  if (has_sign) text.remove_prefix(1);
  if (text.empty() || !is_digit(text[0])) return false;
  int base = 10;
  if (text[0] == '0' && text.size() > 1) {
    char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'o' || letter == 'b' ? 2 : 1);
  }
  return set_unsigned(text, base, negative, has_sign, out);
}

// ---- timestamps --------------------------------------------------------------------------------------------------

// Go's time.Parse for the four layouts of yaml.v2: one or two digits for all but the year, and a real day.
class TimestampReader {
 public:
  explicit TimestampReader(std::string_view text) : rest_(text) {}

  bool matches() {
    if (!date()) return false;
    if (rest_.empty()) return true;
    if (rest_[0] == 'T' || rest_[0] == 't') {
      rest_.remove_prefix(1);
      return clock() && zone() && rest_.empty();
    }
    if (rest_[0] != ' ') return false;
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
    return clock() && rest_.empty();
  }

 private:
  bool number(int& out, bool two = false) {
    if (rest_.empty() || !is_digit(rest_[0])) return false;
    out = rest_[0] - '0';
    rest_.remove_prefix(1);
    if (rest_.empty() || !is_digit(rest_[0])) return !two;
    out = out * 10 + (rest_[0] - '0');
    rest_.remove_prefix(1);
    return true;
  }
  bool literal(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool date() {
    if (rest_.size() < 5 || !std::all_of(rest_.begin(), rest_.begin() + 4, [](char c) { return is_digit(c); }) ||
        rest_[4] != '-')
      return false;
    int year = 0;
    std::from_chars(rest_.data(), rest_.data() + 4, year);
    rest_.remove_prefix(5);
    int month = 0;
    int day = 0;
    if (!number(month) || month < 1 || month > 12 || !literal('-') || !number(day)) return false;
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
  }
  bool clock() {
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!number(hour) || hour > 23 || !literal(':') || !number(minute) || minute > 59 || !literal(':') ||
        !number(second) || second > 59) {
      return false;
    }
    if (rest_.size() >= 2 && (rest_[0] == '.' || rest_[0] == ',') && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      while (!rest_.empty() && is_digit(rest_[0])) rest_.remove_prefix(1);
    }
    return true;
  }
  bool zone() {
    if (literal('Z')) return true;
    if (!literal('+') && !literal('-')) return false;
    int hours = 0;
    int minutes = 0;
    return number(hours, true) && hours <= 24 && literal(':') && number(minutes, true) && minutes <= 60;
  }

  std::string_view rest_;
};

// ---- resolving ---------------------------------------------------------------------------------------------------

// yaml.v2's resolveTable: what the first byte lets a scalar be.
char hint_of(std::string_view text) {
  if (text.empty()) return 'N';
  char c = text[0];
  if (c == '+' || c == '-') return 'S';
  if (is_digit(c)) return 'D';
  if (c == '.') return '.';
  return std::string_view("yYnNtTfFoO~").find(c) != std::string_view::npos ? 'M' : 0;
}

bool number_or_time(std::string_view text, bool may_be_time, Scalar& out) {
  if (may_be_time && TimestampReader(text).matches()) {
    out.kind = Kind::kTimestamp;
    return true;
  }
  std::string stripped;
  std::string_view plain = text;
  if (text.find('_') != std::string_view::npos) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(stripped), [](char c) { return c != '_'; });
    plain = stripped;
  }
  if (parse_integer(plain, out)) return true;
  if (is_style_float(plain) && parse_float(plain, out.number)) {
    out.kind = Kind::kFloat;
    return true;
  }
  return false;
}

Scalar resolve_as(std::string_view tag, std::string_view text, Flavour flavour) {
  Scalar out;
  out.kind = Kind::kString;
  out.text = text;
  char hint = hint_of(text);
  if (hint == 0 || tag == "str") return out;
  if (word(text, flavour, out)) return out;
  if (hint == '.' && parse_point_float(text, out.number)) out.kind = Kind::kFloat;
  if (hint == 'D' || hint == 'S') number_or_time(text, tag.empty() || tag == "timestamp", out);
  return out;
}

std::string_view tag_of(const Scalar& scalar) {
  switch (scalar.kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return "bool";
    case Kind::kInt:
    case Kind::kUint: return "int";
    case Kind::kFloat: return "float";
    case Kind::kTimestamp: return "timestamp";
    default: return "str";
  }
}

}  // namespace

Scalar resolve_plain(std::string_view text, Flavour flavour) { return resolve_as("", text, flavour); }

Result<Scalar> resolve(std::string_view tag, std::string_view text, bool plain_implicit) {
  Scalar as_text;
  as_text.kind = Kind::kString;
  as_text.text = text;
  if (tag.empty()) return plain_implicit ? resolve_plain(text) : as_text;
  if (tag.substr(0, kTagPrefix.size()) != kTagPrefix) return as_text;
  std::string_view name = tag.substr(kTagPrefix.size());
  constexpr std::array<std::string_view, 6> kResolvable = {"str", "bool", "int", "float", "null", "timestamp"};
  if (std::find(kResolvable.begin(), kResolvable.end(), name) == kResolvable.end()) return as_text;

  Scalar out = resolve_as(name, text, Flavour::kV2);
  std::string_view found = tag_of(out);
  if (name == "str" || name == found) return out;
  if (name == "float" && out.kind == Kind::kInt) {
    out.kind = Kind::kFloat;
    out.number = static_cast<double>(out.integer);
    return out;
  }
  return fail(Code::kInvalid, "yaml: cannot decode !!", found, " `", text, "` as a !!", name);
}

double to_float64(const Scalar& scalar) {
  switch (scalar.kind) {
    case Kind::kInt: return static_cast<double>(scalar.integer);
    case Kind::kUint: return static_cast<double>(scalar.uinteger);
    // Through JSON's text, which has no negative zero for integers but keeps a float's: -0.0 → "-0" → -0.
    default: return scalar.number;
  }
}

std::string to_go_string(const Scalar& scalar) {
  switch (scalar.kind) {
    case Kind::kNull: return "";
    case Kind::kBool: return scalar.boolean ? "true" : "false";
    case Kind::kInt: return std::to_string(scalar.integer);
    case Kind::kUint: return std::to_string(scalar.uinteger);
    case Kind::kFloat: return format_g32(scalar.number);
    default: return std::string(scalar.text);
  }
}

Result<std::string> to_key(const Scalar& scalar) {
  if (scalar.kind == Kind::kNull) return fail(Code::kInvalid, "unsupported map key of type: %!s(<nil>), key: <nil>");
  if (scalar.kind == Kind::kUint) {
    char hex[32];
    auto end = std::to_chars(hex, hex + sizeof hex, scalar.uinteger, 16).ptr;
    return fail(Code::kInvalid, "unsupported map key of type: uint64, key: 0x", std::string_view(hex, end - hex));
  }
  return to_go_string(scalar);
}

}  // namespace autonomous::yaml
