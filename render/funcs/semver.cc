#include "render/funcs/semver.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "gitops/base/text.h"
#include "render/template/format.h"

namespace autonomous::render {

namespace {

bool ascii_digit(char c) { return c >= '0' && c <= '9'; }
bool word_char(char c) { return ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }
// RE2's \s.
bool pattern_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
// The character class [0-9|x|X|\*], stray '|' included.
bool part_char(char c) { return ascii_digit(c) || c == 'x' || c == 'X' || c == '*' || c == '|'; }

// The pieces of `v?A(.B)?(.C)?(-pre)?(+meta)?`, with A, B and C made of `part`.
struct Pieces {
  std::string_view whole, major, minor, patch, pre, metadata;
};

std::string_view take_while(std::string_view& text, bool (*accept)(char)) {
  size_t n = 0;
  while (n < text.size() && accept(text[n])) ++n;
  std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

// word(.word)* after the sign, or nothing.
std::string_view take_suffix(std::string_view& text, char sign) {
  if (text.size() < 2 || text[0] != sign || !word_char(text[1])) return {};
  size_t n = 1;
  while (n < text.size() && (word_char(text[n]) || (text[n] == '.' && n + 1 < text.size() && word_char(text[n + 1]))))
    ++n;
  std::string_view taken = text.substr(1, n - 1);
  text.remove_prefix(n);
  return taken;
}

std::optional<Pieces> take_version(std::string_view& text, bool (*part)(char)) {
  std::string_view rest = text;
  Pieces pieces;
  if (!rest.empty() && rest.front() == 'v') rest.remove_prefix(1);
  pieces.major = take_while(rest, part);
  if (pieces.major.empty()) return std::nullopt;
  for (std::string_view* next : {&pieces.minor, &pieces.patch}) {
    if (rest.size() < 2 || rest[0] != '.' || !part(rest[1])) break;
    rest.remove_prefix(1);
    *next = take_while(rest, part);
  }
  pieces.pre = take_suffix(rest, '-');
  pieces.metadata = take_suffix(rest, '+');
  pieces.whole = text.substr(0, text.size() - rest.size());
  text = rest;
  return pieces;
}

Result<uint64_t> segment(std::string_view text) {
  uint64_t value = 0;
  if (text.empty()) return value;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return fail(Code::kInvalid, "error parsing version segment: strconv.ParseUint: parsing ", quote_go(text),
                ": value out of range");
  }
  return value;
}

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), ascii_digit); }

Result<void> check_pre(std::string_view pre) {
  for (std::string_view part : split(pre, '.')) {
    if (part.size() > 1 && part.front() == '0' && all_digits(part)) {
      return fail(Code::kInvalid, "version segment starts with 0");
    }
  }
  return ok();
}

std::optional<uint64_t> parse_uint(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int compare_part(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty()) return -1;
  if (b.empty()) return 1;
  auto left = parse_uint(a);
  auto right = parse_uint(b);
  if (!left && !right) return a > b ? 1 : -1;
  if (!right) return -1;  // numbers are lower than words
  if (!left) return 1;
  return *left > *right ? 1 : -1;
}

int compare_pre(std::string_view a, std::string_view b) {
  auto left = split(a, '.');
  auto right = split(b, '.');
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    int order = compare_part(i < left.size() ? left[i] : "", i < right.size() ? right[i] : "");
    if (order != 0) return order;
  }
  return 0;
}

int compare_number(uint64_t a, uint64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  if (text.size() > 256) return fail(Code::kInvalid, "version string is too long (max 256 bytes)");
  std::string_view rest = text;
  auto pieces = take_version(rest, ascii_digit);
  if (!pieces || !rest.empty()) return fail(Code::kInvalid, "invalid semantic version");
  Version version;
  version.original = text;
  version.pre = pieces->pre;
  version.metadata = pieces->metadata;
  TRY(version.major, segment(pieces->major));
  TRY(version.minor, segment(pieces->minor));
  TRY(version.patch, segment(pieces->patch));
  if (!version.pre.empty()) TRY_DO(check_pre(version.pre));
  return version;
}

std::string Version::str() const {
  std::string out = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (!pre.empty()) out += "-" + pre;
  if (!metadata.empty()) out += "+" + metadata;
  return out;
}

int compare(const Version& a, const Version& b) {
  if (int order = compare_number(a.major, b.major)) return order;
  if (int order = compare_number(a.minor, b.minor)) return order;
  if (int order = compare_number(a.patch, b.patch)) return order;
  if (a.pre.empty() || b.pre.empty()) return a.pre.empty() == b.pre.empty() ? 0 : a.pre.empty() ? 1 : -1;
  return compare_pre(a.pre, b.pre);
}

namespace {

// "1.2 - 2.3" → ">= 1.2, <= 2.3 ", everywhere in the text.
std::string rewrite_ranges(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view rest = text;
    take_while(rest, pattern_space);
    auto low = take_version(rest, part_char);
    bool matches = low.has_value() && !take_while(rest, pattern_space).empty() && starts_with(rest, "-");
    std::optional<Pieces> high;
    if (matches) {
      rest.remove_prefix(1);
      matches = !take_while(rest, pattern_space).empty();
      high = take_version(rest, part_char);
    }
    if (!matches || !high) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    take_while(rest, pattern_space);
    out += ">= " + std::string(low->whole) + ", <= " + std::string(high->whole) + " ";
    text = rest;
  }
  return out;
}

constexpr std::string_view kOps[] = {"!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^"};

std::string_view take_op(std::string_view& text) {
  for (std::string_view op : kOps) {
    if (!starts_with(text, op)) continue;
    text.remove_prefix(op.size());
    return op;
  }
  return {};
}

bool is_wildcard(std::string_view part) { return part.empty() || part == "x" || part == "X" || part == "*"; }

}  // namespace

Result<Constraints::One> Constraints::parse_one(std::string_view op, std::string_view text) {
  std::string_view rest = text;
  auto pieces = take_version(rest, part_char);
  if (!pieces) return fail(Code::kInternal, "a version that was there is gone");
  One one;
  one.op = op;
  std::string pre = pieces->pre.empty() ? "" : "-" + std::string(pieces->pre);
  std::string version = std::string(pieces->whole);
  if (is_wildcard(pieces->major)) {
    version = "0.0.0" + pre;
    one.dirty = true;
  } else if (is_wildcard(pieces->minor)) {
    version = std::string(pieces->major) + ".0.0" + pre;
    one.dirty = one.minor_dirty = true;
  } else if (is_wildcard(pieces->patch)) {
    version = std::string(pieces->major) + "." + std::string(pieces->minor) + ".0" + pre;
    one.dirty = one.patch_dirty = true;
  }
  auto parsed = Version::parse(version);
  if (!parsed) return fail(Code::kInvalid, "constraint parser error");
  one.version = *std::move(parsed);
  return one;
}

Result<Constraints> Constraints::parse(std::string_view text) {
  if (text.size() > 512) return fail(Code::kInvalid, "constraint string is too long (max 512 bytes)");
  std::string rewritten = rewrite_ranges(text);
  Constraints constraints;
  size_t at = 0;
  size_t groups = 1;
  for (size_t bar = 0; (bar = rewritten.find("||", bar)) != std::string::npos; bar += 2) ++groups;
  if (groups > 32) return fail(Code::kInvalid, "too many constraint groups (max 32)");
  while (true) {
    size_t bar = rewritten.find("||", at);
    std::string_view whole = std::string_view(rewritten).substr(at, bar == std::string::npos ? bar : bar - at);
    auto improper = [&] { return fail(Code::kInvalid, "improper constraint: ", quote_go(whole)); };
    std::vector<std::pair<std::string_view, std::string_view>> found;
    std::string_view rest = whole;
    bool separated = true;
    take_while(rest, pattern_space);
    while (!rest.empty() || found.empty()) {
      if (!separated) return improper();
      std::string_view op = take_op(rest);
      take_while(rest, pattern_space);
      auto pieces = take_version(rest, part_char);
      if (!pieces) return improper();
      found.emplace_back(op, pieces->whole);
      separated = !take_while(rest, pattern_space).empty();
      if (starts_with(rest, ",")) {
        rest.remove_prefix(1);
        take_while(rest, pattern_space);
        if (rest.empty()) return improper();
        separated = true;
      }
    }
    Group group;
    for (const auto& [op, version] : found) {
      TRY(One one, parse_one(op, version));
      group.has_pre = group.has_pre || !one.version.pre.empty();
      group.all.push_back(std::move(one));
    }
    constraints.any_.push_back(std::move(group));
    if (bar == std::string::npos) return constraints;
    at = bar + 2;
  }
}

namespace {

bool not_equal(const Version& v, const Version& c, bool dirty, bool minor_dirty, bool patch_dirty) {
  if (dirty) {
    if (c.major != v.major) return true;
    if (c.minor != v.minor && !minor_dirty) return true;
    if (minor_dirty) return false;
    if (c.patch != v.patch && !patch_dirty) return true;
    if (patch_dirty) return (!v.pre.empty() || !c.pre.empty()) && compare_pre(v.pre, c.pre) != 0;
  }
  return compare(v, c) != 0;
}

bool greater(const Version& v, const Version& c, bool dirty, bool minor_dirty, bool patch_dirty) {
  if (!dirty) return compare(v, c) > 0;
  if (v.major != c.major) return v.major > c.major;
  if (minor_dirty) return false;
  if (patch_dirty) return v.minor > c.minor;
  return compare(v, c) > 0;
}

bool at_most(const Version& v, const Version& c, bool dirty, bool minor_dirty) {
  if (!dirty) return compare(v, c) <= 0;
  if (v.major > c.major) return false;
  return !(v.major == c.major && v.minor > c.minor && !minor_dirty);
}

bool tilde(const Version& v, const Version& c, bool minor_dirty, bool patch_dirty) {
  if (compare(v, c) < 0) return false;
  if (c.major == 0 && c.minor == 0 && c.patch == 0 && !minor_dirty && !patch_dirty) return true;
  return v.major == c.major && (v.minor == c.minor || minor_dirty);
}

bool caret(const Version& v, const Version& c, bool minor_dirty, bool patch_dirty) {
  if (compare(v, c) < 0) return false;
  if (c.major > 0 || minor_dirty) return v.major == c.major;
  if (v.major > 0) return false;
  if (c.minor > 0 || patch_dirty) return v.minor == c.minor;
  if (v.minor > 0) return false;
  return c.patch == v.patch;
}

}  // namespace

bool Constraints::holds(const One& one, const Version& v, bool with_pre) {
  if (!v.pre.empty() && !with_pre) return false;
  const Version& c = one.version;
  if (one.op == "!=") return not_equal(v, c, one.dirty, one.minor_dirty, one.patch_dirty);
  if (one.op == ">") return greater(v, c, one.dirty, one.minor_dirty, one.patch_dirty);
  if (one.op == "<") return compare(v, c) < 0;
  if (one.op == ">=" || one.op == "=>") return compare(v, c) >= 0;
  if (one.op == "<=" || one.op == "=<") return at_most(v, c, one.dirty, one.minor_dirty);
  if (one.op == "~" || one.op == "~>") return tilde(v, c, one.minor_dirty, one.patch_dirty);
  if (one.op == "^") return caret(v, c, one.minor_dirty, one.patch_dirty);
  return one.dirty ? tilde(v, c, one.minor_dirty, one.patch_dirty) : compare(v, c) == 0;  // "" and "="
}

bool Constraints::check(const Version& version) const {
  return std::any_of(any_.begin(), any_.end(), [&](const Group& group) {
    return std::all_of(group.all.begin(), group.all.end(),
                       [&](const One& one) { return holds(one, version, group.has_pre); });
  });
}

bool is_compatible_range(std::string_view constraint, std::string_view version) {
  auto parsed = Version::parse(version);
  auto constraints = Constraints::parse(constraint);
  return parsed && constraints && constraints->check(*parsed);
}

}  // namespace autonomous::render
