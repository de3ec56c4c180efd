#include "daemon/pipeline/flight.h"

namespace autonomous::daemon {

using model::Phase;

bool pending(const Flight& flight) {
  Phase phase = flight.release.phase;
  return phase == Phase::kQueued || phase == Phase::kRendering || phase == Phase::kReady;
}

bool in_hand(const Flight& flight) {
  Phase phase = flight.release.phase;
  return phase == Phase::kRendering || phase == Phase::kReady || phase == Phase::kCommitting;
}

Outcome outcome_of(const Flight& flight) {
  const model::Release& release = flight.release;
  Outcome outcome{release.target.str(), release.number, Outcome::Verdict::kDone, release.reason};
  switch (release.outcome) {
    case model::Outcome::kHealthy: outcome.text = "live" + (release.reason.empty() ? "" : ": " + release.reason); break;
    case model::Outcome::kUnverified: outcome.text = "released, unverified: " + release.reason; break;
    case model::Outcome::kUnchanged:
    case model::Outcome::kSuperseded: outcome.verdict = Outcome::Verdict::kUnchanged; break;
    default: outcome.verdict = Outcome::Verdict::kFailed; break;
  }
  return outcome;
}

Bound bound_of(const Assembled& assembled) {
  return {assembled.draft.artifact, assembled.draft.trailers.input_digest, assembled.tree};
}

std::string short_commit(const Wish& wish) { return wish.commit().empty() ? wish.intent : wish.commit().substr(0, 7); }

}  // namespace autonomous::daemon
