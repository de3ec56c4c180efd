#include "daemon/pipeline/rows.h"

#include "daemon/pipeline/gates.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using model::Phase;

void from_flight(const Flight& flight, TargetRow& row) {
  const model::Release& release = flight.release;
  row.since = release.since;
  row.step = step_of(release);
  if (release.phase == Phase::kQueued && !release.blocked.empty()) {
    row.state = starts_with(release.blocked, "held") ? TargetState::kHeld : TargetState::kWaiting;
    row.why = release.blocked;
  } else {
    row.state = TargetState::kReleasing;
    row.why = release.note;
  }
  if (const SourceCommit* source = flight.wish->source.get()) {
    row.source = source->repository.url;
    row.source_commit = source->id;
    row.subject = source->subject;
    row.author = source->author.name;
    row.ref = source->ref;
  }
}

void from_live(const store::ReleaseRow& live, TargetRow& row) {
  row.live = live.number;
  row.commit = live.commit.hex();
  row.released_at = live.time;
  row.source = live.source_url;
  row.source_commit = live.source_commit;
  row.subject = live.subject;
  row.author = live.author;
  row.ref = live.source_ref;
  for (const model::ImageFact& image : live.images) row.images.push_back(image.reference);
  row.since = live.time;
  if (live.trigger == model::Trigger::kRetire) {
    row.state = TargetState::kRetired;
  } else if (!live.outcome) {
    row.state = TargetState::kReleasing;
    row.step = "verify";
  } else {
    row.since = live.outcome->time;
    row.why = live.outcome->reason;
    switch (live.outcome->verdict) {
      case model::Verdict::kHealthy: row.state = TargetState::kLive; break;
      case model::Verdict::kUnverified: row.state = TargetState::kUnverified; break;
      default: row.state = TargetState::kFailed; break;
    }
  }
}

// The number before it is somebody else's.
void from_burnt(const store::TargetState& record, TargetRow& row) {
  for (size_t i = record.said.size(); i-- > 0;) {
    const store::SaidHead& one = record.said.head(i);
    if (one.type != model::EntryType::kBurnt) continue;
    if (one.number + 1 == row.live)
      row.why += (row.why.empty() ? "" : "; ") + ("number " + std::to_string(one.number) + " is burnt");
    return;
  }
}

// The newest attempt that made no commit counts when it is newer than what runs.
void from_attempts(const store::TargetState& record, TargetRow& row) {
  if (record.last_attempt() == nullptr) return;
  const model::Entry& last = *record.last_attempt();
  if (last.type != model::EntryType::kFailed || last.time < row.released_at) return;
  row.state = TargetState::kFailed;
  row.since = last.time;
  row.why = last.step + " failed: " + last.reason;
  row.step = last.step;
  if (last.source) row.source_commit = last.source->commit;
  if (!last.subject.empty()) row.subject = last.subject;
}

void from_marks(const store::TargetState& record, Time now, TargetRow& row) {
  if (const store::Hold* hold = record.hold_in_force(now)) {
    row.hold = HoldInfo{hold->by.name.empty() ? hold->by.how : hold->by.name,
                        hold->because,
                        hold->ticket,
                        hold->since,
                        hold->until,
                        ""};
    if (row.state != TargetState::kFailed && row.state != TargetState::kReleasing) row.state = TargetState::kHeld;
    row.why = "held " + hold_text(*hold, now);
    row.since = hold->since;
  }
  if (record.drift) {
    row.state = TargetState::kDrifted;
    row.since = record.drift->since;
    row.why = record.drift->by + (record.drift->tree.is_zero() ? " removed it from deploy" : " changed it on deploy") +
              " in " + record.drift->commit.short_hex();
  }
  if (record.orphaned) {
    row.state = TargetState::kOrphaned;
    row.since = record.orphaned->since;
    row.why = record.let_go() ? "let go of: it runs by itself, and nothing here follows it" : record.orphaned->reason;
  }
}

// Its objects are another target's: whatever else was known of it is history.
void from_move(const store::TargetState& record, TargetRow& row) {
  if (!record.moved_away) return;
  row.state = TargetState::kRetired;
  row.since = record.moved_away->since;
  row.why = "moved to " + record.moved_away->to.str();
}

// Broken glass is shown before everything else.
TargetRow with_emergency(TargetRow row, const store::TargetState* record, Time now) {
  const model::Entry* glass = record == nullptr ? nullptr : record->glass_broken(now);
  if (glass == nullptr) return row;
  std::string text = "BREAK-GLASS by " + (glass->by ? glass->by->name : std::string("somebody"));
  if (glass->until) text += " until " + format_time(*glass->until);
  row.why = text + ": " + glass->because + (row.why.empty() ? "" : "; " + row.why);
  return row;
}

}  // namespace

std::string step_of(const model::Release& release) {
  switch (release.phase) {
    case Phase::kQueued: return "queued";
    case Phase::kRendering: return "render";
    case Phase::kReady:
    case Phase::kCommitting: return "commit";
    case Phase::kVerifying: return "verify";
    case Phase::kDone: return "";
  }
  return "";
}

TargetRow make_row(const model::Target& target, const store::TargetState* record, const Flight* flight, Time now) {
  TargetRow row;
  row.target = target.str();
  if (record != nullptr) {
    row.release = record->last_number;
    if (auto live = record->live()) from_live(*live, row);
    from_burnt(*record, row);
    from_attempts(*record, row);
    from_marks(*record, now, row);
    from_move(*record, row);
  }
  if (flight == nullptr) return with_emergency(std::move(row), record, now);
  if (flight->release.phase == Phase::kDone) {
    // Not in the ledger yet; the remote may be what failed.
    bool unwritten = flight->release.outcome == model::Outcome::kFailed && flight->release.number == 0;
    if (!unwritten) return with_emergency(std::move(row), record, now);
    row.state = TargetState::kFailed;
    row.since = flight->release.since;
    row.why = flight->release.reason;
    return row;
  }
  std::string behind = row.hold ? flight->wish->commit() : "";
  from_flight(*flight, row);
  if (row.hold) row.hold->behind = behind;
  return with_emergency(std::move(row), record, now);
}

}  // namespace autonomous::daemon
