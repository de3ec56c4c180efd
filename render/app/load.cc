// Plain manifests out of a project's tree, with what is laid over them.
#include <algorithm>
#include <set>

#include "gitops/base/text.h"
#include "render/app/manifests.h"
#include "render/app/merge.h"
#include "render/app/scan.h"

namespace autonomous::app {
namespace {

constexpr uint64_t kMaxFile = 16u << 20;

bool is_manifest_file(std::string_view path) {
  return ends_with(path, ".yaml") || ends_with(path, ".yml") || ends_with(path, ".json");
}

bool is_glob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

std::string without_slashes(std::string path) {
  while (ends_with(path, "/")) path.pop_back();
  while (starts_with(path, "./")) path.erase(0, 2);
  return path == "." ? "" : path;
}

// A link is followed inside the project, and nowhere else.
Result<std::string> read_file(const FileTree& project, const FileEntry& entry) {
  std::string path = entry.path;
  FileKind kind = entry.kind;
  for (int hops = 0; kind == FileKind::kLink; ++hops) {
    if (hops == 8) return fail(Code::kDenied, entry.path, ": too many links after each other");
    TRY(std::string target, project.read(path, 4096));
    TRY_WITH(path, "while following the link " + entry.path, resolve_link(path, target));
    TRY_WITH(FileEntry next, "while following the link " + entry.path, project.stat(path));
    kind = next.kind;
  }
  if (kind == FileKind::kSubmodule) {
    return fail(Code::kDenied, entry.path, " is a submodule: its files aren't in this repository");
  }
  TRY_WITH(std::string text, "while reading the manifest " + entry.path, project.read(path, kMaxFile));
  return text;
}

// The manifest files that `where` names (a folder, a file or a glob), bytewise; what lies below an overlays folder is
// for one environment only and left out.
Result<std::vector<FileEntry>> find_files(const FileTree& project, const std::string& where, bool with_overlays) {
  std::string folder = without_slashes(where);
  std::vector<FileEntry> out;
  if (!is_glob(folder) && is_manifest_file(folder)) {
    if (auto entry = project.stat(folder)) {
      out.push_back(*std::move(entry));
      return out;
    }
  }
  TRY(auto entries, project.list(is_glob(folder) ? "" : folder));
  for (FileEntry& entry : entries) {
    std::string_view path = entry.path;
    if (is_glob(folder) && !model::matches({folder}, path)) continue;
    std::string_view inner =
        is_glob(folder) || folder.empty() ? path : path.substr(std::min(path.size(), folder.size() + 1));
    bool overlay = starts_with(inner, "overlays/") || inner.find("/overlays/") != std::string_view::npos;
    if (overlay && !with_overlays && !(is_glob(folder) && folder.find("overlays/") != std::string::npos)) continue;
    bool hidden = starts_with(inner, ".") || inner.find("/.") != std::string_view::npos;
    if (entry.kind == FileKind::kSubmodule || (is_manifest_file(path) && !hidden)) out.push_back(std::move(entry));
  }
  return out;
}

Result<void> add_files(const FileTree& project, const std::string& where, std::set<std::string>& seen,
                       std::vector<Resource>& out) {
  TRY(auto files, find_files(project, where, false));
  if (files.empty()) {
    return fail(Code::kInvalid, "there are no manifests in ", where.empty() ? "the project's root" : where);
  }
  for (const FileEntry& file : files) {
    if (!seen.insert(file.path).second) continue;
    TRY(std::string text, read_file(project, file));
    TRY(auto resources, split_manifests(text, file.path));
    std::move(resources.begin(), resources.end(), std::back_inserter(out));
  }
  return ok();
}

// Lays `patch` over the resource; false where `$patch: delete` takes it away.
Result<bool> lay_over(Resource& resource, const Json& patch) {
  if (text_of(patch, "$patch") == "delete") return false;
  TRY(Json value, parse_document(resource.text, resource.place));
  merge_manifest(value, patch);
  TRY(std::string text, print_resource(value));
  std::string source = resource.source;
  TRY_WITH(auto merged, "while laying something over " + describe(resource),
           to_resources(value, std::move(text), resource.place));
  if (merged.size() != 1) return fail(Code::kInvalid, "an overlay can't make a List of ", describe(resource));
  resource = std::move(merged.front());
  resource.source = std::move(source);
  return true;
}

bool same_identity(const Resource& a, const Resource& b) {
  return a.group == b.group && a.kind == b.kind && a.name == b.name && (b.ns.empty() || a.ns.empty() || a.ns == b.ns);
}

Result<void> lay_overlay(const FileTree& project, const model::ValueFile& overlay, std::vector<Resource>& resources) {
  TRY(auto files, find_files(project, overlay.path, true));
  if (files.empty() && overlay.required)
    return fail(Code::kInvalid, "there are no manifests in the overlay ", overlay.path);
  for (const FileEntry& file : files) {
    TRY(std::string text, read_file(project, file));
    TRY(auto patches, split_manifests(text, file.path));
    for (Resource& patch : patches) {
      auto found =
          std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return same_identity(r, patch); });
      TRY(Json value, parse_document(patch.text, patch.place));
      if (found == resources.end()) {
        if (value.contains("$patch")) {
          return Error(Code::kInvalid, "there is no " + describe(patch) + " that this could change").at(patch.place);
        }
        resources.push_back(std::move(patch));
        continue;
      }
      TRY_WITH(bool kept, "in the overlay " + file.path, lay_over(*found, value));
      if (!kept) resources.erase(found);
    }
  }
  return ok();
}

// App::patches: typed JSON of the Value, then merged over each resource that the target names.
Result<void> apply_patch(const std::string& name, const model::Value& patch, std::vector<Resource>& resources) {
  const model::Value* target = patch.find("target");
  const model::Value* content = patch.find("patch");
  if (target == nullptr || content == nullptr)
    return fail(Code::kInvalid, "the patch ", name, " needs target and patch");
  auto wanted = [&](const char* key) {
    const model::Value* value = target->find(key);
    return value != nullptr && value->is_scalar() ? value->text : std::string();
  };
  std::string kind = wanted("kind");
  std::string resource_name = wanted("name");
  std::string group = wanted("group");
  TRY(Json value, parse_document(model::to_json(*content, true), content->place()));
  bool found = false;
  for (size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    bool matches = resource.kind == kind && (resource_name.empty() || resource.name == resource_name) &&
                   (group.empty() || resource.group == group);
    if (!matches) continue;
    found = true;
    TRY_WITH(bool kept, "in the patch " + name, lay_over(resource, value));
    if (!kept) resources.erase(resources.begin() + static_cast<ptrdiff_t>(i--));
  }
  if (found) return ok();
  std::string what = kind + (resource_name.empty() ? "" : " " + resource_name);
  return Error(Code::kInvalid, "the patch " + name + " changes nothing: there is no " + what).at(target->place());
}

}  // namespace

Result<std::vector<Resource>> load_manifests(const FileTree& project, const model::App& app) {
  std::vector<Resource> out;
  std::set<std::string> seen;
  for (const std::string& where : app.manifests) TRY_DO(add_files(project, where, seen, out));
  for (const model::ValueFile& overlay : app.overlays) TRY_DO(lay_overlay(project, overlay, out));
  TRY_DO(patch_resources(out, project, app));
  return out;
}

Result<void> patch_resources(std::vector<Resource>& resources, const FileTree& project, const model::App& app) {
  std::set<std::string> seen;
  for (const std::string& where : app.extra) TRY_DO(add_files(project, where, seen, resources));
  for (const auto& [name, patch] : app.patches) TRY_DO(apply_patch(name, patch, resources));
  return ok();
}

}  // namespace autonomous::app
