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

// Folded again from the entries that count, in the ledger's order, as far as they had been said by then.
TargetPtr target_at(const TargetState& now, Time time) {
  auto then = std::make_shared<TargetState>();
  then->target = now.target;
  then->entries = now.entries;
  // Its first Application is not among them: when it came does not matter, whether it went does.
  then->application_commit = now.application_commit;
  Statements::Reader reader(now.said);
  size_t application = 0;
  while (application < now.said.size() && now.said.head(application).type != model::EntryType::kTakenOn) ++application;
  then->taken_on = application == now.said.size() ? now.taken_on : reader.entry(application).removed;
  size_t said = 0;
  auto say_until = [&](uint32_t line) {
    for (; said < now.said.size() && now.said.head(said).line < line; ++said) {
      if (now.said.head(said).time > time) continue;
      // It could follow once; without what was said later, it can again.
      if (apply_said(*then, reader.entry(said))) then->said.copy_from(now.said, said, reader);
    }
  };
  for (size_t i = 0; i < now.releases.size(); ++i) {
    if (now.releases.time(i) > time) continue;
    ReleaseRowPtr row = row_at(now.releases[i], time);
    say_until(row->line);
    then->releases.push_back(std::move(row));
    apply_release(*then);
  }
  say_until(UINT32_MAX);
  for (size_t i = 0; i < now.attempts.size(); ++i) {
    if (now.attempts[i].time <= time) then->attempts.push_back(now.attempts[i]);
  }
  std::copy_if(now.newest_attempts.begin(), now.newest_attempts.end(), std::back_inserter(then->newest_attempts),
               [&](const Said& one) { return one.entry.time <= time; });
  if (then->releases.empty() && then->said.empty() && then->attempts.empty()) return nullptr;
  return then;
}

// What apply_everywhere looks at.
bool holds_everywhere(model::EntryType type) {
  switch (type) {
    case model::EntryType::kMarkBad:
    case model::EntryType::kUnmark:
    case model::EntryType::kFreeze:
    case model::EntryType::kUnfreeze:
    case model::EntryType::kKey: return true;
    default: return false;
  }
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
  out.from_main =
      proposal.trigger == model::Trigger::kConfiguration && !(proposal.by && model::is_verified(*proposal.by));
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

std::vector<State::Tried> State::tried(std::string_view commit) const {
  std::vector<Tried> found;
  if (commit.size() < 4) return found;
  for (const auto& [target, state] : targets) {
    size_t first = found.size();
    for (size_t i = state->attempts.size(); i-- > 0;) {
      const Attempt& one = state->attempts[i];
      if (!one.source.is_zero() && one.source.hex().starts_with(commit))
        found.push_back({target, one.source, one.time, one.line});
    }
    for (size_t i = 0; i < state->said.size(); ++i) {
      const SaidHead& one = state->said.head(i);
      bool ended = one.type == model::EntryType::kReject || one.type == model::EntryType::kCancel;
      if (ended && !one.source.is_zero() && one.source.hex().starts_with(commit))
        found.push_back({target, one.source, one.time, one.line});
    }
    std::stable_sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
                     [](const Tried& a, const Tried& b) { return a.line > b.line; });
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
  for (const auto& [target, state] : then->targets) {
    Statements::Reader reader(state->said);
    for (size_t i = 0; i < state->said.size(); ++i) {
      if (holds_everywhere(state->said.head(i).type)) said.push_back(reader.entry(i));
    }
  }
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
