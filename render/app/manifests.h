// Manifests: a stream of Kubernetes resources taken apart, checked, and given their images. What is written to `deploy`
// is each resource's own text, one a file. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "gitops/model/policy.h"
#include "gitops/model/spec.h"

namespace autonomous::app {

struct Resource {
  std::string api_version;  // "apps/v1"
  std::string group;        // "apps"; "" = core
  std::string kind;
  std::string ns;  // as written; "" = none
  std::string name;
  std::string text;    // the document without "---" and "# Source: …", ending in a line end
  std::string source;  // the file or template that it came from
  bool hook = false;   // helm.sh/hook or argocd.argoproj.io/hook: runs during a sync, is no part of what then stands
  std::vector<std::string> label_keys;  // of metadata.labels
  std::vector<std::string> images;      // of its containers, init containers included
  std::vector<model::Ask> asks;         // what it asks the cluster for
  Place place;                          // where its document begins
};

// The resources of a stream, in their order; items of a List by themselves. `file` is for messages; a "# Source: " line
// names it better. kInvalid with file, line and caret: bad YAML, no map, no apiVersion, kind or metadata.name.
Result<std::vector<Resource>> split_manifests(std::string_view text, std::string_view file);

struct ManifestRules {
  std::string own_namespace;                   // a resource without a namespace goes there
  std::vector<std::string> plaintext_secrets;  // names of Secrets that may be written out
};
// All that is wrong, at once: two resources with one (group, kind, namespace, name), and where both were written;
// plaintext Secrets (the hint shows the ExternalSecret to use instead).
std::vector<Error> check_manifests(const std::vector<Resource>& resources, const ManifestRules& rules);

// The images of an app of the kinds chart and manifests: in each container whose image has the repository `replaces`,
// the image becomes `image`; nothing else of the text changes.
struct ImageChange {
  std::string replaces;  // a repository, as AppImage has it
  std::string image;     // registry/repo@sha256:…
};
Result<void> put_images(std::vector<Resource>& resources, const std::vector<ImageChange>& changes);

// Plain manifests of an app (App::manifests, overlays laid over them, `extra`, `patches`), read from the project's
// tree.
Result<std::vector<Resource>> load_manifests(const FileTree& project, const model::App& app);

// App::patches and App::extra, for what a chart rendered.
Result<void> patch_resources(std::vector<Resource>& resources, const FileTree& project, const model::App& app);

}  // namespace autonomous::app
