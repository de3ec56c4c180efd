// What entries make of a target and of the whole state: the same for what comes in and for what once was.
#include <algorithm>

#include "gitops/store/state.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

Hold hold_of(const Entry& entry) {
  return {entry.by.value_or(model::Who{}),
          entry.time,
          entry.until,
          entry.because,
          entry.ticket,
          entry.number,
          entry.artifact};
}

void end_ask(TargetState& state, std::string_view artifact, std::string_view intent) {
  std::erase_if(state.asked, [&](const Entry& open) {
    return open.intent == intent && (!intent.empty() || open.artifact == artifact);
  });
}

// A release (or the finding that it changes nothing) ends the proposal and the ask that it is of.
void end_proposal(TargetState& state, std::string_view artifact, std::string_view input_digest,
                  std::string_view intent) {
  end_ask(state, artifact, intent);
  if (!state.proposal) return;
  const Entry& open = state.proposal->entry;
  if (open.artifact == artifact && open.input_digest == input_digest && open.intent == intent) state.proposal.reset();
}

// Whether it ended something.
bool end_attempted(TargetState& state, const Entry& entry) {
  size_t open = state.asked.size() + (state.proposal ? 1 : 0);
  if (entry.type == EntryType::kUnchanged) end_proposal(state, entry.artifact, entry.input_digest, entry.intent);
  end_ask(state, entry.artifact, entry.intent);
  return state.asked.size() + (state.proposal ? 1 : 0) != open;
}

Result<void> apply_move(TargetState& state, const Entry& entry) {
  state.orphaned.reset();
  if (entry.removed) {
    TRY(model::Target to, model::Target::parse(entry.origin));
    state.moved_away = MovedAway{std::move(to), entry.time};
    state.taken_on = false;
    return ok();
  }
  Moved moved{{}, {}, entry.time};
  TRY(moved.from, model::ReleaseId::parse(entry.origin));
  TRY(moved.names, model::Target::parse(entry.scope));
  if (moved.from.number < state.last_number) {
    return fail(Code::kCorrupt, state.target.str(), " cannot go on after ", moved.from.str(), ": it has release ",
                state.last_number);
  }
  state.last_number = moved.from.number;
  state.moved = std::move(moved);
  state.moved_away.reset();
  return ok();
}

Result<void> apply_drift(TargetState& state, const Entry& entry) {
  Drift drift{entry.time, {}, {}, entry.author};
  if (!entry.commit.empty()) {
    TRY(drift.commit, git::Oid::parse(entry.commit));
  }
  if (!entry.tree.empty()) {
    TRY(drift.tree, git::Oid::parse(entry.tree));
  }
  state.drift = drift;
  if (!state.releases.empty() && state.releases.back()->target_tree == drift.tree) state.drift.reset();  // undone
  return ok();
}

// What it says of the target's proposal, of what was asked, and of the glass.
void apply_decision(TargetState& state, const Entry& entry) {
  auto& proposal = state.proposal;
  bool of_it = proposal && entry.id == proposal->entry.id;
  switch (entry.type) {
    case EntryType::kPropose:
      proposal = Proposal{entry, {}};
      end_ask(state, entry.artifact, entry.intent);
      break;
    case EntryType::kAsk:
      if (std::none_of(state.asked.begin(), state.asked.end(), [&](const Entry& open) { return open.id == entry.id; }))
        state.asked.push_back(entry);
      break;
    case EntryType::kApprove:
      if (!of_it) break;
      std::erase_if(proposal->approvals, [&](const Entry& before) { return before.by == entry.by; });
      proposal->approvals.push_back(entry);
      break;
    case EntryType::kReject:
    case EntryType::kCancel:
      if (of_it) proposal.reset();
      std::erase_if(state.asked, [&](const Entry& open) { return open.id == entry.id; });
      break;
    case EntryType::kBreakGlass: state.broken_glass = entry; break;
    default: break;
  }
}

}  // namespace

Result<bool> apply_said(TargetState& state, const Entry& entry) {
  apply_decision(state, entry);
  switch (entry.type) {
    case EntryType::kFailed:
    case EntryType::kUnchanged: return end_attempted(state, entry);
    case EntryType::kHold: state.hold = hold_of(entry); return true;
    case EntryType::kResume: state.hold.reset(); return true;
    case EntryType::kOrphaned: state.orphaned = Orphaned{entry.time, entry.reason}; return true;
    case EntryType::kFound: state.orphaned.reset(); return true;
    case EntryType::kTakenOn: {
      // Every target has a first time, and its files are changed later: neither is kept.
      bool again = entry.removed || (!state.taken_on && !state.application_commit.empty());
      state.taken_on = !entry.removed;
      state.application_commit = entry.commit;
      return again;
    }
    case EntryType::kBurnt:
      if (entry.number <= state.last_number)
        return fail(Code::kCorrupt, "the ledger burns number ", entry.number, " of ", state.target.str(),
                    " after release ", state.last_number);
      state.last_number = entry.number;
      return true;
    case EntryType::kMoved: TRY_DO(apply_move(state, entry)); return true;
    case EntryType::kDrift: TRY_DO(apply_drift(state, entry)); return true;
    default: return model::is_decision(entry.type);
  }
}

void apply_release(TargetState& state) {
  const ReleaseRow& made = *state.releases.back();
  state.last_number = made.number;
  end_proposal(state, made.artifact, made.input_digest, made.intent);
  state.broken_glass.reset();
  state.orphaned.reset();
  state.drift.reset();
}

void apply_everywhere(State& state, const Entry& entry) {
  model::Who by = entry.by.value_or(model::Who{});
  std::string scope = entry.scope.empty() && entry.target ? entry.target->str() : entry.scope;
  switch (entry.type) {
    case EntryType::kMarkBad: state.bad[entry.artifact] = Bad{entry.time, by, entry.because}; break;
    case EntryType::kUnmark: state.bad.erase(entry.artifact); break;
    case EntryType::kFreeze: state.freezes[scope] = Freeze{scope, entry.time, entry.until, by, entry.because}; break;
    case EntryType::kUnfreeze: state.freezes.erase(scope); break;
    case EntryType::kKey:
      std::erase(state.keys, entry.key);
      if (!entry.removed) state.keys.push_back(entry.key);
      break;
    default: break;
  }
}

}  // namespace autonomous::store
