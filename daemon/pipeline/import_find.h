// What a folder of GitOps holds: Argo CD Applications with their folders and charts, a kuberpult repository, or folders
// of manifests; and what of it cannot be taken, with what to do instead. Reads the tree, changes nothing.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/base/tree.h"

namespace autonomous::daemon {

struct ImportOptions {
  std::string project;
  std::vector<std::string> environments;  // empty: told from names (dev, staging, production…), else "production"
  std::string kubernetes;                 // what charts are rendered for; "" = the renderer's default
  std::string url;                        // of the repository that the tree is a clone of; "" = not known
};

// One app in one environment, as it is found.
struct Found {
  enum class Kind : uint8_t { kManifests, kChart };
  Kind kind = Kind::kManifests;
  std::string app, environment;
  std::string origin;              // "argocd/web.yaml:1", or the folder
  std::string application;         // the Argo CD Application that has it now; "" = none is known
  std::string ns, cluster;         // where it goes; "" = nothing says it
  std::vector<std::string> files;  // kManifests: of the tree, in order
  std::string path;                // of the chart, or what `files` lie below
  std::string release;             // Helm's name of it
  std::vector<std::string> value_files;
  std::string values;  // YAML over the files; "" = none
  std::vector<std::string> notes;
};

struct LeftOut {
  std::string what;  // "Application web (argocd/web.yaml:1)"
  std::string why, next;
};

struct FoundAll {
  std::vector<Found> found;
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;
};

// kNotFound where nothing in it is anything of that.
Result<FoundAll> find_apps(const FileTree& tree, const ImportOptions& options);

// The Argo CD Applications in the tree; nothing where there are none.
Result<FoundAll> find_applications(const FileTree& tree, const ImportOptions& options);

// The environment that a name says, and the name without it: "web-staging" → staging, web. "" = it says none.
struct Placed {
  std::string environment, rest;
};
Placed place_name(const std::string& name, const std::vector<std::string>& environments);

// Manifest files below a folder ("" = the root), bytewise; only right in it unless `recurse`.
Result<std::vector<std::string>> manifest_files(const FileTree& tree, const std::string& folder, bool recurse);
bool is_kustomization(const FileTree& tree, const std::string& folder);

}  // namespace autonomous::daemon
