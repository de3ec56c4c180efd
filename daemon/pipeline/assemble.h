// assemble(): the render step: what a wish makes of its target: manifests, values, release.yaml, and the facts for the
// commit. Reads git objects and runs render workers; changes nothing outside.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/pipeline/board.h"
#include "daemon/pipeline/config_commit.h"
#include "daemon/pipeline/fetched_chart.h"
#include "daemon/pipeline/preflight.h"
#include "daemon/pipeline/renderer.h"
#include "gitops/model/quota.h"
#include "plugins/ports/reconciler.h"

namespace autonomous::daemon {

class Demands;     // namespaces.h
class Outgoing;    // outgoing.h
class RouteTable;  // route_claims.h

struct AssembleOptions {
  Renderer* renderer = nullptr;
  std::string repository;  // the GitOps repository on this disk
  std::string gitops_url;  // as a reconciler reaches it
  std::string branch = "deploy";
  uint64_t max_file = 16u << 20;            // bytes of a file of a source repository
  uint64_t max_output = 64u << 20;          // bytes of all manifests of a target
  ConfigCommits* config_commits = nullptr;  // null: a release names the tip of main that it was made under
  FetchChart fetch_chart;                   // null: charts are folders of the project
  // By the instance's name; null where there is none.
  std::function<ports::Reconciler*(const std::string&)> reconciler;
  Demands* demands = nullptr;  // null: quotas are not checked
  // For preflight: a registry by its host, a cluster and a secret store by the instance's name; null where there is
  // none.
  std::function<ports::Images*(const std::string&)> images;
  std::function<ports::Cluster*(const std::string&)> cluster;
  std::function<ports::Secrets*(const std::string&)> secrets;
  RouteTable* routes = nullptr;  // null: hosts are not compared with those of others
  Outgoing* outgoing = nullptr;  // null: nothing is claimed, and only what is live is compared with
};

// Null: a change of configuration that changes nothing for this target. Errors: the reason, for the pusher; retryable
// where the worker and not the input is to blame.
Result<std::shared_ptr<const Assembled>> assemble(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                                  const store::State& state);

// The same for a project's tree that is given, without a record to compare with (verify, diff).
struct Rendering {
  std::map<std::string, std::string> files;  // below apps/<target>/: release.yaml, values.yaml, manifests/…
  model::Trailers trailers;
  std::map<std::string, store::KeptInput> inputs;
  std::vector<model::ResourceDemand> demand;  // where the platform has a quota
  std::vector<std::string> warnings;
  std::string summary;
  std::vector<app::Resource> resources;
  std::string ns;          // the target's
  std::string main_image;  // the app's own; "" = none is known
};
Result<Rendering> render_target(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                const FileTree& project);

}  // namespace autonomous::daemon
