// What becomes of the volumes that a release has, when another set of manifests takes its place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gitops/model/ids.h"
#include "gitops/store/record.h"
#include "render/app/volumes.h"

namespace autonomous::daemon {

// files: below the target's folder, as they will be. built_in: they come from the built-in chart, whose sets may be
// made again. max_file: bytes. Only what differs is read: most releases touch no volume.
Result<app::VolumePlan> volume_plan(store::Reader& reader, const model::ReleaseId& live,
                                    const std::map<std::string, std::string>& files, bool built_in, uint64_t max_file);

// For the commit's message; "" without steps.
std::string prose_of(const std::vector<std::string>& steps);

}  // namespace autonomous::daemon
