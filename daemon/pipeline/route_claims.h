// Route claims: which hosts and paths an app has, so that no two have the same (kubernetes' gateways and ingress
// controllers each choose a winner by rules of their own).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/preflight.h"
#include "gitops/git/object.h"
#include "gitops/model/platform.h"
#include "gitops/store/record.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

struct RouteClaim {
  std::string host, path;
  std::string by;  // "HTTPRoute/web"
  auto operator<=>(const RouteClaim&) const = default;
};
using RouteClaims = std::map<model::Target, std::vector<RouteClaim>>;

// What HTTPRoutes and Ingresses claim: every host with every path. Routes that match by header are left out.
std::vector<RouteClaim> route_claims(const std::vector<app::Resource>& resources);
// `taken`: claims of other targets; `coming`: those of them that are on their way, and not live.
Preflight check_hosts(const model::App& app, const std::vector<RouteClaim>& ours, const RouteClaims& taken,
                      const std::set<model::Target>& coming);

// Whether what one routes can be in the way of what the other routes, as far as the platform says.
bool share_a_cluster(const model::Environment& a, const model::Environment& b);

// Whether both have the same host with the same path somewhere.
bool overlap(const std::vector<RouteClaim>& a, const std::vector<RouteClaim>& b);

// What releases claim, by their trees: read once each. Thread-safe.
class RouteTable {
 public:
  // The live releases of the targets that share a cluster with `target`, where they claim something of `ours`.
  Result<RouteClaims> in_the_way(store::Reader& reader, const store::State& state, const model::Platform& platform,
                                 const model::Target& target, const std::vector<RouteClaim>& ours);
  // Of one tree below apps/.
  using Claims = std::shared_ptr<const std::vector<RouteClaim>>;
  Result<Claims> of(store::Reader& reader, const git::Oid& tree);

 private:
  std::mutex mutex_;
  std::map<git::Oid, Claims> by_tree_;  // guarded by mutex_
};

}  // namespace autonomous::daemon
