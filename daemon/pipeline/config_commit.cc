#include "daemon/pipeline/config_commit.h"

#include <algorithm>

#include "daemon/pipeline/target_maker.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kMaxKnown = 20'000;
constexpr int kMaxMerges = 20;  // within one another

git::Oid blob_at(const git::Repository& repository, const git::Oid& commit, const std::string& path) {
  auto entry = repository.entry(commit, path);
  return entry ? entry->oid : git::Oid();
}

// The newest commit up to `now`, and not before `before`, that changed `path`. A merge of a pull request is named where
// nothing that it merged has the file as it is then.
std::optional<git::Oid> newest_change(const git::Repository& gitops, const git::Oid& before, git::Oid now,
                                      const std::string& path) {
  git::WalkOptions options;
  options.path = path;
  options.limit = 1;
  if (!before.is_zero()) options.hide = {before};
  std::optional<git::Oid> newest;
  for (int steps = 0; steps < kMaxMerges; ++steps) {
    auto found = gitops.walk(now, options);
    if (!found || found->empty()) return newest;
    newest = found->front();
    auto commit = gitops.commit(*newest);
    if (!commit) return newest;
    git::Oid blob = blob_at(gitops, *newest, path);
    auto brought = std::find_if(commit->parents.begin() + (commit->parents.empty() ? 0 : 1), commit->parents.end(),
                                [&](const git::Oid& parent) { return blob_at(gitops, parent, path) == blob; });
    if (brought == commit->parents.end()) return newest;
    now = *brought;
  }
  return newest;
}

}  // namespace

std::optional<git::Oid> ConfigCommits::changed_by(const git::Repository& gitops, const git::Oid& tip,
                                                  const std::string& path) {
  git::Oid blob = blob_at(gitops, tip, path);
  if (blob.is_zero()) return std::nullopt;
  std::optional<Known> known;
  {
    std::lock_guard lock(mutex_);
    if (auto found = known_.find(path); found != known_.end()) known = found->second;
  }
  if (known && known->tip == tip) return known->commit;
  git::WalkOptions options;
  options.path = path;
  options.limit = 1;
  if (known) {
    auto grew = gitops.is_ancestor(known->tip, tip);
    if (!grew || !*grew) known.reset();
  }
  if (known) options.hide = {known->tip};
  auto found = gitops.walk(tip, options);
  if (!found || (found->empty() && !known)) return std::nullopt;
  git::Oid commit = found->empty() ? known->commit : found->front();
  std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[path] = {tip, commit};
  return commit;
}

std::string ConfigCommits::commit_for(const git::Repository& gitops, const PlatformView& view,
                                      const std::string& overlay) {
  std::string platform(store::kPlatformFile);
  auto commit = changed_by(gitops, view.commit, platform);
  if (!commit) return view.commit.hex();
  bool has_overlay = !overlay.empty() && !blob_at(gitops, view.commit, overlay).is_zero();
  auto second = has_overlay ? changed_by(gitops, view.commit, overlay) : std::nullopt;
  if (has_overlay && !second) return view.commit.hex();
  if (second) {
    auto older = gitops.is_ancestor(*commit, *second);
    if (older && *older) commit = second;
  }
  for (const std::string& path : {platform, overlay}) {
    if (!path.empty() && blob_at(gitops, *commit, path) != blob_at(gitops, view.commit, path)) return view.commit.hex();
  }
  auto on_main = gitops.is_ancestor(*commit, view.commit);
  return on_main && *on_main ? commit->hex() : view.commit.hex();
}

std::vector<ConfigChange> config_changes(const git::Repository& gitops, const git::Oid& before, const git::Oid& now,
                                         const std::vector<std::string>& files) {
  std::vector<ConfigChange> out;
  for (const std::string& file : files) {
    git::Oid was = before.is_zero() ? git::Oid() : blob_at(gitops, before, file);
    if (was == blob_at(gitops, now, file)) continue;
    auto changed = newest_change(gitops, before, now, file);
    auto commit = changed ? gitops.commit(*changed) : Result<git::Commit>(fail(Code::kNotFound, file));
    if (commit) out.push_back({file, *changed, commit->author, one_line(commit->subject(), 200)});
  }
  return out;
}

std::vector<ConfigChange> config_changes(const git::Repository& gitops, const store::ReleaseRow* live,
                                         const PlatformView& view, const model::Target& target,
                                         const Neighbours& neighbours) {
  git::Oid before;
  if (live != nullptr) {
    auto entry = gitops.entry(live->target_tree, "release.yaml");
    auto text = entry ? gitops.blob(entry->oid, 1u << 20) : Result<std::string>(entry.error());
    auto inputs = text ? store::parse_release_yaml(*text) : Result<store::ReleaseInputs>(text.error());
    auto commit = inputs ? git::Oid::parse(inputs->config_commit) : Result<git::Oid>(inputs.error());
    if (commit && gitops.has(*commit)) before = *commit;
  }
  std::vector<std::string> files = {overlay_file(target), std::string(store::kPlatformFile)};
  for (const auto& [name, app] : neighbours) files.push_back(overlay_file({target.environment, target.project, name}));
  return config_changes(gitops, before, view.commit, files);
}

std::string prose_of(const std::vector<ConfigChange>& changes) {
  std::string out;
  for (const ConfigChange& change : changes)
    out += (out.empty() ? "" : "\n") + ("main: " + change.file) + " was changed in " + change.commit.hex();
  return out;
}

}  // namespace autonomous::daemon
