// What an event makes of a flight, and who is told.
#include "daemon/pipeline/board.h"
#include "daemon/pipeline/rows.h"

namespace autonomous::daemon {

using model::Phase;

void Board::fold(Flight& flight, const model::Event& event, Told& told) {
  model::Release before = flight.release;
  flight.release = model::apply(std::move(flight.release), event, clock_.now());
  const model::Release& after = flight.release;
  narrate(flight, before, event, told);
  // What made no commit and no failure has nothing to be written down.
  // A proposal that comes to nothing has (somebody may be about to approve it), and so has what was asked for.
  bool unwritten = after.phase == Phase::kDone && after.number == 0 && after.outcome != model::Outcome::kFailed &&
                   flight.proposal.empty() && flight.ask.empty();
  if (unwritten) flight.release.recorded = true;
  if (before.phase != after.phase || before.blocked != after.blocked || before.note != after.note ||
      before.recorded != flight.release.recorded) {
    changed(after.target, told);
  }
  // A failure without a commit is told at once: the ledger may be out of reach for the same reason.
  bool failed_early = after.phase == Phase::kDone && before.phase != Phase::kDone && after.number == 0;
  if (failed_early || (flight.release.recorded && !before.recorded)) {
    for (const FollowerPtr& follower : flight.followers) {
      told.ends.emplace_back(follower, outcome_of(flight));
      told.ended_targets.push_back(after.target);
    }
    flight.followers.clear();
  }
  if (after.phase == Phase::kDone) {
    woken_ = true;
    writer_.notify_all();
  }
}

void Board::narrate(const Flight& flight, const model::Release& before, const model::Event& event, Told& told) const {
  const model::Release& after = flight.release;
  Progress line{after.target.str(), after.number, step_of(after), "", Progress::Tone::kPlain};
  bool noted = before.note != after.note && !after.note.empty();
  if (before.phase != after.phase && !noted) {
    switch (after.phase) {
      case Phase::kRendering: line.text = "rendering"; break;
      case Phase::kReady: line.text = flight.assembled ? "rendered " + flight.assembled->summary : "rendered"; break;
      case Phase::kVerifying:
        line.text =
            "release " + std::to_string(after.number) + " is commit " + after.commit.substr(0, 7) + " on deploy";
        break;
      default: break;
    }
  } else if (noted) {
    line.text = after.note;
    line.tone = std::holds_alternative<model::Seen>(event) ? Progress::Tone::kPlain : Progress::Tone::kWarning;
  }
  if (line.text.empty()) return;
  for (const FollowerPtr& follower : flight.followers) told.lines.emplace_back(follower, line);
}

void Board::tell(Told told) {
  for (auto& [follower, line] : told.lines) follower->line(std::move(line));
  for (size_t i = 0; i < told.ends.size(); ++i)
    told.ends[i].first->ended(told.ended_targets[i], std::move(told.ends[i].second));
  for (TargetRow& row : told.rows) {
    Event event;
    event.at = clock_.now();
    event.type = "target";
    event.row = std::move(row);
    bus_.publish(std::move(event));
  }
}

}  // namespace autonomous::daemon
