// Where a release comes from: what it restores, tries again, promotes or takes over; and what an accepted rewrite of
// the branch gave up.
#include <algorithm>
#include <set>

#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

// True where it takes over what a person made on the branch: then nobody released it, and the rules of releases say
// nothing to it; it is listed as past the platform.
bool Auditor::check_origin(const Named& named) {
  const model::Trailers& trailers = named.trailers;
  if (trailers.rollback_of) {
    ReleaseRowPtr restored = row(*trailers.rollback_of);
    bool same = restored && trailers.rollback_of->target == named.target &&
                trailers.rollback_of->number < named.entry.number &&
                restored->target_tree.hex() == trailers.target_tree;
    if (!same)
      find("rollback-differs", Severity::kError, "its files are not those of " + trailers.rollback_of->str(),
           named.commit, "", &named);
  }
  if (trailers.retry_of && !row(*trailers.retry_of)) {
    find("origin-unknown", Severity::kError,
         "it is a retry of " + trailers.retry_of->str() + ", which the ledger does not name", named.commit, "", &named);
  }
  if (trailers.promoted_from && trailers.promoted_from->repository.empty()) {
    ReleaseRowPtr from = row(trailers.promoted_from->release);
    if (!from || from->artifact != named.entry.artifact) {
      find("origin-unknown", Severity::kError, "it is not the artifact of " + trailers.promoted_from->release.str(),
           named.commit, "", &named);
    }
  }
  if (trailers.adopts.empty()) return false;
  std::string why = adoption_trouble(named);
  if (why.empty()) return true;
  find("adopts-unfounded", Severity::kError, "it says that it adopts " + trailers.adopts.substr(0, 12) + ", but " + why,
       named.commit, "", &named);
  return false;
}

// "" where the adopted commit made the branch what this release says, and the release itself changed nothing.
std::string Auditor::adoption_trouble(const Named& named) {
  const model::Trailers& trailers = named.trailers;
  if (trailers.trigger != model::Trigger::kRollback || !trailers.rollback_of)
    return "what is adopted goes back to an earlier release, and it names none";
  git::Oid adopted = git::Oid::parse(trailers.adopts).value_or(git::Oid());
  if (!on_deploy_.contains(adopted)) return "that is no commit of deploy";
  if (rewrite_to(adopted) == nullptr && (by_commit_.contains(adopted) || taken_on_.contains(adopted)))
    return "that is a commit of the platform itself";
  if (adopted == named.commit || !ancestor(adopted, named.commit)) return "that does not come before it";
  auto commit = repository_.commit(named.commit);
  if (!commit || commit->parents.empty()) return "it has no parent";
  for (const git::Oid& at : {adopted, commit->parents[0]}) {
    auto entry = repository_.entry(at, target_folder(named.target));
    if (!entry || entry->oid.hex() != trailers.target_tree)
      return "the files at " + at.short_hex(12) + " are not those of this release";
  }
  return "";
}

// The one that was accepted there, or null.
const Auditor::Rewrite* Auditor::rewrite_to(const git::Oid& tip) const {
  auto found =
      std::find_if(rewrites_.rbegin(), rewrites_.rend(), [&](const Rewrite& rewrite) { return rewrite.tip == tip; });
  return found == rewrites_.rend() ? nullptr : &*found;
}

// A commit that the ledger named after so many rewrites were accepted is given up by the first later one whose
// tip does not have it. One that is cut off afterwards is not.
bool Auditor::given_up(const git::Oid& commit, size_t rewrites) {
  return std::any_of(rewrites_.begin() + static_cast<ptrdiff_t>(std::min(rewrites, rewrites_.size())), rewrites_.end(),
                     [&](const Rewrite& rewrite) { return !ancestor(commit, rewrite.tip); });
}

bool Auditor::given_up(const git::Oid& commit) {
  auto made = by_commit_.find(commit);
  if (made != by_commit_.end()) return given_up(commit, made->second.rewrites);
  auto taken = taken_on_.find(commit);
  return taken != taken_on_.end() && given_up(commit, taken->second.rewrites);
}

// What was accepted must be there, too, but where a later rewrite gave that up.
void Auditor::check_rewrites() {
  for (size_t i = 0; i < rewrites_.size(); ++i) {
    const git::Oid& tip = rewrites_[i].tip;
    if (on_deploy_.contains(tip) || given_up(tip, i + 1)) continue;
    find("commit-missing", Severity::kError,
         "the tip of the rewrite that " + rewrites_[i].by + " accepted is not on deploy", tip);
  }
}

// What others did, up to each tip that somebody accepted on the way, and from there on.
Result<void> Auditor::others_between(const git::Oid& from, const git::Oid& to, bool recent) {
  git::Oid last = from;
  for (size_t i = 0; i < rewrites_.size(); ++i) {
    const Rewrite& rewrite = rewrites_[i];
    bool within = on_deploy_.contains(rewrite.tip) && rewrite.tip != last && ancestor(rewrite.tip, to) &&
                  (last.is_zero() || ancestor(last, rewrite.tip));
    // Who accepts what only grew accepts nothing.
    if (!within || rewrite.previous.is_zero() || ancestor(rewrite.previous, rewrite.tip)) continue;
    TRY_DO(foreign_range(last, rewrite.tip, recent));
    account(i, last);
    last = rewrite.tip;
  }
  return last == to ? ok() : foreign_range(last, to, recent);
}

// A stranger's commits stand in the place of those that the rewrite gave up. The entry names their tip, and with it
// each byte; whoever accepted it answers for what the platform does not write down again, because nothing differs from
// it.
void Auditor::account(size_t rewrite, const git::Oid& from) {
  account_targets(rewrite);
  account_files(rewrite, from);
}

// A target with exactly the files of its newest release of that moment. Any others are drift, or a rollback, and the
// ledger says so.
void Auditor::account_targets(size_t rewrite) {
  const Rewrite& accepted = rewrites_[rewrite];
  std::erase_if(pending_, [&](const auto& entry) {
    const auto& [target, change] = entry;
    TargetPtr known = state_->find(target);
    if (!known) return false;
    for (size_t i = known->releases.size(); i-- > 0;) {
      ReleaseRowPtr made = known->releases[i];
      auto named = by_commit_.find(made->commit);
      if (named == by_commit_.end() || named->second.rewrites > rewrite) continue;  // it came later
      bool same = made->target_tree == change.tree && !ancestor(made->commit, accepted.tip);
      if (!same) return false;
      note_foreign({accepted.at, accepted.tip.hex(), target.str(),
                    "the files of release " + std::to_string(made->number) + " in a commit of " + change.by +
                        ", by the rewrite of " + options_.branch + " that " + accepted.by + " accepted (" +
                        accepted.because + ")"});
      expected_[target] = change.tree;
      return true;
    }
    return false;
  });
}

// Applications of the projects whose takings-on were given up: the ledger has the commits, and not their files.
void Auditor::account_files(size_t rewrite, const git::Oid& from) {
  const Rewrite& accepted = rewrites_[rewrite];
  auto folder_of = [](const std::string& path) {  // argocd/<env>/<project>/
    size_t end = 0;
    for (int part = 0; part < 3 && end != std::string::npos; ++part) end = path.find('/', end + (part == 0 ? 0 : 1));
    return path.substr(0, end);
  };
  std::set<std::string> folders;
  for (const auto& [commit, made] : taken_on_) {
    if (made.rewrites <= rewrite && !ancestor(commit, accepted.tip))
      folders.insert(folder_of(application_file(*made.target)));
  }
  std::erase_if(foreign_files_, [&](const auto& entry) {
    const auto& [path, change] = entry;
    bool ours = folders.contains(folder_of(path)) && (from.is_zero() || !ancestor(change.commit, from));
    if (ours) applications_[path] = change.tree;
    return ours;
  });
}

// A release whose commit is not on deploy.
void Auditor::check_missing() {
  for (const auto& [made, commit] : missing_) {
    bool gone = given_up(commit, made.rewrites);
    if (gone) ++given_up_;
    find_of("commit-missing", gone ? Severity::kNote : Severity::kError,
            gone ? "its commit was given up by an accepted rewrite" : "its commit is not on deploy", commit,
            *made.target, made.number);
  }
}

}  // namespace autonomous::store
