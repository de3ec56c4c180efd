// Import: what runs from somebody else's GitOps comes here with a proven empty difference (design.md §7): the spec and
// the files of a project, and a platform.yaml, of which each target renders to exactly what its source says. What
// cannot be taken is named. Nothing is changed: the caller writes, or does not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/pipeline/import_find.h"
#include "daemon/pipeline/renderer.h"
#include "gitops/base/ctx.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

struct ImportedApp {
  model::Target target;
  std::string form;  // "manifests" | "chart" | "rendered manifests"
  std::string origin, application, ns;
  size_t objects = 0;
  std::vector<std::string> notes;
};

struct Imported {
  std::vector<ImportedApp> apps;  // by target; each is proven
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;
  std::map<std::string, std::string> project;  // files of the project's repository: autonomous.yaml, k8s/…, charts
  std::string platform;                        // platform.yaml
  std::map<std::string, std::string> objects;  // "production-web.yaml" → what runs, for kubectl
};

Result<Imported> import_tree(const Ctx& ctx, const FileTree& tree, const ImportOptions& options, Renderer& renderer);

// What to do with it, a line each: so that nothing stops, and nothing has two owners.
std::vector<std::string> after_import(const Imported& imported, const std::string& project, const std::string& folder);

}  // namespace autonomous::daemon
