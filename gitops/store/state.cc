#include "gitops/store/state.h"

#include <algorithm>

namespace autonomous::store {

namespace {

// A release as it was listed at `time`.
ReleaseRowPtr row_at(const ReleaseRowPtr& row, Time time) {
  if (!row->outcome || row->outcome->time <= time) return row;
  auto copy = std::make_shared<ReleaseRow>(*row);
  copy->outcome.reset();
  return copy;
}

// Proposals, approvals and broken glass, folded again up to a moment: decisions and releases by time.
void decisions_at(TargetState& then) {
  auto row = then.releases.begin();
  auto released_until = [&](Time time) {
    for (; row != then.releases.end() && (*row)->time <= time; ++row) {
      end_proposal(then, (*row)->artifact, (*row)->input_digest, (*row)->intent);
      then.broken_glass.reset();
    }
  };
  for (const model::Entry& entry : then.decisions) {
    released_until(entry.time - Millis(1));
    apply_decision(then, entry);
  }
  released_until(Time::max());
  for (const model::Entry& entry : then.attempts) {
    bool open = std::any_of(then.asked.begin(), then.asked.end(),
                            [&](const model::Entry& asked) { return asked.time <= entry.time; });
    if (open || entry.type == model::EntryType::kUnchanged)
      end_proposal(then, entry.artifact, entry.type == model::EntryType::kUnchanged ? entry.input_digest : "",
                   entry.intent);
  }
}

std::optional<Hold> hold_at(const TargetState& state, Time time) {
  std::optional<Hold> hold;
  for (const model::Entry& entry : state.decisions) {
    if (entry.time > time) break;
    if (entry.type == model::EntryType::kResume) hold.reset();
    if (entry.type == model::EntryType::kHold) {
      hold = Hold{entry.by.value_or(model::Who{}),
                  entry.time,
                  entry.until,
                  entry.because,
                  entry.ticket,
                  entry.number,
                  entry.artifact};
    }
  }
  return hold;
}

TargetPtr target_at(const TargetState& now, Time time) {
  auto then = std::make_shared<TargetState>();
  then->target = now.target;
  for (size_t i = 0; i < now.releases.size(); ++i) {
    if (now.releases.time(i) <= time) then->releases.push_back(row_at(now.releases[i], time));
  }
  auto until = [&](const std::vector<model::Entry>& from, std::vector<model::Entry>& into) {
    std::copy_if(from.begin(), from.end(), std::back_inserter(into),
                 [&](const auto& entry) { return entry.time <= time; });
  };
  until(now.decisions, then->decisions);
  until(now.attempts, then->attempts);
  then->hold = hold_at(now, time);
  decisions_at(*then);
  if (now.orphaned && now.orphaned->since <= time) then->orphaned = now.orphaned;
  if (now.drift && now.drift->since <= time) then->drift = now.drift;
  if (now.moved && now.moved->since <= time) then->moved = now.moved;
  if (now.moved_away && now.moved_away->since <= time) then->moved_away = now.moved_away;
  then->taken_on = now.taken_on;
  then->application_commit = now.application_commit;
  then->last_number = then->releases.empty() ? 0 : then->releases.back()->number;
  then->entries = now.entries;
  if (then->releases.empty() && then->decisions.empty() && then->attempts.empty()) return nullptr;
  return then;
}

// Everybody who asked for the releases that an artifact came through before.
std::vector<model::Who> bringers_of(std::optional<model::ReleaseId> from,
                                    const std::function<ReleaseRowPtr(const model::ReleaseId&)>& find) {
  std::vector<model::Who> out;
  for (int steps = 0; from && steps < 10; ++steps) {
    ReleaseRowPtr row = find(*from);
    if (!row) break;
    if (auto who = model::Who::parse(row->requested_by)) out.push_back(*who);
    auto before = model::ReleaseId::parse(row->promoted_from);
    from = before ? std::optional(*before) : std::nullopt;
  }
  return out;
}

}  // namespace

model::Responsible responsible_for(const model::Entry& proposal,
                                   const std::function<ReleaseRowPtr(const model::ReleaseId&)>& find) {
  model::Responsible out;
  if (auto author = model::Who::parse(proposal.author))
    out.author = model::Who::clean(author->name, author->email, "commit, unverified");
  auto origin = model::ReleaseId::parse(proposal.origin);
  bool moved = origin && proposal.target && origin->target != *proposal.target;
  if (moved) out.bringers = bringers_of(*origin, find);
  out.requester = proposal.by;
  return out;
}

ReleaseRowPtr TargetState::find(uint32_t number) const {
  size_t at = releases.find(number);
  return at < releases.size() ? releases[at] : nullptr;
}

ReleaseRowPtr TargetState::last_good(uint32_t before, bool unverified, const State* marks) const {
  for (size_t i = releases.size(); i-- > 0;) {
    if (before != 0 && releases.number(i) >= before) continue;
    ReleaseRowPtr row = releases[i];
    if (!row->outcome || (marks != nullptr && marks->is_bad(row->artifact))) continue;
    model::Verdict verdict = row->outcome->verdict;
    if (verdict == model::Verdict::kHealthy || (unverified && verdict == model::Verdict::kUnverified)) return row;
  }
  return nullptr;
}

ReleaseRowPtr TargetState::with_tree(const git::Oid& tree) const {
  for (size_t i = releases.size(); i-- > 0;) {
    if (releases.target_tree(i) == tree) return releases[i];
  }
  return nullptr;
}

const model::Entry* TargetState::glass_broken(Time now) const {
  return broken_glass && (!broken_glass->until || *broken_glass->until > now) ? &*broken_glass : nullptr;
}

const Hold* TargetState::hold_in_force(Time now) const {
  return hold && (!hold->until || *hold->until > now) ? &*hold : nullptr;
}

git::Oid TargetState::expected_tree() const {
  if (drift) return drift->tree;
  return releases.empty() ? git::Oid() : releases.back()->target_tree;
}

ReleaseRowPtr TargetState::with_key(std::string_view artifact, std::string_view input_digest,
                                    std::string_view intent) const {
  for (size_t i = releases.size(); i-- > 0;) {
    ReleaseRowPtr row = releases[i];
    bool same = intent.empty() ? row->artifact == artifact && row->input_digest == input_digest : true;
    if (row->intent == intent && same) return row;
    if (intent.empty()) return nullptr;
  }
  return nullptr;
}

TargetPtr State::find(const model::Target& target) const {
  auto found = targets.find(target);
  return found == targets.end() ? nullptr : found->second;
}

ReleaseRowPtr State::find(const model::ReleaseId& id) const {
  TargetPtr target = find(id.target);
  return target ? target->find(id.number) : nullptr;
}

std::vector<ReleaseRowPtr> State::releases(const model::Target& target, size_t limit) const {
  TargetPtr found = find(target);
  if (!found) return {};
  size_t count = limit == 0 ? found->releases.size() : std::min(limit, found->releases.size());
  std::vector<ReleaseRowPtr> newest;
  for (size_t i = found->releases.size(); newest.size() < count;) newest.push_back(found->releases[--i]);
  return newest;
}

std::vector<State::Located> State::where(std::string_view commit) const {
  std::vector<Located> found;
  if (commit.size() < 4) return found;
  for (const auto& [target, state] : targets) {
    const Rows& rows = state->releases;
    for (size_t i = rows.size(); i-- > 0;) {
      git::Oid source = rows.source_commit(i);
      if (!source.is_zero() && source.hex().starts_with(commit))
        found.push_back({target, rows[i], i + 1 == rows.size()});
    }
  }
  return found;
}

StatePtr State::at(Time time) const {
  auto then = std::make_shared<State>();
  then->deploy = deploy;
  then->ledger = ledger;
  then->main = main;
  then->policy = policy;
  for (const auto& [target, state] : targets) {
    TargetPtr was = target_at(*state, time);
    if (!was) continue;
    if (was->proposal) then->proposals.insert(target);
    if (!was->asked.empty()) then->asked.insert(target);
    then->targets[target] = std::move(was);
  }
  std::copy_if(platform.begin(), platform.end(), std::back_inserter(then->platform),
               [&](const model::Entry& entry) { return entry.time <= time; });
  // What holds everywhere is folded again, from the platform's entries and every target's decisions, by time.
  std::vector<model::Entry> said = then->platform;
  for (const auto& [target, state] : then->targets)
    said.insert(said.end(), state->decisions.begin(), state->decisions.end());
  std::stable_sort(said.begin(), said.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  for (const model::Entry& entry : said) apply_everywhere(*then, entry);
  then->platform_entries = platform_entries;
  for (const auto& [target, state] : then->targets) {
    for (const ReleaseRowPtr& row : state->releases) {
      Counts& counts = then->releases_by_outcome;
      ++(row->outcome ? counts.by_verdict.at(static_cast<size_t>(row->outcome->verdict)) : counts.running);
    }
  }
  return then;
}

}  // namespace autonomous::store
