// Names and numbers: projects, apps, environments, targets, releases. Pure values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::model {

// design.md §2: [a-z]([a-z0-9-]*[a-z0-9])?, no dots; at most this many bytes.
inline constexpr size_t kMaxProject = 22;
inline constexpr size_t kMaxApp = 24;
inline constexpr size_t kMaxEnvironment = 15;

// kInvalid that says what is wrong with `name` ("project name 'Shop': only a-z, 0-9 and '-', starting with a letter").
Result<void> check_name(std::string_view what, std::string_view name, size_t max);

// One app in one environment: the unit of releasing, locking and history.
struct Target {
  std::string environment;
  std::string project;
  std::string app;

  auto operator<=>(const Target&) const = default;
  std::string str() const { return environment + "/" + project + "/" + app; }
  // "production/shop/web"; kInvalid.
  static Result<Target> parse(std::string_view text);
};

// A numbered attempt to change a target; numbers start at 1.
struct ReleaseId {
  Target target;
  uint32_t number = 0;

  auto operator<=>(const ReleaseId&) const = default;
  std::string str() const { return target.str() + "/" + std::to_string(number); }
  std::string tag() const { return "release/" + str(); }
  static Result<ReleaseId> parse(std::string_view text);
};

}  // namespace autonomous::model
