// What becomes of the volumes that a release has, when another set of manifests takes its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gitops/base/tree.h"
#include "gitops/model/trailers.h"
#include "render/app/volumes.h"

namespace autonomous::daemon {

// live: the target's folder as it is; files: as it will be. built_in: they come from the built-in chart, whose sets may
// be made again. max_file: bytes. Only what differs is read: most releases touch no volume.
Result<app::VolumePlan> volume_plan(const FileTree& live, const std::map<std::string, std::string>& files,
                                    bool built_in, uint64_t max_file);

// Whether a release was rendered with our chart, whatever its version.
bool is_built_in(const std::optional<model::ChartFact>& chart);

// For the commit's message; "" without steps.
std::string prose_of(const std::vector<std::string>& steps);

// What a change does to what cannot simply be changed: volumes, and fields that Kubernetes lets nobody change.
struct ChangePlan {
  std::vector<std::string> steps;  // "StatefulSet search: volume data grows from 5Gi to 8Gi: …"
  std::vector<Error> refused;      // with what to do instead
};
// live, files: the target's folder, with its release.yaml.
Result<ChangePlan> plan_change(const FileTree& live, const std::map<std::string, std::string>& files,
                               uint64_t max_file);

}  // namespace autonomous::daemon
