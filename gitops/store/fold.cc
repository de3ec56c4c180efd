// The fold of the ledger: entry by entry into a State.
#include <algorithm>

#include "gitops/git/object.h"
#include "gitops/store/state.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

// The facts of a release are those of its tag, which the entry holds; the entry adds what is no trailer.
Result<std::shared_ptr<ReleaseRow>> row_of(const Entry& entry, git::Oid& policy) {
  TRY_WITH(model::Trailers trailers, "in the tag of " + entry.target->str() + "/" + std::to_string(entry.number),
           model::parse_trailers(entry.tag));
  model::ReleaseId id{*entry.target, entry.number};
  if (trailers.release != id) {
    return fail(Code::kCorrupt, "the ledger's release ", id.str(), " holds the tag of ", trailers.release.str());
  }
  auto row = std::make_shared<ReleaseRow>();
  row->number = entry.number;
  row->time = entry.time;
  TRY(row->commit, git::Oid::parse(entry.commit));
  TRY(row->target_tree, git::Oid::parse(trailers.target_tree));
  row->tag = git::hash_object(git::ObjectKind::kTag, entry.tag);
  row->trigger = trailers.trigger;
  if (trailers.source) {
    row->source_url = trailers.source->url;
    row->source_commit = trailers.source->commit;
    row->source_ref = trailers.source->ref;
  }
  row->subject = entry.subject;
  row->author = entry.author;
  if (trailers.requested_by) row->requested_by = trailers.requested_by->str();
  row->because = trailers.because;
  row->ticket = trailers.ticket;
  row->artifact = entry.artifact;
  row->input_digest = trailers.input_digest;
  row->intent = entry.intent;
  if (trailers.rollback_of) row->rollback_of = trailers.rollback_of->number;
  row->adopts = trailers.adopts;
  if (trailers.promoted_from) row->promoted_from = trailers.promoted_from->release.str();
  row->images = std::move(trailers.images);
  if (trailers.policy) {
    TRY(policy, git::Oid::parse(trailers.policy->commit));
  }
  return row;
}

// All of them, and the newest whole.
void add_attempt(TargetState& state, const Entry& entry) {
  auto source = entry.source ? git::Oid::parse(entry.source->commit) : Result<git::Oid>(git::Oid());
  state.attempts.push_back(
      {entry.time, source ? *source : git::Oid(), state.entries, entry.type == EntryType::kFailed});
  std::vector<Said>& newest = state.newest_attempts;
  newest.push_back({state.entries, entry});
  auto alike = [&](const Said& other) { return other.entry.type == entry.type; };
  size_t most = entry.type == EntryType::kFailed ? TargetState::kFailedKept : TargetState::kUnchangedKept;
  if (static_cast<size_t>(std::count_if(newest.begin(), newest.end(), alike)) > most)
    newest.erase(std::find_if(newest.begin(), newest.end(), alike));
}

// So many are not packed at most while a whole ledger is folded.
constexpr size_t kMostUnpacked = 20'000;

// Entries are kept for listing; the tag's bytes stay in git.
Entry without_tag(const Entry& entry) {
  Entry copy = entry;
  copy.tag.clear();
  return copy;
}

}  // namespace

Builder::Builder(const StatePtr& from) : state_(std::make_shared<State>(*from)) {}

const TargetState* Builder::find(const model::Target& target) const {
  if (auto touched = touched_.find(target); touched != touched_.end()) return touched->second.get();
  auto found = state_->targets.find(target);
  return found == state_->targets.end() ? nullptr : found->second.get();
}

TargetState& Builder::touch(const model::Target& target) {
  auto [touched, fresh] = touched_.try_emplace(target);
  if (fresh) {
    auto found = state_->targets.find(target);
    touched->second = found == state_->targets.end() ? std::make_shared<TargetState>()
                                                     : std::make_shared<TargetState>(*found->second);
    touched->second->target = target;
  }
  return *touched->second;
}

Result<void> Builder::add(const Entry& entry) {
  if (entry.target) {
    TargetState& state = touch(*entry.target);
    TRY_DO(add_to_target(state, entry));
    ++state.entries;
  } else {
    state_->platform.push_back(without_tag(entry));
    ++state_->platform_entries;
  }
  apply_everywhere(*state_, entry);
  return ok();
}

Result<void> Builder::add_release(TargetState& state, const Entry& entry) {
  if (entry.number <= state.last_number) {
    return fail(Code::kCorrupt, "the ledger names release ", entry.number, " of ", state.target.str(),
                " after release ", state.last_number);
  }
  TRY(auto row, row_of(entry, state_->policy));
  row->line = state.entries;
  state.releases.push_back(std::move(row));
  apply_release(state);
  ++state_->releases_by_outcome.running;
  return ok();
}

Result<void> Builder::add_outcome(TargetState& state, const Entry& entry) {
  size_t at = state.releases.find(entry.number);
  if (at == state.releases.size())
    return fail(Code::kCorrupt, "the ledger has an outcome of ", state.target.str(), "/", entry.number,
                ", which it does not name");
  ReleaseRow changed = *state.releases[at];
  Counts& counts = state_->releases_by_outcome;
  --(changed.outcome ? counts.by_verdict.at(static_cast<size_t>(changed.outcome->verdict)) : counts.running);
  ++counts.by_verdict.at(static_cast<size_t>(*entry.verdict));
  changed.outcome =
      OutcomeRow{*entry.verdict, entry.time, entry.step, entry.resource, entry.reason, entry.looked_at, entry.steps};
  state.releases.replace(at, changed);
  return ok();
}

Result<void> Builder::add_to_target(TargetState& state, const Entry& entry) {
  if (entry.type == EntryType::kRelease) return add_release(state, entry);
  if (entry.type == EntryType::kOutcome) return add_outcome(state, entry);
  if (entry.type == EntryType::kFailed || entry.type == EntryType::kUnchanged) add_attempt(state, entry);
  TRY(bool said, apply_said(state, entry));
  if (!said) return ok();
  TRY_DO(state.said.push_back({state.entries, without_tag(entry)}));
  if (++unpacked_ >= kMostUnpacked) pack_some();
  return ok();
}

void Builder::pack_some() {
  for (auto& [target, state] : touched_) state->said.pack();
  unpacked_ = 0;
}

namespace {

constexpr size_t kLookedBack = 10;

// What a person asked for was released, or failed, while it was about to be written down.
bool done_already(const TargetState& target, const Entry& ask) {
  if (ask.intent.empty()) return false;
  for (size_t i = target.releases.size(), looked = 0; i-- > 0 && looked < kLookedBack; ++looked) {
    if (target.releases[i]->intent == ask.intent) return true;
  }
  return std::any_of(target.newest_attempts.begin(), target.newest_attempts.end(),
                     [&](const Said& one) { return one.entry.intent == ask.intent; });
}

// Whether `after` takes `before` back.
bool ends(const Entry& after, const Entry& before) {
  switch (before.type) {
    case EntryType::kHold: return after.type == EntryType::kResume;
    case EntryType::kResume: return after.type == EntryType::kHold;
    case EntryType::kFreeze: return after.type == EntryType::kUnfreeze && after.scope == before.scope;
    case EntryType::kUnfreeze: return after.type == EntryType::kFreeze && after.scope == before.scope;
    case EntryType::kMarkBad: return after.type == EntryType::kUnmark && after.artifact == before.artifact;
    case EntryType::kUnmark: return after.type == EntryType::kMarkBad && after.artifact == before.artifact;
    case EntryType::kPropose: return after.type == EntryType::kReject || after.type == EntryType::kCancel;
    default: return false;
  }
}

bool said_before(const Statements& said, const Entry& entry) {
  if (!model::is_decision(entry.type)) return false;
  Statements::Reader reader(said);
  for (size_t i = said.size(); i-- > 0;) {
    if (said.head(i).time != entry.time) continue;
    Entry one = reader.entry(i);
    if (one == entry) return true;
    if (ends(one, entry)) return false;
  }
  return false;
}

}  // namespace

bool stands_in(const std::vector<Entry>& decisions, const Entry& entry) {
  if (!model::is_decision(entry.type)) return false;
  for (auto one = decisions.rbegin(); one != decisions.rend(); ++one) {
    if (*one == entry) return true;
    if (one->time == entry.time && ends(*one, entry)) return false;
  }
  return false;
}

bool stands_in(const TargetState& target, const Entry& entry) {
  auto there = [&](const std::vector<Said>& said) {
    return std::any_of(said.begin(), said.end(), [&](const Said& one) { return one.entry == entry; });
  };
  switch (entry.type) {
    case EntryType::kOutcome: {
      ReleaseRowPtr row = target.find(entry.number);
      return row && row->outcome;
    }
    case EntryType::kFailed:
    case EntryType::kUnchanged: return there(target.newest_attempts);
    case EntryType::kAsk:
      return done_already(target, entry) || std::any_of(target.asked.begin(), target.asked.end(),
                                                        [&](const Entry& open) { return open.id == entry.id; });
    case EntryType::kOrphaned: return target.orphaned && target.orphaned->reason == entry.reason;
    case EntryType::kFound: return !target.orphaned;
    default: return said_before(target.said, entry);
  }
}

void Builder::settle() {
  pack_some();
  for (auto& [target, state] : touched_) {
    if (state->proposal) state_->proposals.insert(target);
    else state_->proposals.erase(target);
    if (!state->asked.empty()) state_->asked.insert(target);
    else state_->asked.erase(target);
    state_->targets[target] = std::move(state);
  }
  touched_.clear();
}

StatePtr Builder::finish(const git::Oid& deploy, const git::Oid& ledger, const git::Oid& main) {
  settle();
  state_->deploy = deploy;
  state_->ledger = ledger;
  state_->main = main;
  return std::move(state_);
}

}  // namespace autonomous::store
