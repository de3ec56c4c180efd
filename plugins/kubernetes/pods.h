// What pods and events tell about a release: pure functions over the API's JSON. What is missing or odd tells nothing.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "plugins/ports/cluster.h"

namespace autonomous::kubernetes {

// A trouble, and the container whose log tells more.
struct Found {
  ports::Trouble trouble{};
  int rank = 0;  // lower matters more
  std::string ns{};
  std::string pod{};  // "" where it is about no pod
  int restarts = 0;
  bool has_log = false;  // a container ended by itself: its last lines say why
};

// The trouble of `followed` that matters most, of a namespace's PodList and EventList.
std::vector<Found> find_troubles(const ports::Followed& followed, const std::string& ns, const nlohmann::json& pods,
                                 const nlohmann::json& events);

// The last few lines of a log, one_line'd, masked and capped.
std::vector<std::string> last_lines(std::string_view log);

}  // namespace autonomous::kubernetes
