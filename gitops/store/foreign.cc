#include "gitops/store/foreign.h"

#include <algorithm>
#include <map>
#include <set>

#include "gitops/base/text.h"
#include "gitops/store/layout.h"
#include "gitops/store/lint.h"
#include "gitops/store/message.h"

namespace autonomous::store {

namespace {

using Trees = std::map<model::Target, git::Oid>;
constexpr size_t kMaxCommits = 100;

// Every folder of apps/<env>/<project>/<app>. Folders whose names are no names are not targets.
Result<void> collect(const git::Repository& repository, const git::Oid& tree, const std::string& path, int depth,
                     Trees& into) {
  TRY(auto entries, repository.tree(tree));
  for (const git::TreeEntry& entry : entries) {
    if (!entry.is_tree()) continue;
    std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    if (depth < 2) {
      TRY_DO(collect(repository, entry.oid, below, depth + 1, into));
    } else if (auto target = model::Target::parse(below)) {
      into.emplace(*std::move(target), entry.oid);
    }
  }
  return ok();
}

Result<git::Oid> tree_at(const git::Repository& repository, const git::Oid& deploy, const model::Target& target) {
  auto entry = repository.entry(deploy, target_folder(target));
  if (entry) return entry->oid;
  if (entry.error().code() == Code::kNotFound) return git::Oid();
  return std::move(entry).error();
}

// Where every target stands on deploy.
Result<Trees> all_trees(const git::Repository& repository, const State& state, const git::Oid& deploy) {
  Trees trees;
  for (const auto& [target, unused] : state.targets) trees[target] = git::Oid();
  auto apps = repository.entry(deploy, "apps");
  if (!apps) {
    if (apps.error().code() == Code::kNotFound) return trees;
    return std::move(apps).error();
  }
  Trees there;
  if (apps->is_tree()) TRY_DO(collect(repository, apps->oid, "", 0, there));
  for (auto& [target, tree] : there) trees[target] = tree;
  return trees;
}

// The newest release of the target that is on deploy, where its newest of all is not; null: none is.
ReleaseRowPtr still_there(const git::Repository& repository, const TargetState& state, const git::Oid& deploy) {
  for (auto row = state.releases.rbegin(); row != state.releases.rend(); ++row) {
    auto there = repository.has((*row)->commit) ? repository.is_ancestor((*row)->commit, deploy) : Result<bool>(false);
    if (there && *there) return *row;
  }
  return nullptr;
}

// The rewrite that an operator accepted last.
const model::Entry* last_rewrite(const State& state) {
  auto found = std::find_if(state.platform.rbegin(), state.platform.rend(),
                            [](const model::Entry& entry) { return entry.type == model::EntryType::kRewriteAccepted; });
  return found == state.platform.rend() ? nullptr : &*found;
}

// Of several commits, the newest that left the target as it is now; no commit at all: a merge that took another side's
// files. Zero: none did.
Result<git::Oid> who_left_it(const git::Repository& repository, const git::Oid& deploy, const git::WalkOptions& within,
                             const ForeignChange& change) {
  std::vector<git::Oid> candidates = change.commits;
  bool merges = candidates.empty();
  if (merges) {
    git::WalkOptions all = within;
    all.path.clear();
    TRY(candidates, repository.walk(deploy, all));
  }
  for (const git::Oid& id : candidates) {
    if (merges) {
      TRY(git::Commit commit, repository.commit(id));
      if (commit.parents.size() < 2) continue;
    }
    TRY(git::Oid tree, tree_at(repository, id, change.target));
    if (tree == change.tree) return id;
  }
  return git::Oid();
}

// Who did it: the commits that touched the target since the platform last did. Where no commit did, because the branch
// was rewritten: who accepted that.
Result<void> attribute(const git::Repository& repository, const State& all, const TargetState* state,
                       const git::Oid& checked, const git::Oid& deploy, ForeignChange& change) {
  git::WalkOptions options;
  options.path = target_folder(change.target);
  options.limit = kMaxCommits;
  auto hide = [&](const git::Oid& id) {
    if (!id.is_zero() && repository.has(id)) options.hide.push_back(id);
  };
  hide(checked);
  bool rewritten = false;
  if (state != nullptr && state->live()) {
    ReleaseRowPtr newest = still_there(repository, *state, deploy);
    rewritten = newest != state->live();
    hide(state->live()->commit);
    if (rewritten && newest) hide(newest->commit);
  }
  if (state != nullptr && state->drift) hide(state->drift->commit);
  TRY(change.commits, repository.walk(deploy, options));
  const model::Entry* rewrite = rewritten ? last_rewrite(all) : nullptr;
  if (rewrite != nullptr && change.commits.empty()) {
    auto tip = git::Oid::parse(rewrite->commit);
    auto there = tip && repository.has(*tip) ? repository.is_ancestor(*tip, deploy) : Result<bool>(false);
    if (there && *there) {
      model::Who by = rewrite->by.value_or(model::Who{});
      change.rewrite = *rewrite;
      change.commits = {*tip};
      change.author = change.committer = by.name + " <" + by.email + ">";
      change.subject = rewrite->because;
      return ok();
    }
  }
  TRY(git::Oid left_by, who_left_it(repository, deploy, options, change));
  if (left_by.is_zero()) left_by = deploy;
  std::erase(change.commits, left_by);
  change.commits.insert(change.commits.begin(), left_by);
  TRY(git::Commit newest, repository.commit(left_by));
  change.author = person_text(newest.author);
  change.committer = person_text(newest.committer);
  change.subject = newest.subject();
  return ok();
}

}  // namespace

ForeignChange::Kind kind_of(const TargetState* state, const git::Oid& tree, uint32_t& to) {
  using Kind = ForeignChange::Kind;
  if (tree.is_zero()) return Kind::kRemoved;
  ReleaseRowPtr same = state == nullptr ? nullptr : state->with_tree(tree);
  if (!same) return Kind::kDrift;
  to = same->number;
  ReleaseRowPtr live = state->live();
  if (same == live) return Kind::kUndone;
  // A revert of a revert: what stood before the rollback stands again.
  ReleaseRowPtr undone = live->rollback_of == 0 ? nullptr : state->find(live->number - 1);
  return undone && undone->target_tree == tree && state->hold ? Kind::kResume : Kind::kRollback;
}

Result<ForeignScan> find_foreign(const git::Repository& repository, const State& state, const git::Oid& checked,
                                 const git::Oid& deploy) {
  ForeignScan scan;
  Trees trees;
  if (checked.is_zero()) {
    TRY(trees, all_trees(repository, state, deploy));
    TRY(scan.unsafe, lint_branch(repository, state, deploy));
  } else {
    TRY(auto paths, repository.diff_paths(checked, deploy));
    TRY(scan.unsafe, lint_changes(repository, state.unsafe, paths, checked, deploy));
    std::set<model::Target> touched;
    for (const git::PathChange& path : paths) {
      auto target = path.path.starts_with("apps/") ? target_of(path.path) : std::nullopt;
      if (target) touched.insert(*std::move(target));
      else scan.other_paths.push_back(path.path);
    }
    for (const model::Target& target : touched) {
      TRY(trees[target], tree_at(repository, deploy, target));
    }
  }
  for (const auto& [target, tree] : trees) {
    TargetPtr known = state.find(target);
    git::Oid expected = known ? known->expected_tree() : git::Oid();
    if (tree == expected) continue;
    ForeignChange change;
    change.target = target;
    change.tree = tree;
    change.kind = kind_of(known.get(), tree, change.to);
    TRY_DO(attribute(repository, state, known.get(), checked, deploy, change));
    scan.changes.push_back(std::move(change));
  }
  return scan;
}

}  // namespace autonomous::store
