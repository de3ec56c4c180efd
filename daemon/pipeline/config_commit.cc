#include "daemon/pipeline/config_commit.h"

#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kMaxKnown = 20'000;

git::Oid blob_at(const git::Repository& repository, const git::Oid& commit, const std::string& path) {
  auto entry = repository.entry(commit, path);
  return entry ? entry->oid : git::Oid();
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

}  // namespace autonomous::daemon
