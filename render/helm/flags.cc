#include "render/helm/flags.h"

#include <algorithm>
#include <cstdlib>

#include "gitops/base/text.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

std::string go_quoted(std::string_view text) { return render::quote_go(text); }

// time.ParseDuration, as far as it goes wrong.
Result<void> check_duration(std::string_view whole) {
  auto bad = [&] { return fail(Code::kInvalid, "time: invalid duration ", go_quoted(whole)); };
  std::string_view text = whole;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text == "0") return ok();
  if (text.empty()) return bad();
  auto digits = [&] {
    size_t n = 0;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
    text.remove_prefix(n);
    return n;
  };
  while (!text.empty()) {
    size_t before = digits();
    size_t after = 0;
    if (starts_with(text, ".")) {
      text.remove_prefix(1);
      after = digits();
    }
    if (before + after == 0) return bad();
    size_t n = 0;
    while (n < text.size() && text[n] != '.' && (text[n] < '0' || text[n] > '9')) ++n;
    if (n == 0) return fail(Code::kInvalid, "time: missing unit in duration ", go_quoted(whole));
    std::string_view unit = text.substr(0, n);
    constexpr std::string_view kUnits[] = {"ns", "us", "\xC2\xB5s", "\xCE\xBCs", "ms", "s", "m", "h"};
    if (std::find(std::begin(kUnits), std::end(kUnits), unit) == std::end(kUnits)) {
      return fail(Code::kInvalid, "time: unknown unit ", go_quoted(unit), " in duration ", go_quoted(whole));
    }
    text.remove_prefix(n);
  }
  return ok();
}

// encoding/csv: the first record.
Result<std::vector<std::string>> parse_csv(std::string_view text) {
  std::vector<std::string> fields;
  if (text.empty()) return fields;
  size_t at = 0;
  auto bad = [](size_t column, std::string_view what) {
    return fail(Code::kInvalid, "parse error on line 1, column ", column, ": ", what);
  };
  while (true) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      ++at;
      while (true) {
        size_t quote = text.find('"', at);
        if (quote == std::string_view::npos) return bad(text.size() + 1, "extraneous or missing \" in quoted-field");
        field += text.substr(at, quote - at);
        at = quote + 1;
        if (at < text.size() && text[at] == '"') {
          field += '"';
          ++at;
          continue;
        }
        break;
      }
      if (at < text.size() && text[at] != ',' && text[at] != '\n')
        return bad(at, "extraneous or missing \" in quoted-field");
    } else {
      size_t end = std::min(text.find_first_of(",\n", at), text.size());
      field = text.substr(at, end - at);
      if (size_t quote = field.find('"'); quote != std::string::npos)
        return bad(at + quote + 1, "bare \" in non-quoted-field");
      at = end;
    }
    fields.push_back(std::move(field));
    if (at >= text.size() || text[at] == '\n') return fields;
    ++at;
  }
}

Result<void> check_number(std::string_view text, bool whole) {
  std::string copy(text);
  char* end = nullptr;
  if (whole) {
    (void)std::strtoll(copy.c_str(), &end, 0);
  } else {
    (void)std::strtof(copy.c_str(), &end);
  }
  if (!copy.empty() && *end == '\0') return ok();
  return fail(Code::kInvalid, whole ? "strconv.ParseInt" : "strconv.ParseFloat", ": parsing ", go_quoted(text),
              ": invalid syntax");
}

Result<void> assign(Flags::Flag& flag, const std::string& value) {
  using Kind = Flags::Kind;
  auto* texts = static_cast<std::vector<std::string>*>(flag.into);
  switch (flag.kind) {
    case Kind::kBool: {
      TRY(bool on, parse_bool(value));
      if (flag.into != nullptr) *static_cast<bool*>(flag.into) = on;
      return ok();
    }
    case Kind::kString:
      if (flag.into != nullptr) *static_cast<std::string*>(flag.into) = value;
      return ok();
    case Kind::kStringArray:
      if (texts != nullptr) texts->push_back(value);
      return ok();
    case Kind::kStringSlice: {
      TRY(auto fields, parse_csv(value));
      if (texts != nullptr) texts->insert(texts->end(), fields.begin(), fields.end());
      return ok();
    }
    case Kind::kStringToString: {
      TRY(auto fields, parse_csv(value));
      for (const std::string& field : fields) {
        if (field.find('=') == std::string::npos) return fail(Code::kInvalid, field, " must be formatted as key=value");
        if (texts != nullptr) texts->push_back(field);
      }
      return ok();
    }
    case Kind::kDuration: return check_duration(value);
    case Kind::kInt: return check_number(value, true);
    case Kind::kFloat: return check_number(value, false);
  }
  return ok();
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue)) return true;
  if (std::find(std::begin(kFalse), std::end(kFalse), text) != std::end(kFalse)) return false;
  return fail(Code::kInvalid, "strconv.ParseBool: parsing ", go_quoted(text), ": invalid syntax");
}

Flags::Flag* Flags::find(std::string_view name) {
  auto found = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == flags_.end() ? nullptr : &*found;
}

Flags::Flag* Flags::find(char letter) {
  auto found = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.letter == letter; });
  return found == flags_.end() ? nullptr : &*found;
}

bool Flags::given(std::string_view name) const {
  return std::any_of(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name && flag.given; });
}

Result<void> Flags::set(Flag& flag, const std::string& value, std::vector<std::string>& notices) {
  auto assigned = assign(flag, value);
  if (assigned && flag.check != nullptr) assigned = flag.check(value, notices);
  if (!assigned) {
    std::string shown = (flag.letter != 0 ? std::string("-") + flag.letter + ", --" : "--") + std::string(flag.name);
    return fail(Code::kInvalid, "invalid argument ", go_quoted(value), " for ", go_quoted(shown),
                " flag: ", assigned.error().message());
  }
  flag.given = true;
  if (!flag.deprecated.empty()) {
    notices.push_back("Flag --" + std::string(flag.name) + " has been deprecated, " + std::string(flag.deprecated));
  }
  return ok();
}

Result<void> Flags::parse_long(const std::string& argument, const std::vector<std::string>& arguments, size_t& at,
                               std::vector<std::string>& notices) {
  std::string_view name = std::string_view(argument).substr(2);
  if (name.empty() || name.front() == '-' || name.front() == '=')
    return fail(Code::kInvalid, "bad flag syntax: ", argument);
  size_t equals = name.find('=');
  Flag* flag = find(name.substr(0, equals));
  if (name.substr(0, equals) == "help") flag = &help_flag_;
  if (flag == nullptr) {
    return fail(Code::kInvalid, "unknown flag: --", name.substr(0, equals));
  }
  if (equals != std::string_view::npos) return set(*flag, std::string(name.substr(equals + 1)), notices);
  if (flag->kind == Kind::kBool) return set(*flag, "true", notices);
  if (!flag->bare_value.empty()) return set(*flag, std::string(flag->bare_value), notices);
  if (at + 1 >= arguments.size()) return fail(Code::kInvalid, "flag needs an argument: ", argument);
  return set(*flag, arguments[++at], notices);
}

Result<void> Flags::parse_short(const std::string& argument, const std::vector<std::string>& arguments, size_t& at,
                                std::vector<std::string>& notices) {
  std::string_view letters = std::string_view(argument).substr(1);
  while (!letters.empty()) {
    char letter = letters.front();
    std::string_view rest = letters.substr(1);
    Flag* flag = letter == 'h' ? &help_flag_ : find(letter);
    if (flag == nullptr) {
      return fail(Code::kInvalid, "unknown shorthand flag: '", letter, "' in -", letters);
    }
    if (rest.size() > 1 && rest.front() == '=') return set(*flag, std::string(rest.substr(1)), notices);
    if (flag->kind == Kind::kBool) {
      TRY_DO(set(*flag, "true", notices));
      letters = rest;
      continue;
    }
    if (!rest.empty()) return set(*flag, std::string(rest), notices);
    if (at + 1 >= arguments.size()) return fail(Code::kInvalid, "flag needs an argument: '", letter, "' in -", letters);
    return set(*flag, arguments[++at], notices);
  }
  return ok();
}

Result<void> Flags::parse(const std::vector<std::string>& arguments, std::vector<std::string>& rest,
                          std::vector<std::string>& notices) {
  for (size_t at = 0; at < arguments.size(); ++at) {
    const std::string& argument = arguments[at];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<ptrdiff_t>(at) + 1, arguments.end());
      return ok();
    }
    if (argument.size() < 2 || argument.front() != '-') {
      rest.push_back(argument);
    } else if (argument[1] == '-') {
      TRY_DO(parse_long(argument, arguments, at, notices));
    } else {
      TRY_DO(parse_short(argument, arguments, at, notices));
    }
  }
  return ok();
}

std::string Flags::usages() const {
  auto head = [](const Flag& flag) {
    std::string text = flag.letter != 0 ? std::string("  -") + flag.letter + ", --" : "      --";
    return text + std::string(flag.name) + (flag.kind == Kind::kBool ? "" : " VALUE");
  };
  size_t width = 0;
  for (const Flag& flag : flags_) {
    if (!flag.usage.empty()) width = std::max(width, head(flag).size());
  }
  std::string out;
  for (const Flag& flag : flags_) {
    if (flag.usage.empty()) continue;
    std::string text = head(flag);
    out += text + std::string(width - text.size() + 3, ' ') + std::string(flag.usage) + "\n";
  }
  return out;
}

}  // namespace autonomous::helm
