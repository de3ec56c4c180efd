// Quota: what one namespace may hold at most, and whether what is in it and what comes fits. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace autonomous::model {

struct Quota {
  std::string cpu, memory, storage;  // requests, as Kubernetes quantities; "" = no limit
  uint32_t pods = 0;                 // 0 = no limit

  bool any() const { return !cpu.empty() || !memory.empty() || !storage.empty() || pods != 0; }
  bool operator==(const Quota&) const = default;
};

// What something asks the cluster for, all its pods together: CPUs, bytes.
struct Demand {
  long double cpu = 0, memory = 0, storage = 0;
  uint64_t pods = 0;

  Demand& operator+=(const Demand& more);
  Demand times(uint64_t count) const;
};

// What one resource asks for.
struct ResourceDemand {
  std::string resource;  // "Deployment/web"
  Demand demand;
};

// A key of the quota that would be exceeded: cpu, memory, storage or pods.
struct QuotaExcess {
  std::string key;
  std::string resource;  // the one that asks for most of it
  std::string message;   // "Deployment/web asks for 2 CPU of 4 that this release asks for; the other apps of the
                         // namespace ask for 38, and the quota is 40"
};
// `asked`: of the release, by resource; `others`: of everything else in the namespace; `other_apps`: how many they are.
std::vector<QuotaExcess> check_quota(const Quota& quota, const std::vector<ResourceDemand>& asked, const Demand& others,
                                     size_t other_apps);

}  // namespace autonomous::model
