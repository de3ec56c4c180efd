// Layout: where things stand in a GitOps repository (design.md §4), and release.yaml. A contract. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/model/entry.h"
#include "gitops/model/ids.h"

namespace autonomous::store {

inline constexpr std::string_view kMain = "main";
inline constexpr std::string_view kPlatformFile = "platform.yaml";
// refs/heads/…
std::string branch_ref(std::string_view branch);
// "autonomous/ledger/deploy"
std::string ledger_branch(std::string_view branch);

// ---- deploy
std::string target_folder(const model::Target& target);                         // apps/production/shop/web
std::string application_file(const model::Target& target);                      // argocd/production/shop/web.yaml
std::string root_file(std::string_view environment, std::string_view project);  // argocd/production/shop/_root.yaml
std::string application_name(const model::Target& target);                      // production.shop.web
// manifests/<kind>[.<group>]-[<namespace>_]<name>.yaml below the target's folder. own_namespace: left out of the name.
std::string manifest_file(std::string_view kind, std::string_view group, std::string_view resource_namespace,
                          std::string_view name, std::string_view own_namespace);
// Of main: config/production/shop/web.yaml, what a platform team lays over the target's spec.
std::string overlay_file(const model::Target& target);
// The target that a path of deploy belongs to: of apps/<env>/<project>/<app>/…, and of its Application file.
std::optional<model::Target> target_of(std::string_view path);

// ---- ledger
// A segment is written anew with each entry: with 256, and 100 releases of each target behind, a batch of 1,000 targets
// wrote 300 MB.
inline constexpr uint32_t kSegmentEntries = 32;
// Of entries without a target: keys, accepted rewrites, freezes of an environment.
inline constexpr std::string_view kPlatformFolder = "_platform";
// <env>/<project>/<app>/000001.jsonl; of entry number `index` (from 0) of the target, or of the platform.
std::string ledger_file(const std::optional<model::Target>& target, uint32_t index);
// Where a spec (a file) or a chart (a folder) is kept: _inputs/sha256/<2 hex>/<62 hex>. `digest`: "sha256:<64 hex>".
Result<std::string> input_path(std::string_view digest);
// Chart files may be called `.gitmodules` and the like, which git's own checks would take for its own: such parts, and
// '%', are written with %XX.
std::string escape_input_path(std::string_view path);
std::string unescape_input_path(std::string_view path);

// ---- release.yaml: the inputs of a render, and nothing else, so that a revert restores it exactly
struct ReleaseInputs {
  model::Target target;
  std::string mode = "manifests";             // or "values"
  std::optional<model::SourceFact> source;    // ref is not an input and stays out
  std::map<std::string, std::string> images;  // name → reference
  std::optional<model::ChartFact> chart;
  std::string spec_digest;                // sha256:… of the spec as used, "" without one
  std::string render_format;              // render-format/1
  std::string helm;                       // helm/4
  std::string kubernetes;                 // pinned version, "v1.31.0"
  std::vector<std::string> api_versions;  // pinned kinds, sorted
  std::string namespace_name;
  std::string release_name;
  std::string config_commit;                   // commit of main
  std::string platform_blob;                   // oid of platform.yaml there
  std::string overlay_blob;                    // oid of config/<env>/<project>/<app>.yaml there, "" without one
  std::map<std::string, std::string> secrets;  // name → path@version
  std::string artifact;
  std::map<std::string, std::string> extra;  // further inputs, by name
  bool operator==(const ReleaseInputs&) const = default;
};
std::string format_release_yaml(const ReleaseInputs& inputs);
// Strict, as every reader here: exactly what format_release_yaml writes, plus unknown keys of later daemons refused
// with their line.
Result<ReleaseInputs> parse_release_yaml(std::string_view text, std::string_view file = "release.yaml");
// SHA-256 over the fields by meaning (config_commit is left out: its blobs say what of it counts): "sha256:<hex>".
std::string input_digest(const ReleaseInputs& inputs);

}  // namespace autonomous::store
