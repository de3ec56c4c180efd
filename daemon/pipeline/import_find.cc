#include "daemon/pipeline/import_find.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "gitops/base/text.h"
#include "gitops/model/detect.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxConfig = 16u << 20;

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::string destination(const Json& config, const char* key) {
  const Json::json_pointer where(std::string("/argocd/destination/") + key);
  return config.is_object() && config.contains(where) && config.at(where).is_string()
             ? config.at(where).get<std::string>()
             : "";
}

// environments/<env>/applications/<app>/manifests/…: what kuberpult writes, and its Argo CD reads.
Result<FoundAll> find_kuberpult(const FileTree& tree, const std::vector<FileEntry>& entries) {
  FoundAll out;
  std::map<std::pair<std::string, std::string>, Found> all;
  for (const FileEntry& entry : entries) {
    auto parts = split(entry.path, '/');
    if (parts.size() < 6 || parts[0] != "environments" || parts[2] != "applications" || parts[4] != "manifests")
      continue;
    if (!ends_with(entry.path, ".yaml") && !ends_with(entry.path, ".yml")) continue;
    Found& one = all[{std::string(parts[1]), std::string(parts[3])}];
    one.environment = parts[1];
    one.app = parts[3];
    one.path = one.origin = entry.path.substr(0, entry.path.find("/manifests/") + 10);
    one.files.push_back(entry.path);
  }
  for (auto& [key, one] : all) {
    const std::string file = "environments/" + one.environment + "/config.json";
    if (auto text = tree.read(file, kMaxConfig)) {
      Json config = Json::parse(*text, nullptr, false);
      one.ns = destination(config, "namespace");
      one.cluster = destination(config, "server").empty() ? destination(config, "name") : destination(config, "server");
      if (config.is_discarded()) out.notes.push_back(file + " is no JSON: namespaces are taken from the manifests");
    }
    one.application = one.environment + "-" + one.app;  // as kuberpult calls them
    out.found.push_back(std::move(one));
  }
  if (!out.found.empty())
    out.notes.emplace_back(
        "locks, queues and the order of environments stay kuberpult's: say `from: staging` in platform.yaml where apps are promoted");
  return out;
}

// A folder each: apps/web, k8s/web, web; or all of it is one app.
Result<FoundAll> find_folders(const FileTree& tree, const std::vector<FileEntry>& entries,
                              const ImportOptions& options) {
  FoundAll out;
  std::set<std::string> folders;
  bool at_root = false;
  for (const FileEntry& entry : entries) {
    auto parts = split(entry.path, '/');
    if (starts_with(parts[0], ".")) continue;
    const bool yaml = ends_with(entry.path, ".yaml") || ends_with(entry.path, ".yml");
    if (!yaml) continue;
    if (parts.size() == 1) at_root = true;
    else folders.insert(std::string(parts[0]));
  }
  static const std::set<std::string> kShelves = {"apps", "k8s", "kubernetes", "manifests", "deploy", "charts"};
  std::set<std::string> apps;
  for (const std::string& folder : folders) {
    TRY(auto direct, manifest_files(tree, folder, false));
    if (!kShelves.contains(folder) || !direct.empty()) {
      apps.insert(folder);
      continue;
    }
    TRY(auto below, tree.list(folder));
    for (const FileEntry& entry : below) {
      auto parts = split(entry.path, '/');
      if (parts.size() > 2) apps.insert(folder + "/" + std::string(parts[1]));
    }
  }
  if (at_root) apps = {""};
  for (const std::string& folder : apps) {
    Found one;
    const std::string name = folder.empty() ? options.project : folder.substr(folder.rfind('/') + 1);
    one.path = folder;
    one.app = one.release = model::to_name(name, model::kMaxApp);
    one.origin = folder.empty() ? "." : folder;
    if (is_kustomization(tree, folder)) {
      out.left_out.push_back(
          {one.origin, "it is built with kustomize",
           "kustomize build " + one.origin + " > " + one.app + ".yaml, and import the folder with that"});
      continue;
    }
    if (tree.stat(joined(folder, "Chart.yaml"))) {
      one.kind = Found::Kind::kChart;
    } else {
      TRY(one.files, manifest_files(tree, folder, true));
    }
    if (one.kind == Found::Kind::kChart || !one.files.empty()) out.found.push_back(std::move(one));
  }
  return out;
}

}  // namespace

bool is_kustomization(const FileTree& tree, const std::string& folder) {
  for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    if (tree.stat(joined(folder, name))) return true;
  }
  return false;
}

Result<std::vector<std::string>> manifest_files(const FileTree& tree, const std::string& folder, bool recurse) {
  TRY(auto entries, tree.list(folder));
  std::vector<std::string> out;
  for (const FileEntry& entry : entries) {
    const std::string inner = folder.empty() ? entry.path : entry.path.substr(folder.size() + 1);
    if (!recurse && inner.find('/') != std::string::npos) continue;
    if (starts_with(inner, ".") || inner.find("/.") != std::string::npos) continue;
    if (ends_with(inner, ".yaml") || ends_with(inner, ".yml") || ends_with(inner, ".json")) out.push_back(entry.path);
  }
  return out;
}

Placed place_name(const std::string& name, const std::vector<std::string>& environments) {
  for (const std::string& environment : environments) {
    for (char separator : {'-', '.', '_'}) {
      std::string rest;
      bool said = false;
      for (std::string_view part : split(name, separator)) {
        if (part == environment && !said) {
          said = true;
        } else {
          rest += (rest.empty() ? "" : std::string(1, separator)) + std::string(part);
        }
      }
      if (said && !rest.empty()) return {environment, rest};
    }
  }
  return {"", name};
}

Result<FoundAll> find_apps(const FileTree& tree, const ImportOptions& options) {
  if (tree.stat("autonomous.yaml"))
    return fail(Code::kConflict, "there is an autonomous.yaml already")
        .hint("push it as it is: it is a project of ours");
  TRY(auto entries, tree.list(""));
  TRY(FoundAll out, find_applications(tree, options));
  if (out.found.empty() && out.left_out.empty()) {
    TRY(out, find_kuberpult(tree, entries));
  }
  if (out.found.empty() && out.left_out.empty()) {
    TRY(out, find_folders(tree, entries, options));
  }
  if (out.found.empty() && out.left_out.empty())
    return fail(Code::kNotFound, "there is nothing to import: no Argo CD Application, no manifests, no chart")
        .hint(
            "a clone of the GitOps repository; beside it, what the cluster has: kubectl -n argocd get applications -o yaml > applications.yaml");
  const std::string only = options.environments.size() == 1 ? options.environments.front()
                           : options.environments.empty()   ? "production"
                                                            : "";
  for (Found& one : out.found) {
    if (one.environment.empty()) one.environment = only;
  }
  std::erase_if(out.found, [&](const Found& one) {
    if (!one.environment.empty()) return false;
    out.left_out.push_back(
        {one.origin, "neither its name nor its folder says one of the environments " + join(options.environments, ", "),
         "import it by itself: -e ENVIRONMENT"});
    return true;
  });
  return out;
}

}  // namespace autonomous::daemon
