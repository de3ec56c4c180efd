// Cluster: a read-only look at the pods of targets while a release is verified, so that a rollout that goes wrong is
// told within seconds, long before the verdict.
//
// An implementation is one cluster, shared by all targets there, and thread-safe. follow(), forget() and snapshot()
// touch memory only; watch() belongs to one thread of its owner and blocks until the stop.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "gitops/base/ctx.h"
#include "plugins/ports/reconciler.h"
#include "plugins/ports/trouble.h"

namespace autonomous::ports {

// Whose pods to look at.
struct Followed {
  std::string key;  // the caller's name for it: the target
  std::string ns;
  std::vector<ResourceId> workloads;  // the release's Deployments, StatefulSets, DaemonSets, Jobs, CronJobs, Pods
  Time since;  // pods that are older (by more than a few seconds of skew) belong to an earlier release
};

// What a cluster can take.
struct ClusterFacts {
  std::set<std::string> kinds;          // "apps/v1 Deployment", "v1 Service": what its API serves
  std::set<std::string> architectures;  // of its nodes; empty where we may not look at them
};

class Cluster {
 public:
  virtual ~Cluster() = default;

  virtual const std::string& name() const = 0;
  virtual void follow(Followed followed) = 0;  // again with the same key: replaces
  virtual void forget(const std::string& key) = 0;
  // The trouble that matters most now; nullopt: none seen.
  virtual std::optional<Trouble> snapshot(const std::string& key) const = 0;
  // changed(key): the snapshot of this key is another one. link(why): the cluster went away, or came back ("").
  virtual void watch(const Sink& sink, std::stop_token stop) = 0;
  // Asked now, or a moment ago.
  virtual Result<ClusterFacts> facts(const Ctx& ctx) = 0;
  // For doctor: gives the version, or what is missing.
  virtual Result<std::string> check(const Ctx& ctx) = 0;
};

}  // namespace autonomous::ports
