// Taking over what others did on deploy (design.md §4, rollback).
#include "gitops/store/foreign.h"
#include "gitops/store/layout.h"
#include "gitops/store/message.h"
#include "gitops/store/plan.h"
#include "gitops/store/policy.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

constexpr std::string_view kHow = "commit, unverified";

model::Who who_of(const git::Person& person) { return model::Who::clean(person.name, person.email, kHow); }

// The facts of the release that stands again; who approved it then approved nothing now.
model::Trailers facts_again(const model::Trailers& before) {
  model::Trailers facts = before;
  facts.trigger = model::Trigger::kRollback;
  facts.because.clear();
  facts.policy.reset();
  facts.approved_by.clear();
  facts.promoted_from.reset();
  facts.retry_of.reset();
  facts.supersedes.clear();
  facts.ticket.clear();
  return facts;
}

}  // namespace

Result<model::PolicyFact> Plan::policy() const {
  const State& state = builder_.state();
  TRY(PolicyInForce now, policy_in_force(base_.repository, state.policy, base_.tips.main, state.platform));
  if (now.commit.is_zero()) return fail(Code::kNotFound, "main has no platform.yaml");
  return model::PolicyFact{now.commit.hex(), now.blob.hex()};
}

Result<void> Plan::adopt(ForeignChange& change, bool hold_drift) {
  const TargetState* state = builder_.find(change.target);
  bool release = change.kind == ForeignChange::Kind::kRollback || change.kind == ForeignChange::Kind::kResume;
  if (release && state != nullptr && !change.commits.empty()) return adopt_release(change, *state);
  return write_drift(change, change.kind == ForeignChange::Kind::kRemoved ||
                                 (hold_drift && change.kind == ForeignChange::Kind::kDrift));
}

Result<void> Plan::adopt_release(ForeignChange& change, const TargetState& state) {
  ReleaseRowPtr row = state.find(change.to);
  if (!row) return fail(Code::kInternal, "a rollback to a release that ", change.target.str(), " does not have");
  TRY(Entry before, read_entry(base_.repository, base_.tips.ledger, change.target, row->line));
  TRY(model::Trailers facts, model::parse_trailers(before.tag));
  TRY(git::Commit foreign, base_.repository.commit(change.commits.front()));
  bool resume = change.kind == ForeignChange::Kind::kResume;
  Making making{
      change.target, change.tree,     facts_again(facts),          foreign.author, before.subject, "", foreign.message,
      before.author, before.artifact, change.commits.front().hex()};
  making.author = person(foreign.author.name, foreign.author.email, Time(std::chrono::seconds(foreign.author.seconds)));
  making.author.offset_minutes = foreign.author.offset_minutes;
  model::Who by = who_of(foreign.author);
  if (change.rewrite) {
    by = change.rewrite->by.value_or(model::Who{});
    making.author = person(by.name, by.email, change.rewrite->time);
    making.quoted = change.rewrite->because;
  }
  making.trailers.requested_by = by;
  making.trailers.rollback_of = model::ReleaseId{change.target, change.to};
  making.trailers.adopts = change.commits.front().hex();
  if (auto now = policy()) making.trailers.policy = *now;
  making.prose =
      change.author +
      (change.rewrite ? " accepted that the branch was rewritten." : " changed this target on the branch itself.") +
      " Its files are those of release " + std::to_string(change.to) + " again, so this is a rollback to it" +
      (resume ? ", and the end of the hold: what had been rolled back stands again."
              : ". The target is held: newer artifacts wait until somebody resumes it.") +
      (change.rewrite ? "\n\nThe reason for it:" : "\n\nThe commit " + change.commits.front().short_hex(12) + " said:");
  Entry decision;
  decision.type = resume ? EntryType::kResume : EntryType::kHold;
  decision.target = change.target;
  decision.by = by;
  decision.because = model::clean_value(change.subject, 400);
  decision.commit = change.commits.front().hex();
  decision.artifact = before.artifact;
  TRY(Released released, write_release(std::move(making)));
  decision.number = released.number;
  TRY_DO(add(std::move(decision)));
  change.adopted_as = released.number;
  change.adopted_commit = released.commit;
  return ok();
}

Result<void> Plan::write_drift(const ForeignChange& change, bool hold) {
  Entry entry;
  entry.type = EntryType::kDrift;
  entry.target = change.target;
  if (!change.tree.is_zero()) entry.tree = change.tree.hex();
  if (!change.commits.empty()) entry.commit = change.commits.front().hex();
  entry.author = change.author;
  entry.subject = model::clean_value(change.subject, 200);
  TRY_DO(add(entry));
  const TargetState* state = builder_.find(change.target);
  if (!hold || (state != nullptr && state->hold_in_force(base_.now) != nullptr)) return ok();
  Entry decision;
  decision.type = EntryType::kHold;
  decision.target = change.target;
  decision.by = model::Who::clean(base_.committer.name, base_.committer.email, "the daemon");
  std::string by = change.rewrite ? "a rewrite of it that " + change.author + " accepted" : change.author;
  decision.because = change.kind == ForeignChange::Kind::kRemoved
                         ? "the whole target was removed from the branch by " + by
                         : "changed past the platform by " + by;
  decision.number = state == nullptr ? 0 : state->last_number;
  return add(std::move(decision));
}

}  // namespace autonomous::store
