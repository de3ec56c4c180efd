// judge: is a release live? The definition is design.md §5's, in one pure function: no clock, no input or output.
//
// Live: the reconciler is Synced, compared with our source, no operation is running, at a revision that equals or
// descends from the release's commit, with the target's tree being the release's; and it holds all our manifests; and
// then Healthy. Unknown is never healthy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gitops/base/clock.h"
#include "plugins/ports/reconciler.h"

namespace autonomous::ports {

// What was released.
struct Released {
  std::string application;            // name
  std::string commit;                 // on deploy, 40 hex digits
  std::string tree;                   // Target-Tree
  Source source;                      // what the Application follows
  std::vector<ResourceId> manifests;  // all of the release's resources
  Time deadline;                      // not live by then: failed
  // The reconciler renders a chart: which resources it makes is not known here, but there are some. Without any, an
  // Application says Synced and Healthy all the same.
  bool renders = false;
};

// Questions about the branch; answered by the caller's copy of the repository.
struct History {
  // Equal, or a descendant of `commit`. False where `revision` isn't known here.
  std::function<bool(const std::string& commit, const std::string& revision)> descends;
  // The oid of the target's folder at a revision; "" where there is none.
  std::function<std::string(const std::string& revision)> tree_at;
};

struct Live {
  enum class Verdict : uint8_t { kProgressing, kHealthy, kFailed, kSuperseded };
  Verdict verdict = Verdict::kProgressing;
  std::string why;       // for people: what is waited for, what failed, what superseded it
  std::string resource;  // which one, where one is to blame: "apps/Deployment shop-local/web"
  std::string message;   // its message, in the service's words

  bool done() const { return verdict != Verdict::kProgressing; }
  bool operator==(const Live&) const = default;
};

// Degraded has to last this long: some kinds (an autoscaler without metrics yet) are Degraded for a moment at first.
inline constexpr Millis kDegradedLasts{10'000};

// `status`: nullopt while nothing was seen.
Live judge(const Released& released, const std::optional<AppStatus>& status, const History& history, Time now);

}  // namespace autonomous::ports
