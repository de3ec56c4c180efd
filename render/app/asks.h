// What a manifest asks the cluster for, as policies limit it: CPU and memory of containers, sizes of volumes, numbers
// of pods. Inside render/app only. Pure.
#pragma once

#include <vector>

#include "gitops/model/policy.h"
#include "render/app/scan.h"

namespace autonomous::app {

// In the order in which they stand. `kind`: of the resource.
std::vector<model::Ask> find_asks(const Json& resource, const std::string& kind);

}  // namespace autonomous::app
