// JSON values, exact numbers and patterns for the schema validator.
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gitops/yaml/emit.h"
#include "render/helm/schema_node.h"

namespace autonomous::helm {
namespace {

using Kind = SchemaValue::Kind;

// Keeps the text of numbers, as json.Number does.
class JsonReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(SchemaValue::boolean(value)); }
  bool number_integer(number_integer_t value) override { return add(number(std::to_string(value))); }
  bool number_unsigned(number_unsigned_t value) override { return add(number(std::to_string(value))); }
  bool number_float(number_float_t, const string_t& text) override { return add(number(text)); }
  bool string(string_t& text) override { return add(SchemaValue::string(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Kind::kObject); }
  bool start_array(size_t) override { return open(Kind::kArray); }
  bool key(string_t& key) override {
    keys_.back() = key;
    return true;
  }
  bool end_object() override {
    open_.back().sort();
    return close();
  }
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    position_ = position;
    return false;
  }

  SchemaValue take() { return std::move(root_); }
  size_t position() const { return position_; }

 private:
  static SchemaValue number(std::string text) {
    SchemaValue out;
    out.kind = Kind::kNumber;
    out.text = std::move(text);
    return out;
  }
  bool open(Kind kind) {
    constexpr size_t kDepth = 1000;
    if (open_.size() == kDepth) return false;
    open_.emplace_back().kind = kind;
    keys_.emplace_back();
    return true;
  }
  bool close() {
    SchemaValue done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }
  bool add(SchemaValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().kind == Kind::kArray) {
      open_.back().items.push_back(std::move(value));
    } else {
      open_.back().add(keys_.back(), std::move(value));
    }
    return true;
  }

  std::vector<SchemaValue> open_;
  std::vector<std::string> keys_;
  SchemaValue root_;
  size_t position_ = 0;
};

// The digits of `d` as an integer at 10^exponent.
std::string scaled(const Decimal& d, int64_t exponent) {
  return d.digits == "0" ? "0" : d.digits + std::string(static_cast<size_t>(d.exponent - exponent), '0');
}

constexpr int64_t kMaxShift = 5000;  // beyond it, doubles decide

int compare_digits(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::string subtract(std::string a, const std::string& b) {
  int borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t at = a.size() - 1 - i;
    int digit = a[at] - '0' - borrow - (i < b.size() ? b[b.size() - 1 - i] - '0' : 0);
    borrow = digit < 0 ? 1 : 0;
    a[at] = static_cast<char>('0' + digit + 10 * borrow);
  }
  a.erase(0, std::min(a.find_first_not_of('0'), a.size() - 1));
  return a;
}

}  // namespace

const SchemaValue* SchemaValue::find(std::string_view key) const {
  auto less = [](const Member& member, std::string_view wanted) { return member.key < wanted; };
  auto at = std::lower_bound(members.begin(), members.end(), key, less);
  return at != members.end() && at->key == key ? &at->value : nullptr;
}

SchemaValue SchemaValue::boolean(bool value) {
  SchemaValue out;
  out.kind = value ? Kind::kTrue : Kind::kFalse;
  return out;
}

SchemaValue SchemaValue::number(double value) {
  SchemaValue out;
  out.kind = Kind::kNumber;
  // Go's %v: like %g, but positional up to 1e21.
  out.text = std::fabs(value) < 1e21 && std::fabs(value) >= 1e-4 ? yaml::json_number(value) : yaml::format_g(value);
  return out;
}

SchemaValue SchemaValue::number(int64_t value) {
  SchemaValue out;
  out.kind = Kind::kNumber;
  out.text = std::to_string(value);
  return out;
}

SchemaValue SchemaValue::string(std::string_view text) {
  SchemaValue out;
  out.kind = Kind::kString;
  out.text = text;
  return out;
}

void SchemaValue::add(std::string key, SchemaValue value) { members.push_back({std::move(key), std::move(value)}); }

void SchemaValue::sort() {
  auto less = [](const Member& a, const Member& b) { return a.key < b.key; };
  std::stable_sort(members.begin(), members.end(), less);
  std::vector<Member> unique;
  for (Member& member : members) {
    if (!unique.empty() && unique.back().key == member.key) unique.pop_back();
    unique.push_back(std::move(member));
  }
  members = std::move(unique);
}

Result<SchemaValue> parse_schema_json(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Error(Code::kInvalid, "EOF");
  JsonReader reader;
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &reader, nlohmann::json::input_format_t::json, true)) {
    return reader.take();
  }
  size_t at = reader.position();
  if (at == 0 || at > text.size()) return Error(Code::kInvalid, "unexpected EOF");
  return fail(Code::kInvalid, "invalid character '", std::string(1, text[at - 1]), "' in the JSON of the schema");
}

// ---- numbers ----

Decimal Decimal::parse(std::string_view text) {
  Decimal out;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) out.negative = text[at++] == '-';
  std::string digits;
  int64_t exponent = 0;
  bool point = false;
  for (; at < text.size() && (text[at] == '.' || (text[at] >= '0' && text[at] <= '9')); ++at) {
    if (text[at] == '.') {
      if (point) return out;
      point = true;
    } else {
      digits += text[at];
      if (point) --exponent;
    }
  }
  if (digits.empty()) return out;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int64_t written = 0;
    auto [end, problem] = std::from_chars(text.data() + at, text.data() + text.size(), written);
    if (problem != std::errc()) return out;
    exponent += written;
    at = static_cast<size_t>(end - text.data());
  }
  if (at != text.size()) return out;
  out.valid = true;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits.empty()) {
    out.negative = false;
    return out;
  }
  out.digits = std::move(digits);
  out.exponent = exponent;
  return out;
}

double Decimal::value() const {
  return std::strtod(((negative ? "-" : "") + digits + "e" + std::to_string(exponent)).c_str(), nullptr);
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  int64_t low = std::min(a.exponent, b.exponent);
  int64_t high = std::max(a.exponent, b.exponent);
  if (high - low > kMaxShift) {
    double x = a.value();
    double y = b.value();
    return x < y ? -1 : x > y ? 1 : 0;
  }
  int order = compare_digits(scaled(a, low), scaled(b, low));
  return a.negative ? -order : order;
}

bool is_multiple(const Decimal& of, const Decimal& step) {
  if (step.digits == "0") return false;
  int64_t low = std::min(of.exponent, step.exponent);
  if (std::max(of.exponent, step.exponent) - low > kMaxShift) return std::fmod(of.value(), step.value()) == 0;
  // Long division by hand: the remainder of one digit string by another.
  std::string divisor = scaled(step, low);
  std::string rest = "0";
  for (char digit : scaled(of, low)) {
    rest = rest == "0" ? std::string(1, digit) : rest + digit;
    while (compare_digits(rest, divisor) >= 0) rest = subtract(rest, divisor);
  }
  return rest == "0";
}

bool equal(const SchemaValue& a, const SchemaValue& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNumber: {
      Decimal x = Decimal::parse(a.text);
      Decimal y = Decimal::parse(b.text);
      return x.valid && y.valid && compare(x, y) == 0;
    }
    case Kind::kString: return a.text == b.text;
    case Kind::kArray: return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal);
    case Kind::kObject: {
      auto same = [](const SchemaValue::Member& x, const SchemaValue::Member& y) {
        return x.key == y.key && equal(x.value, y.value);
      };
      return std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), same);
    }
    default: return true;
  }
}

// ---- patterns ----

namespace {

std::string_view go_problem(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape: return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass: return "invalid character class";
    case re2::RE2::ErrorBadCharRange: return "invalid character class range";
    case re2::RE2::ErrorMissingBracket: return "missing closing ]";
    case re2::RE2::ErrorMissingParen: return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen: return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize: return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8: return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture: return "invalid named capture";
    default: return "expression too large";
  }
}

// Go takes (?<name>…) since 1.22, RE2 only (?P<name>…).
std::string with_named_groups(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      out += text[i++];
    } else if (text.compare(i, 3, "(?<") == 0 && i + 3 < text.size() && text[i + 3] != '=' && text[i + 3] != '!') {
      out += "(?P<";
      i += 2;
      continue;
    }
    out += text[i];
  }
  return out;
}

}  // namespace

Result<Pattern> compile_pattern(const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(16 << 20);
  auto regex = std::make_shared<const re2::RE2>(with_named_groups(text), options);
  if (regex->ok()) return Pattern{text, std::move(regex)};
  return fail(Code::kInvalid, "error parsing regexp: ", go_problem(regex->error_code()), ": `", regex->error_arg(),
              "`");
}

}  // namespace autonomous::helm
