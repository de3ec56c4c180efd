// Plan: what one push will hold, built up on known tips: commits on deploy, entries of the ledger, tags. Objects are
// written into the repository (buffered) as they come; nothing refers to them before the refs move. Used once, by the
// writer's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/store/journal.h"
#include "gitops/store/ledger.h"
#include "gitops/store/record.h"
#include "gitops/store/state.h"

namespace autonomous::store {

struct PlanBase {
  git::Repository& repository;
  const git::SignFunction& sign;
  Identity committer;
  std::string branch;
  Tips tips;       // what is built on
  StatePtr state;  // folded from tips.ledger
  Time now;
  std::map<std::string, git::Oid> tags = {};  // those of others that stand where a release's would, by name
};

// How many numbers in a row one release burns at most.
inline constexpr uint32_t kMostBurnt = 64;
// The tag of the release that `draft` becomes where nobody is in the way.
model::ReleaseId next_release(const model::Target& target, const std::optional<Moved>& moved, const TargetState* state);

// Why a draft cannot go out as it is (Duplicate, Stale), judged by the ledger alone. Pure. `target`: null before its
// first entry.
std::optional<DraftResult> stopped_by(const Draft& draft, const TargetState* target, const State& state,
                                      const git::Oid& main, Time now);

class Plan {
 public:
  explicit Plan(const PlanBase& base);

  // kInvalid where it cannot be written or cannot follow; the plan is as before then.
  Result<void> add(model::Entry entry);
  // Nothing: the files are as they should be already.
  Result<std::optional<git::Oid>> take_on(const TakeOn& taken);
  // An error is the repository's; what is wrong with the draft is Refused.
  Result<DraftResult> release(const Draft& draft);
  // A rollback or a resume becomes a release; drift is written down. Fills in adopted_as.
  Result<void> adopt(ForeignChange& change, bool hold_drift);

  bool empty() const { return ledger_.empty() && tip_ == base_.tips.deploy; }
  // Writes the ledger's commit. Call once, last.
  Result<Flight> finish();
  // After finish().
  Tips tips() const { return {base_.tips.main, tip_, ledger_tip_}; }
  StatePtr state() { return builder_.finish(tip_, ledger_tip_, base_.tips.main); }
  const std::vector<std::pair<std::string, git::Oid>>& tags() const { return tags_; }

 private:
  // One release on its way.
  struct Making {
    model::Target target;
    git::Oid tree;  // of the target
    model::Trailers trailers;
    git::Person author;
    std::string subject, prose, quoted, source_author, artifact, intent;
    const Draft* draft = nullptr;  // whose files and inputs are still to be written; null: they are there
  };

  Result<std::optional<uint32_t>> unchanged(const Draft& draft, const TargetState* state) const;
  Result<git::Oid> draft_tree(const Draft& draft, const TargetState* state) const;
  Result<void> write_files(const Draft& draft, const git::Oid& tree);
  Result<DraftResult> try_release(const Draft& draft);
  std::optional<std::string> moved_meanwhile(const Draft& draft) const;
  Result<void> write_move(const model::Target& target, const Moved& moved, Making& making);
  Result<Released> write_release(Making making);
  Result<uint32_t> free_number(const model::Target& target) const;
  Result<void> adopt_release(ForeignChange& change, const TargetState& state);
  Result<void> write_drift(const ForeignChange& change, bool hold);
  Result<git::Oid> commit_tree(const git::Oid& tree, const git::Person& author, const std::string& message);
  Result<model::PolicyFact> policy() const;

  PlanBase base_;
  Builder builder_;
  LedgerWriter ledger_;
  git::Oid tip_;   // of deploy, as it grows
  git::Oid tree_;  // of tip_
  git::Oid ledger_tip_;
  git::Oid ledger_tree_;
  bool broken_ = false;  // a tip could not be read: finish() says it
  std::vector<std::pair<std::string, git::Oid>> tags_;
};

}  // namespace autonomous::store
