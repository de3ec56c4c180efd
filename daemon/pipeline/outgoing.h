// Outgoing: what releases on their way claim of what others may claim, too: hosts, and room in a namespace. The record
// says it only once they are out; two that are rendered at the same moment would both find the place free.
//
// Thread-safe: lock() is held from the first look until put(), so that one judges and claims at a time.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/pipeline/route_claims.h"
#include "gitops/model/ids.h"
#include "gitops/model/quota.h"

namespace autonomous::daemon {

struct Claim {
  std::string tree;  // oid of the target's tree, that of the release
  std::string ns;
  std::vector<RouteClaim> routes;
  model::Demand demand;  // once it is rolled out

  bool any() const { return !routes.empty() || demand.pods > 0 || demand.storage > 0; }
};

class Outgoing {
 public:
  // Whether a release of that tree is still on its way, or is what runs.
  using StillTrue = std::function<bool(const model::Target&, const std::string& tree)>;
  explicit Outgoing(StillTrue still_true) : still_true_(std::move(still_true)) {}

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // Under lock(). Of other targets than `target`, those that concern it and are still true.
  using Concerns = std::function<bool(const model::Target&, const Claim&)>;
  std::map<model::Target, Claim> others(const model::Target& target, const Concerns& concerns);
  // Under lock(). In place of what the target claimed before; a claim of nothing is none.
  void put(const model::Target& target, Claim claim);

 private:
  const StillTrue still_true_;
  std::mutex mutex_;
  std::map<model::Target, Claim> claims_;  // guarded by mutex_
};

}  // namespace autonomous::daemon
