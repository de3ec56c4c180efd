#include "tests/fault/simulation/forge.h"

#include "gitops/base/digest.h"
#include "gitops/git/object.h"
#include "gitops/store/foreign.h"
#include "gitops/store/plan.h"

namespace autonomous::fault {

using model::Entry;
using model::EntryType;

git::Oid oid_of(const std::string& text) { return git::hash_object(git::ObjectKind::kBlob, text); }

namespace {

// The tree of a release is its files: one oid for equal content.
git::Oid tree_of(const store::Draft& draft) {
  std::string text;
  for (const auto& [path, content] : draft.files) text += path + "\n" + content + "\n";
  return oid_of("tree " + text);
}

}  // namespace

FakeRecord::FakeRecord(Forge& forge, const Clock& clock) : forge_(forge), clock_(clock) {
  store::Foreign unused;
  (void)take_in(unused).has_value();
}

void FakeRecord::publish() {
  deploy_ = oid_of("deploy " + std::to_string(forge_.commits));
  main_ = forge_.main;
}

Result<void> FakeRecord::take_in(store::Foreign& foreign) {
  foreign.main = forge_.main;
  foreign.main_moved = main_ != forge_.main;
  foreign.deploy_moved = deploy_ != oid_of("deploy " + std::to_string(forge_.commits));
  foreign.ledger_moved = read_ != forge_.ledger.size();
  if (foreign.ledger_moved) {
    store::Builder builder(state_);
    for (; read_ < forge_.ledger.size(); ++read_) {
      TRY_DO(builder.add(forge_.ledger[read_]));
      foreign.entries.push_back(forge_.ledger[read_]);
    }
    state_ = builder.finish(oid_of("deploy " + std::to_string(forge_.commits)),
                            oid_of("ledger " + std::to_string(read_)), forge_.main);
  }
  publish();
  adopt(foreign);
  return ok();
}

Result<void> FakeRecord::write(Entry entry) {
  if (entry.time == Time{}) entry.time = clock_.now();
  auto target = entry.target ? state_->find(*entry.target) : nullptr;
  if (target && store::stands_in(*target, entry)) return ok();
  TRY(std::string line, model::format_entry(entry));
  TRY(Entry read, model::parse_entry(line));
  store::Builder builder(state_);
  TRY_DO(builder.add(read));
  forge_.ledger.push_back(std::move(read));
  read_ = forge_.ledger.size();
  state_ = builder.finish(oid_of("deploy " + std::to_string(forge_.commits)), oid_of("ledger " + std::to_string(read_)),
                          forge_.main);
  return ok();
}

Result<store::Released> FakeRecord::write_release(const Target& target, model::Trailers trailers, const git::Oid& tree,
                                                  const Entry& more) {
  auto state = state_->find(target);
  trailers.release = {target, (state ? state->last_number : 0) + 1};
  trailers.target_tree = tree.hex();
  TRY(std::string block, model::format_trailers(trailers));
  Entry entry = more;
  entry.type = EntryType::kRelease;
  entry.target = target;
  entry.time = Time{};
  entry.number = trailers.release.number;
  git::Oid commit = oid_of("commit " + std::to_string(++forge_.commits));
  entry.commit = commit.hex();
  entry.tag = "object " + entry.commit + "\ntype commit\ntag " + trailers.release.tag() +
              "\ntagger A <a@b> 0 +0000\n\n" + block;
  TRY_DO(write(entry));
  forge_.deploy[target] = tree;
  return store::Released{trailers.release.number, commit, oid_of(entry.tag), tree};
}

// As store::Plan::adopt: a release where the tree is one that was released, else drift.
void FakeRecord::adopt(store::Foreign& foreign) {
  using Kind = store::ForeignChange::Kind;
  for (const auto& [target, tree] : std::map<Target, git::Oid>(forge_.deploy)) {
    auto state = state_->find(target);
    if (tree == (state ? state->expected_tree() : git::Oid())) continue;
    store::ForeignChange change;
    change.target = target;
    change.tree = tree;
    change.kind = store::kind_of(state.get(), tree, change.to);
    change.author = forge_.changed_by[target].author;
    change.commits = {forge_.changed_by[target].commit};
    if (change.kind == Kind::kRollback || change.kind == Kind::kResume) {
      auto row = state->find(change.to);
      model::Trailers trailers;
      trailers.trigger = model::Trigger::kRollback;
      if (!row->source_commit.empty())
        trailers.source = model::SourceFact{row->source_url, row->source_commit, row->source_ref};
      trailers.input_digest = row->input_digest;
      trailers.rollback_of = model::ReleaseId{target, change.to};
      trailers.adopts = change.commits[0].hex();
      Entry more;
      more.artifact = row->artifact;
      more.intent = trailers.adopts;
      auto released = write_release(target, trailers, tree, more);
      if (!released) continue;
      Entry decision;
      decision.type = change.kind == Kind::kResume ? EntryType::kResume : EntryType::kHold;
      decision.target = target;
      decision.number = change.adopted_as = released->number;
      decision.by = model::Who::clean("Somebody", "s@example.com", "commit, unverified");
      (void)write(decision).has_value();
    } else {
      Entry drift;
      drift.type = EntryType::kDrift;
      drift.target = target;
      if (!tree.is_zero()) drift.tree = tree.hex();
      drift.commit = change.commits[0].hex();
      drift.author = change.author;
      (void)write(drift).has_value();
    }
    foreign.changes.push_back(std::move(change));
  }
  publish();
}

Result<store::Foreign> FakeRecord::sync(const Ctx&) {
  if (forge_.away) return fail(Code::kUnavailable, "the remote does not answer").may_retry();
  store::Foreign foreign;
  TRY_DO(take_in(foreign));
  return foreign;
}

Result<store::DraftResult> FakeRecord::release(const store::Draft& draft) {
  auto state = state_->find(draft.target);
  if (auto stop = store::stopped_by(draft, state.get(), *state_, main_, clock_.now())) return *std::move(stop);
  git::Oid tree = tree_of(draft);
  if (draft.restore) {
    auto row = state ? state->find(*draft.restore) : nullptr;
    if (!row) return store::DraftResult(store::Refused{"no such release"});
    tree = row->target_tree;
  }
  Entry more;
  more.artifact = draft.artifact;
  more.intent = draft.intent;
  bool same = state && !state->releases.empty() && !draft.restore && !draft.even_unchanged &&
              forge_.deploy[draft.target] == tree;
  if (same) {
    more.type = EntryType::kUnchanged;
    more.target = draft.target;
    more.number = state->last_number;
    more.input_digest = draft.trailers.input_digest;
    more.trigger = draft.trailers.trigger;
    more.source = draft.trailers.source;
    TRY_DO(write(more));
    return store::DraftResult(store::Unchanged{state->last_number});
  }
  model::Trailers trailers = draft.trailers;
  if (draft.restore) trailers.rollback_of = model::ReleaseId{draft.target, *draft.restore};
  TRY(store::Released released, write_release(draft.target, trailers, tree, more));
  if (draft.hold) {
    Entry hold = *draft.hold;
    hold.target = draft.target;
    hold.number = released.number;
    TRY_DO(write(hold));
  }
  return store::DraftResult(released);
}

Result<store::BatchResult> FakeRecord::commit(const Ctx&, store::Batch batch) {
  if (forge_.away) return fail(Code::kUnavailable, "the remote does not answer").may_retry();
  Forge::Fault fault = forge_.before_push();
  if (fault == Forge::Fault::kLostRequest) return fail(Code::kUnavailable, "the connection was cut").may_retry();
  store::BatchResult result;
  TRY_DO(take_in(result.foreign));  // a push upon old tips is refused, and planned again upon the new ones
  for (const Entry& entry : batch.entries) {
    auto written = write(entry);
    result.each_entry.push_back(written ? std::nullopt : std::optional(written.error()));
    if (!written && !result.entries) result.entries = written.error();
  }
  for (const store::Draft& draft : batch.drafts) {
    if (forge_.refuses(draft)) {
      result.drafts.push_back(store::Refused{"the server does not like it"});
      continue;
    }
    TRY(store::DraftResult done, release(draft));
    result.drafts.push_back(std::move(done));
  }
  publish();
  ++result.pushes;
  forge_.after_push();
  if (fault == Forge::Fault::kLostAnswer) return fail(Code::kUnavailable, "the connection was cut").may_retry();
  return result;
}

}  // namespace autonomous::fault
