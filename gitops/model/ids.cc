#include "gitops/model/ids.h"

#include <charconv>

#include "gitops/base/text.h"

namespace autonomous::model {

namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name, size_t max) {
  auto wrong = [&](std::string_view why) {
    return fail(Code::kInvalid, what, " name '", one_line(name, 60), "': ", why);
  };
  if (name.empty()) return wrong("it is empty");
  if (name.size() > max)
    return wrong("at most " + std::to_string(max) + " characters, this has " + std::to_string(name.size()));
  if (!lower(name.front())) return wrong("it must start with a letter a-z");
  if (name.back() == '-') return wrong("it must not end with '-'");
  for (char c : name) {
    if (!lower(c) && !digit(c) && c != '-') return wrong("only a-z, 0-9 and '-' are allowed");
  }
  return ok();
}

Result<Target> Target::parse(std::string_view text) {
  auto parts = split(text, '/');
  if (parts.size() != 3) {
    return fail(Code::kInvalid, "'", one_line(text, 80), "' is no target: it has the form environment/project/app");
  }
  TRY_DO(check_name("environment", parts[0], kMaxEnvironment));
  TRY_DO(check_name("project", parts[1], kMaxProject));
  TRY_DO(check_name("app", parts[2], kMaxApp));
  return Target{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
}

Result<ReleaseId> ReleaseId::parse(std::string_view text) {
  size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    return fail(Code::kInvalid, "'", one_line(text, 80),
                "' is no release: it has the form environment/project/app/number");
  }
  TRY(Target target, Target::parse(text.substr(0, slash)));
  std::string_view digits = text.substr(slash + 1);
  uint32_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0 || digits.front() == '0') {
    return fail(Code::kInvalid, "'", one_line(digits, 40), "' is no release number: a whole number from 1");
  }
  return ReleaseId{std::move(target), number};
}

}  // namespace autonomous::model
