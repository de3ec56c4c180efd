// The formats that drafts before 2019-09 assert, as jsonschema/v6 checks them.
#include <algorithm>
#include <charconv>
#include <map>

#include "gitops/base/text.h"
#include "gitops/yaml/resolve.h"
#include "render/funcs/go_time.h"
#include "render/helm/schema_node.h"

namespace autonomous::helm {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }
bool all_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); });
}

// The character at `at`, as Go's %q shows it.
std::string bad_character(std::string_view text, size_t at) {
  size_t size = 1;
  while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80) ++size;
  return "invalid character " + quote_for_schema(text.substr(at, size));
}

std::string atoi_problem(std::string_view text) {
  return "strconv.Atoi: parsing \"" + std::string(text) + "\": invalid syntax";
}

std::string ipv4(const std::string& text) {
  auto groups = split(text, '.');
  if (groups.size() != 4) return "expected four decimals";
  for (std::string_view group : groups) {
    if (group.size() > 1 && group[0] == '0') return "leading zeros";
    if (!all_digits(group)) return atoi_problem(group);
    if (group.size() > 3 || std::stoi(std::string(group)) > 255) return "decimal must be between 0 and 255";
  }
  return "";
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// netip.ParseAddr with its words.
class Ipv6Reader {
 public:
  explicit Ipv6Reader(std::string_view text) : whole_(text), rest_(text.substr(0, text.find('%'))) {}

  std::string problem() {
    if (rest_.size() != whole_.size()) {
      return rest_.size() + 1 == whole_.size() ? told("zone must be a non-empty string", false)
                                               : "zone id is not a part of ipv6 address";
    }
    if (starts_with(rest_, "::")) {
      gap_ = true;
      rest_.remove_prefix(2);
      if (rest_.empty()) return "";
    }
    while (bytes_ < 16 && !done_) {
      if (std::string wrong = field(); !wrong.empty()) return wrong;
    }
    if (!rest_.empty()) return told("trailing garbage after address");
    if (bytes_ < 16) return gap_ ? "" : told("address string too short", false);
    return gap_ ? told("the :: must expand to at least one field of zeros", false) : "";
  }

 private:
  std::string told(const char* what, bool at = true) const {
    return "ParseAddr(" + quote(whole_) + "): " + what + (at && !rest_.empty() ? " (at " + quote(rest_) + ")" : "");
  }

  std::string field() {
    size_t digits = 0;
    while (digits < rest_.size() && all_hex(rest_.substr(digits, 1))) {
      if (digits > 3) return told("each group must have 4 or less digits");
      ++digits;
    }
    if (digits == 0) return told("each colon-separated field must have at least one digit");
    if (digits < rest_.size() && rest_[digits] == '.') return embedded();
    bytes_ += 2;
    rest_.remove_prefix(digits);
    if (rest_.empty()) {
      done_ = true;
      return "";
    }
    if (rest_[0] != ':') return told("unexpected character, want colon");
    if (rest_.size() == 1) return told("colon must be followed by more characters");
    rest_.remove_prefix(1);
    if (rest_[0] != ':') return "";
    if (gap_) return told("multiple :: in address");
    gap_ = true;
    rest_.remove_prefix(1);
    done_ = rest_.empty();
    return "";
  }

  std::string embedded() {
    if (!gap_ && bytes_ != 12) return told("embedded IPv4 address must replace the final 2 fields of the address");
    if (bytes_ + 4 > 16) return told("too many hex fields to fit an embedded IPv4 at the end of the address");
    if (!ipv4(std::string(rest_)).empty()) return told("IPv4 address too short");
    rest_ = {};
    bytes_ += 4;
    done_ = true;
    return "";
  }

  std::string_view whole_;
  std::string_view rest_;
  int bytes_ = 0;
  bool gap_ = false;
  bool done_ = false;
};

std::string ipv6(const std::string& text) {
  size_t first = text.find_first_of(".:%");
  if (text.find(':') == std::string::npos) return "missing colon";
  if (text[first] == '.')
    return "ParseAddr(" + quote(text) + "): unexpected character (at " + quote(text.substr(first)) + ")";
  return Ipv6Reader(text).problem();
}

std::string hostname(const std::string& given) {
  std::string text = given;
  if (ends_with(text, ".")) text.pop_back();
  if (text.size() > 253) return "more than 253 characters long";
  for (std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > 63) return "label must be 1 to 63 characters long";
    if (label.front() == '-') return "label starts with hyphen";
    if (label.back() == '-') return "label ends with hyphen";
    for (size_t i = 0; i < label.size(); ++i) {
      if (!is_alnum(label[i]) && label[i] != '-') return bad_character(label, i);
    }
  }
  return "";
}

std::string email(const std::string& text) {
  if (text.size() > 254) return "more than 255 characters long";
  size_t at = text.rfind('@');
  if (at == std::string::npos) return "missing @";
  std::string local = text.substr(0, at);
  std::string domain = text.substr(at + 1);
  if (local.size() > 64) return "local part more than 64 characters long";
  if (local.size() > 1 && local.front() == '"' && local.back() == '"') {
    if (local.find_first_of("\\\"", 1) != local.size() - 1)
      return "backslash and quote are not allowed within quoted local part";
  } else {
    if (starts_with(local, ".")) return "starts with dot";
    if (ends_with(local, ".")) return "ends with dot";
    if (local.find("..") != std::string::npos) return "consecutive dots";
    for (size_t i = 0; i < local.size(); ++i) {
      bool known =
          is_alnum(local[i]) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(local[i]) != std::string_view::npos;
      if (!known) return bad_character(local, i);
    }
  }
  if (starts_with(domain, "[") && ends_with(domain, "]")) {
    std::string address = domain.substr(1, domain.size() - 2);
    bool six = starts_with(address, "IPv6:");
    std::string wrong = six ? ipv6(address.substr(5)) : ipv4(address);
    return wrong.empty() ? "" : std::string("invalid ") + (six ? "ipv6" : "ipv4") + " address: " + wrong;
  }
  std::string wrong = hostname(domain);
  return wrong.empty() ? "" : "invalid domain: " + wrong;
}

// time.Parse("2006-01-02")
std::string date(const std::string& text) {
  std::string head = "parsing time " + render::quote_time(text);
  auto cannot = [&](std::string_view rest, const char* layout) {
    return head + " as \"2006-01-02\": cannot parse " + render::quote_time(rest) + " as \"" + layout + "\"";
  };
  std::string_view rest = text;
  if (rest.size() < 4 || !all_digits(rest.substr(0, 4))) return cannot(rest, "2006");
  rest.remove_prefix(4);
  int numbers[2];
  constexpr const char* kLayouts[] = {"01", "02"};
  for (int i = 0; i < 2; ++i) {
    if (rest.empty() || rest[0] != '-') return cannot(rest, "-");
    rest.remove_prefix(1);
    if (rest.size() < 2 || !all_digits(rest.substr(0, 2))) return cannot(rest, kLayouts[i]);
    numbers[i] = (rest[0] - '0') * 10 + (rest[1] - '0');
    rest.remove_prefix(2);
    if (i == 0 && (numbers[0] < 1 || numbers[0] > 12)) return head + ": month out of range";
  }
  if (!rest.empty()) return head + ": extra text: " + render::quote_time(rest);
  bool real = yaml::resolve_plain(text).kind == yaml::Scalar::Kind::kTimestamp;
  return real ? "" : head + ": day out of range";
}

std::string time_of_day(std::string_view text) {
  if (text.size() < 9) return "less than 9 characters long";
  if (text[2] != ':' || text[5] != ':') return "missing colon in correct place";
  int hms[3];
  for (int i = 0; i < 3; ++i) {
    std::string_view part = text.substr(static_cast<size_t>(i) * 3, 2);
    if (!all_digits(part)) return "invalid hour/min/sec";
    hms[i] = (part[0] - '0') * 10 + (part[1] - '0');
  }
  if (hms[0] > 23 || hms[1] > 59 || hms[2] > 60) return "hour/min/sec out of range";
  text.remove_prefix(8);
  if (text[0] == '.') {
    size_t end = text.find_first_not_of("0123456789", 1);
    if (end == 1) return "no digits in second fraction";
    text.remove_prefix(std::min(end, text.size()));
  }
  int minutes = hms[0] * 60 + hms[1];
  if (text != "z" && text != "Z") {
    if (text.size() != 6) return "offset must be 6 characters long";
    if (text[0] != '+' && text[0] != '-') return "offset must begin with plus/minus";
    if (text[3] != ':') return "missing colon in offset in correct place";
    if (!all_digits(text.substr(1, 2)) || !all_digits(text.substr(4, 2))) return "invalid hour/min in offset";
    int hours = (text[1] - '0') * 10 + (text[2] - '0');
    int rest = (text[4] - '0') * 10 + (text[5] - '0');
    if (hours > 23 || rest > 59) return "hour/min in offset out of range";
    minutes += (text[0] == '+' ? -1 : 1) * (hours * 60 + rest);
    if (minutes < 0) minutes += 24 * 60;
  }
  return hms[2] >= 60 && minutes != 23 * 60 + 59 ? "invalid leap second" : "";
}

std::string only_time(const std::string& text) { return time_of_day(text); }

std::string date_time(const std::string& text) {
  if (text.size() < 20) return "less than 20 characters long";
  if (text[10] != 't' && text[10] != 'T') return "11th character must be t or T";
  if (std::string wrong = date(text.substr(0, 10)); !wrong.empty()) return "invalid date element: " + wrong;
  if (std::string wrong = time_of_day(std::string_view(text).substr(11)); !wrong.empty())
    return "invalid time element: " + wrong;
  return "";
}

// What net/url refuses of what people write.
std::string url_problem(const std::string& text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return "parse \"" + text + "\": net/url: invalid control character in URL";
  }
  if (starts_with(text, ":")) return "parse \"" + text + "\": missing protocol scheme";
  size_t colon = text.find(':');
  size_t slash = text.find_first_of("/?#");
  if (colon != std::string::npos && colon < slash && !is_alnum(text[0]))
    return "parse \"" + text + "\": first path segment in URL cannot contain colon";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && (i + 2 >= text.size() || !all_hex(std::string_view(text).substr(i + 1, 2)))) {
      return "parse \"" + text + "\": invalid URL escape \"" + text.substr(i, 3) + "\"";
    }
  }
  size_t host = text.find("://");
  if (host != std::string::npos) {
    std::string authority = text.substr(host + 3, text.find_first_of("/?#", host + 3) - host - 3);
    if (authority.find(' ') != std::string::npos) return "parse \"" + text + "\": invalid character \" \" in host name";
  }
  return "";
}

std::string uri(const std::string& text) {
  if (std::string wrong = url_problem(text); !wrong.empty()) return wrong;
  size_t colon = text.find(':');
  bool absolute = colon != std::string::npos && colon > 0 && text.find_first_of("/?#") > colon;
  return absolute ? "" : "relative url";
}

std::string uri_reference(const std::string& text) {
  if (text.find('\\') != std::string::npos) return "contains \\";
  return url_problem(text);
}

std::string uuid(const std::string& text) {
  constexpr size_t kSizes[] = {8, 4, 4, 4, 12};
  auto groups = split(text, '-');
  if (groups.size() != 5) return "must have 5 elements";
  for (size_t i = 0; i < 5; ++i) {
    if (groups[i].size() != kSizes[i]) {
      return "element " + std::to_string(i + 1) + " must be " + std::to_string(kSizes[i]) + " characters long";
    }
    for (char c : groups[i]) {
      if (!all_hex(std::string_view(&c, 1))) return "non-hex character '" + std::string(1, c) + "'";
    }
  }
  return "";
}

std::string duration(const std::string& given) {
  if (!starts_with(given, "P")) return "must start with P";
  std::string_view text = std::string_view(given).substr(1);
  if (text.empty()) return "nothing after P";
  if (text.back() == 'W') {
    text.remove_suffix(1);
    if (text.empty()) return "no number in week";
    return all_digits(text) ? "" : "invalid week";
  }
  constexpr std::string_view kUnits[] = {"YMD", "HMS"};
  auto halves = split(text, 'T');
  for (size_t i = 0; i < halves.size(); ++i) {
    std::string_view part = halves[i];
    if (i != 0 && part.empty()) return "no time elements";
    if (i >= 2) return "more than one T";
    std::string_view units = kUnits[i];
    while (!part.empty()) {
      size_t digits = std::min(part.find_first_not_of("0123456789"), part.size());
      if (digits == 0) return "missing number";
      part.remove_prefix(digits);
      if (part.empty()) return "missing unit";
      size_t found = units.find(part[0]);
      std::string quoted = "'" + std::string(1, part[0]) + "'";
      if (found == std::string_view::npos) {
        return kUnits[i].find(part[0]) != std::string_view::npos ? "unit " + quoted + " out of order"
                                                                 : "invalid unit " + quoted;
      }
      units.remove_prefix(found + 1);
      part.remove_prefix(1);
    }
  }
  return "";
}

std::string json_pointer(const std::string& text) {
  if (text.empty()) return "";
  if (text[0] != '/') return "not starting with /";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return "~ must be followed by 0 or 1";
  }
  return "";
}

std::string regex(const std::string& text) {
  auto pattern = compile_pattern(text);
  return pattern ? "" : pattern.error().message();
}

std::string semver(const std::string& text) {
  std::string core = text.substr(0, text.find_first_of("-+"));
  auto parts = split(core, '.');
  if (parts.size() != 3) return "versionCore must have 3 numbers separated by dot";
  constexpr const char* kNames[] = {"major", "minor", "patch"};
  for (size_t i = 0; i < 3; ++i) {
    if (parts[i].empty()) return std::string(kNames[i]) + " is empty";
    if (parts[i].size() > 1 && parts[i][0] == '0') return std::string(kNames[i]) + " starts with zero";
    if (!all_digits(parts[i])) return std::string(kNames[i]) + " contains non-digit";
  }
  return "";
}

}  // namespace

std::string check_format(std::string_view format, const std::string& text) {
  using Check = std::string (*)(const std::string&);
  static const std::map<std::string_view, Check> kChecks = {{"date", date},
                                                            {"date-time", date_time},
                                                            {"duration", duration},
                                                            {"email", email},
                                                            {"hostname", hostname},
                                                            {"ipv4", ipv4},
                                                            {"ipv6", ipv6},
                                                            {"iri", uri},
                                                            {"iri-reference", uri_reference},
                                                            {"json-pointer", json_pointer},
                                                            {"regex", regex},
                                                            {"semver", semver},
                                                            {"time", only_time},
                                                            {"uri", uri},
                                                            {"uri-reference", uri_reference},
                                                            {"uuid", uuid}};
  auto found = kChecks.find(format);
  return found == kChecks.end() ? "" : found->second(text);
}

}  // namespace autonomous::helm
