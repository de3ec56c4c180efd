// Where a release comes from: what it restores, tries again, promotes or takes over; and what an accepted rewrite of
// the branch gave up.
#include <algorithm>

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
