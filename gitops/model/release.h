// One release on its way: an immutable value, folded from events. Pure: no clock, no input or output; the daemon's loop
// runs the steps and records what came of them (design.md §5).
//
//   queued → rendering → ready → committing → verifying → done
//
// apply() never fails: an event that does not fit the phase (late, doubled, out of order) changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/model/ids.h"

namespace autonomous::model {

enum class Phase : uint8_t {
  kQueued,      // wanted; not begun, or waiting for what `blocked` says
  kRendering,   // a worker makes its manifests
  kReady,       // rendered and checked; waits for the writer
  kCommitting,  // in the writer's batch
  kVerifying,   // on `deploy`; its outcome is not known yet
  kDone,
};

enum class Outcome : uint8_t { kNone, kHealthy, kFailed, kSuperseded, kCancelled, kRejected, kUnverified, kUnchanged };

std::string_view phase_name(Phase phase);
std::string_view outcome_name(Outcome outcome);

// How long one step took.
struct StepSpan {
  std::string step;  // render, commit, verify
  Time started;
  Time ended;
};

struct Release {
  Target target;
  std::string key;     // idempotency: target, artifact, intent
  std::string source;  // 40 hex digits of the source commit; empty where there is none
  uint64_t order = 0;  // newer requests of a target have higher ones
  bool asked = false;  // a person asked for it (rollback, retry): never superseded by a push that waits
  Phase phase = Phase::kQueued;
  Time since;  // of the phase
  Time requested;
  Time deadline;          // while verifying
  Time not_before;        // after a failure that may be retried
  uint32_t attempts = 0;  // of the step in hand
  std::string blocked;    // why it waits: a hold, an approval…; empty: nothing in the way
  uint32_t number = 0;    // from kVerifying on
  std::string commit;     // likewise
  Outcome outcome = Outcome::kNone;
  std::string reason;            // of the outcome, for people
  std::string resource;          // which one is to blame
  std::string looked_at;         // what the outcome rests on
  bool artifact_failed = false;  // it failed by itself; false: the infrastructure may be to blame
  std::string note;              // the newest thing worth telling while a step runs ("pod web-1: ImagePullBackOff")
  bool recorded = false;         // the outcome stands in the ledger
  std::vector<StepSpan> steps;
};

// Events. Each carries what happened, never what to do.
struct RenderBegan {};
struct Rendered {};
struct RenderEmpty {};  // it would change nothing, and nobody needs to know
struct RenderFailed {
  std::string reason;
  bool retryable = false;
};
struct Blocked {
  std::string why;
};  // hold, policy, approval: stays queued and says why
struct Unblocked {};
struct CommitBegan {};
struct Committed {
  uint32_t number;
  std::string commit;
  Time verify_until;
};
struct NothingChanged {
  std::string reason;  // empty: what was rendered runs already
};
struct Refused {
  std::string words;
  bool retryable = false;
};                // by the remote, or by a check before it
struct Stale {};  // the tip moved, or main while it was rendered: compute it again
struct Seen {
  std::string note;
};  // something worth telling
struct Verified {
  Outcome outcome;
  std::string reason;
  std::string resource = {};
  std::string looked_at = {};
  bool artifact = false;  // of a failure: what was released is to blame, not what surrounds it
};
struct Superseded {  // by a newer request of the same target
  std::string by;
  bool went_out = false;  // it is a release already: what was asked for before it gives way, too
};
struct Cancelled {
  std::string why;
};
struct Recorded {};  // the outcome has been written down
struct ClockJumped {
  Millis by;
};  // somebody set the clock: what was awaited is moved with it

using Event =
    std::variant<RenderBegan, Rendered, RenderEmpty, RenderFailed, Blocked, Unblocked, CommitBegan, Committed,
                 NothingChanged, Refused, Stale, Seen, Verified, Superseded, Cancelled, Recorded, ClockJumped>;

Release apply(Release release, const Event& event, Time now);

enum class Step : uint8_t {
  kNothing,  // somebody else moves next, or it waits
  kRender,
  kCommit,
  kVerify,  // look at the world and say Verified when it is known
  kGiveUp,  // the deadline of the verification passed: post Verified{kFailed}
  kRecord,  // write the outcome into the ledger
  kForget,  // done and recorded
};

Step next_step(const Release& release, Time now);
// When next_step may change its mind without an event; Time::max() when never.
Time wakes_at(const Release& release, Time now);

// Attempts before a retryable failure becomes final, and the pause before attempt n (1, 2, …): 1 s, 2 s, 4 s … ≤ 60 s.
inline constexpr uint32_t kMaxAttempts = 8;
Millis retry_pause(uint32_t attempt);

}  // namespace autonomous::model
