// demand_of: what manifests ask the cluster for while they run and while they are rolled out, as a quota counts it.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/model/quota.h"
#include "render/app/manifests.h"

namespace autonomous::app {

struct DemandRules {
  // What a container gets that asks for nothing (the namespace's LimitRange).
  std::string request_cpu, request_memory;
  // Pods that a rollout has besides: of what is released now, not of what runs on.
  bool surge = false;
};

// By resource, in their order; those that ask for nothing are left out. Pods at the least that an autoscaler keeps; of
// Jobs only the greatest counts, because they run before the rest; DaemonSets count once, because nobody here knows the
// nodes. kInvalid: YAML that can't be read.
Result<std::vector<model::ResourceDemand>> demand_of(const std::vector<Resource>& resources, const DemandRules& rules);

}  // namespace autonomous::app
