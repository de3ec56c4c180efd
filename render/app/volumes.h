// plan_volumes: what a release does to volumes that are there already, told before its commit. Volumes only grow; a set
// can't change what it says about its claims, so somebody has to expand them and to let go of the set. Pure.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "render/app/manifests.h"

namespace autonomous::app {

// On a StatefulSet: its volumes are grown by hand, whoever pushes knows the steps.
inline constexpr std::string_view kVolumesByHand = "autonomous/volumes";  // by-hand

struct VolumePlan {
  std::vector<std::string> steps;  // "StatefulSet search: volume data grows from 5Gi to 8Gi: …"
  std::vector<Error> errors;       // what can't be done: smaller, another class; growth that nobody takes care of
};

// From what runs to what shall run. StatefulSets, claims and CloudNativePG's Clusters with the same name and namespace
// in both are compared; `built_in`: made by our chart, whose Job grows sets where the platform has an image for it.
// kInvalid: YAML that can't be read.
Result<VolumePlan> plan_volumes(const std::vector<Resource>& before, const std::vector<Resource>& after, bool built_in);

}  // namespace autonomous::app
