// policy: what an environment allows, judged before a commit. Pure but for the time zone, which is read from the
// system's tz database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/model/platform.h"

namespace autonomous::model {

struct Violation {
  std::string rule;      // "registries", "kinds.deny"… (keys of policies:), "ticket", "image"
  std::string resource;  // "ClusterRole/admin", or ""
  std::string message;
};

// What a resource asks the cluster for.
struct Ask {
  enum class What : uint8_t { kCpu, kMemory, kStorage, kPods };
  What what;
  std::string where;   // "container web"; "" = the resource itself
  std::string amount;  // a quantity, as written
};

// What the policies need to know of a rendered resource.
struct PolicyResource {
  std::string group, kind, name;
  std::vector<std::string> labels;  // keys
  std::vector<std::string> images;  // references of its containers
  std::vector<Ask> asks = {};
};

std::vector<Violation> check_resources(const Policies& policies, const std::vector<PolicyResource>& resources);
std::vector<Violation> check_image(const Policies& policies, std::string_view image, std::string_view resource);
// Empty ticket where one is wanted, or one that the pattern doesn't match whole.
std::optional<Violation> check_ticket(const Environment& environment, std::string_view ticket);

struct Frozen {
  std::string text;  // the window as written
  std::string because;
  Time until;
};
// The window that is in force at `now`, the one that ends last. kInvalid when a zone is unknown (parse_platform refuses
// such a file where it can).
Result<std::optional<Frozen>> frozen(const Environment& environment, Time now);

enum class Intent : uint8_t { kRelease, kRollback };
// How many approvals a release into this environment needs, and whether a freeze stops it.
uint32_t approvals_needed(const Environment& environment, Intent intent);
bool freeze_applies(const Environment& environment, Intent intent);

// A time zone's offset at a moment: "UTC", "+05:30", or a name of the tz database.
Result<void> check_zone(std::string_view zone);

}  // namespace autonomous::model
