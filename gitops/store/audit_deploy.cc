// deploy: the platform's own commits follow each other; what lies between two of them is others' work, and counts by
// its net effect (design.md §4).
#include <algorithm>

#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/message.h"

namespace autonomous::store {

Result<void> Auditor::read_deploy(const Ctx& ctx) {
  git::Oid last = begin_;  // the platform's newest commit so far
  if (!begin_.is_zero() && !on_deploy_.contains(begin_)) {
    find("commit-missing", given_up(begin_, 0) ? Severity::kNote : Severity::kError,
         "the commit after which the record begins is not on deploy", begin_);
    last = git::Oid();
  }
  for (const git::Oid& id : deploy_) {
    TRY_DO(ctx.check());
    ++report_.commits;
    if (!by_commit_.contains(id) && !taken_on_.contains(id)) continue;
    TRY(git::Commit commit, repository_.commit(id));
    git::Oid parent = commit.parents.empty() ? git::Oid() : commit.parents[0];
    if (parent != last) {
      bool follows = last.is_zero() || ancestor(last, parent);
      if (!follows && !given_up(last) && !given_up(id))
        find("commit-missing", Severity::kError, "the platform's commits on deploy are not one after the other", id);
      Time until = Time(std::chrono::seconds(commit.committer.seconds));
      TRY_DO(others_between(last, parent, !options_.since || until >= *options_.since));
    }
    own_commit(id, parent);
    last = id;
  }
  if (last != tips_.deploy) TRY_DO(others_between(last, tips_.deploy, true));
  settle_pending();
  return ok();
}

// A release or a taking-on: it must change nothing but its own files.
void Auditor::own_commit(const git::Oid& id, const git::Oid& parent) {
  auto changes = repository_.diff_paths(parent, id);
  if (!changes) return find("beyond-target", Severity::kError, changes.error().line(), id);
  auto taken = taken_on_.find(id);
  if (taken != taken_on_.end()) {
    for (const git::PathChange& change : *changes) own_application(id, change);
    return;
  }
  const model::Target& target = *by_commit_.at(id).target;
  ReleaseRowPtr made = row({target, by_commit_.at(id).number});
  if (!made) return;  // a line of the ledger that was no good, and is a finding
  std::string folder = target_folder(target) + "/";
  for (const git::PathChange& change : *changes) {
    if (!change.path.starts_with(folder))
      find_of("beyond-target", Severity::kError, "a release changes " + change.path + ", which is not its target's", id,
              target, made->number);
  }
  git::Oid tree = made->target_tree;
  auto waiting = pending_.find(target);
  if (waiting != pending_.end()) {
    const Pending& change = waiting->second;
    bool adopted = !made->adopts.empty() && tree == change.tree;
    if (adopted) {
      note_foreign({made->time, made->adopts, target.str(),
                    "changed on the branch in " + made->adopts.substr(0, 12) + " by " + change.by +
                        ", taken over as release " + std::to_string(made->number)});
    } else if (!drifts_[target].contains(change.tree)) {
      find_of("unrecorded-change", Severity::kError,
              target.str() + " was changed past the platform by " + change.by +
                  ", and a release went over it without a word",
              change.commit, target, made->number);
    }
    pending_.erase(waiting);
  } else if (const Rewrite* rewrite = rewrite_to(git::Oid::parse(made->adopts).value_or(git::Oid()))) {
    note_foreign({made->time, made->adopts, target.str(),
                  "changed by the rewrite of " + options_.branch + " that " + rewrite->by + " accepted (" +
                      rewrite->because + "), taken over as release " + std::to_string(made->number)});
  }
  expected_[target] = tree;
}

void Auditor::own_application(const git::Oid& id, const git::PathChange& change) {
  if (!change.path.starts_with("argocd/")) {
    return find("beyond-target", Severity::kError, "a taking-on changes more than Applications", id, change.path);
  }
  applications_[change.path] = change.new_oid;
  foreign_files_.erase(change.path);
}

// A file that no release restores: it is listed, and a finding for as long as it is not what the platform wrote.
Result<void> Auditor::foreign_file(const git::PathChange& change, const git::Oid& from, const git::Oid& to) {
  git::WalkOptions options;
  options.path = change.path;
  options.limit = 1;
  if (!from.is_zero()) options.hide = {from};
  TRY(auto by, repository_.walk(to, options));
  git::Oid id = by.empty() ? to : by[0];
  TRY(git::Commit commit, repository_.commit(id));
  bool read = change.path.starts_with("apps/") || change.path.starts_with("argocd/");
  note_foreign({Time(std::chrono::seconds(commit.committer.seconds)), id.hex(), "",
                change.path + ": changed past the platform, at " + id.short_hex(12) + " by " +
                    person_text(commit.author) + (read ? "" : " (no target reads it)")});
  if (!read) return ok();
  auto written = applications_.find(change.path);
  git::Oid wanted = written == applications_.end() ? git::Oid() : written->second;
  if (change.new_oid == wanted) foreign_files_.erase(change.path);
  else foreign_files_[change.path] = Pending{change.new_oid, id, ""};
  return ok();
}

void Auditor::note_foreign(PastPlatform change) {
  bool within = (!options_.from || change.at >= *options_.from) && (!options_.to || change.at < *options_.to);
  if (!options_.evidence || within) report_.foreign.push_back(std::move(change));
}

// What others did between two commits of the platform. `recent`: since then, where only that is asked for.
Result<void> Auditor::foreign_range(const git::Oid& from, const git::Oid& to, bool recent) {
  if (to.is_zero()) return ok();
  git::WalkOptions between;
  if (!from.is_zero()) between.hide = {from};
  if (recent) {
    TRY(auto commits, repository_.walk(to, between));
    for (const git::Oid& id : commits) {
      if (!by_commit_.contains(id) && !taken_on_.contains(id)) TRY_DO(foreign_secrets(id));
    }
  }
  TRY(auto changes, repository_.diff_paths(from, to));
  std::map<model::Target, std::string> touched;
  for (const git::PathChange& change : changes) {
    bool odd =
        !change.new_oid.is_zero() && (change.new_mode == git::Mode::kLink || change.new_mode == git::Mode::kSubmodule);
    if (odd) find("odd-file", Severity::kError, "a link or a submodule", to, change.path);
    auto target = target_of(change.path);
    if (target && change.path.starts_with("apps/")) touched.emplace(*std::move(target), change.path);
    else if (!from.is_zero() || change.path != "README.md") TRY_DO(foreign_file(change, from, to));
  }
  for (const auto& [target, path] : touched) {
    auto entry = repository_.entry(to, target_folder(target));
    git::Oid tree = entry ? entry->oid : git::Oid();
    git::WalkOptions options;
    options.path = target_folder(target);
    options.limit = 1;
    if (!from.is_zero()) options.hide = {from};
    TRY(auto by, repository_.walk(to, options));
    git::Oid commit = by.empty() ? to : by[0];
    TRY(git::Commit who, repository_.commit(commit));
    foreign_target(target, tree, commit, person_text(who.author));
  }
  return ok();
}

void Auditor::foreign_target(const model::Target& target, const git::Oid& tree, const git::Oid& commit,
                             const std::string& by) {
  auto expected = expected_.find(target);
  bool back = expected != expected_.end() && expected->second == tree;
  if (back) pending_.erase(target);
  else pending_[target] = Pending{tree, commit, by};
}

// What no later release touched: known as drift, or not known yet.
void Auditor::settle_pending() {
  for (const auto& [path, change] : foreign_files_) {
    find("unrecorded-change", Severity::kError, "changed past the platform, and still not what the platform wrote",
         change.commit, path);
  }
  for (const auto& [target, change] : pending_) {
    if (drifts_[target].contains(change.tree)) continue;
    find("not-taken-in", Severity::kWarning,
         target.str() + " was changed by " + change.by + "; the daemon has not said anything to it yet", change.commit);
  }
}

}  // namespace autonomous::store
