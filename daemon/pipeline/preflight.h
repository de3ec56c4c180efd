// Preflight: what would fail after the commit is said before it, with the line to add (design.md §5). What cannot be
// checked is named, not assumed.
//
// The checks are pure; preflight() asks the registry and the cluster for what they need, each for a few seconds at
// most.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/wish.h"
#include "gitops/base/ctx.h"
#include "gitops/store/record.h"
#include "plugins/ports/cluster.h"
#include "plugins/ports/images.h"
#include "plugins/ports/secrets.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

struct Preflight {
  std::vector<Error> errors;           // it would fail
  std::vector<std::string> warnings;   // it may
  std::vector<std::string> unchecked;  // "images of quay.io (no registry instance)"
  void add(Preflight other);
};

// ---- what the image says of itself, against what is asked of it
// nodes: architectures of the cluster's nodes, empty: not known. main: the app's own image, and no sidecar's.
Preflight check_image(const model::App& app, const std::string& reference, const ports::ImageFacts& facts,
                      const std::vector<app::Resource>& resources, const std::set<std::string>& nodes, bool main);

// ---- kinds that the cluster lacks; those that the release brings itself count as there
Preflight check_kinds(const std::vector<app::Resource>& resources, const std::set<std::string>& kinds);

// ---- fields that Kubernetes does not let change. Volumes are another matter (render/app).
Preflight check_immutable(const std::vector<app::Resource>& before, const std::vector<app::Resource>& after);

// ---- all of them, for a target that was rendered
struct PreflightOptions {
  std::string repository, branch = "deploy";
  std::function<ports::Images*(const std::string& host)> images;    // null: none of that host
  std::function<ports::Cluster*(const std::string& name)> cluster;  // by the instance's name
  std::function<ports::Secrets*(const std::string& name)> secrets;  // likewise
};
struct Looked {
  const Wish& wish;
  const std::vector<app::Resource>& resources;
  std::string ns;                          // the target's
  std::string main_image;                  // "" = none
  std::optional<model::ReleaseId> before;  // what stands now; nothing: nothing does
};
Result<Preflight> preflight(const Ctx& ctx, const PreflightOptions& options, const Looked& looked);

// What cannot be taken back by going from one release to another: migrations that ran. Sentences for people.
std::vector<std::string> cannot_be_undone(const std::vector<app::Resource>& now,
                                          const std::vector<app::Resource>& then);

}  // namespace autonomous::daemon
