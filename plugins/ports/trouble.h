// Trouble: the first bad thing that happened to a pod, in words that a developer can act on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gitops/base/clock.h"

namespace autonomous::ports {

struct Trouble {
  Time since{};             // when it began, as far as the cluster tells; else when the pod was made
  Time pod_created{};       // 0 where it is about no pod
  std::string object{};     // "pod web-5d8f-x2x7k", "ReplicaSet web-5d8f"
  std::string container{};  // "" where it is the pod's
  std::string image{};
  std::string reason{};   // "ImagePullBackOff", "CrashLoopBackOff", "FailedScheduling"
  std::string message{};  // the cluster's words, one line, masked, capped
  std::optional<int> exit_code{};
  std::vector<std::string> last_lines{};  // of the container's log, oldest first; masked, capped

  // "pod web-5d8f-x2x7k, container web: ImagePullBackOff: Back-off pulling image …"; "…: exit code 3: last line"
  std::string line() const;
  bool operator==(const Trouble&) const = default;
};

// Clocks of clusters may be behind ours by so much, and they count whole seconds.
inline constexpr Millis kSkew{3'000};

// The first one that is about a pod made since then: older pods belong to an earlier release.
std::optional<Trouble> first_trouble(const std::vector<Trouble>& troubles, Time since);

}  // namespace autonomous::ports
