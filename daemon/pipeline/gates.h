// Gates: what may stand between a wish and its release, judged from snapshots. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/pipeline/wish.h"
#include "gitops/model/approval.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

struct Blocked {
  std::string gate;  // mapped gone vanished move hold bake freeze ticket bad approval; empty: nothing in the way
  std::string why;   // a sentence for people
  explicit operator bool() const { return !gate.empty(); }
};

// The first gate that is shut for the wish at `now`, but for approvals: those are of what was rendered.
Blocked blocked_by(const Wish& wish, const store::State& state, Time now);

// Those of a doubt that nobody has let go yet: they run, and are not orphaned.
std::vector<model::Target> still_doubted(const Doubt& doubt, const store::State& state);

// An error where waiting would not help: the ticket is missing, the artifact is bad.
Result<void> never_goes(const Wish& wish, const Blocked& blocked);

// What an approval binds.
struct Bound {
  std::string artifact, input_digest, tree;
  bool operator==(const Bound&) const = default;
};

// Whether people have agreed to a rendered release.
struct Consent {
  uint32_t needed = 0;               // approvals; 0: nobody has to be asked
  std::string proposal;              // id of the ledger's open proposal of exactly this, or ""
  std::vector<model::Who> by;        // whose approvals count, as Approved-By says it
  std::string why;                   // what it waits for; "" = enough
  std::vector<std::string> ignored;  // approvals that don't count, and why
};
Consent consent_to(const Wish& wish, const store::State& state, const Bound& bound, Time now);

// Who stands for a proposed release: what the independence of its approvals is judged by.
model::Responsible responsible_for(const model::Entry& proposal, const store::State& state);

// Whether a freeze that somebody declares now would not stop it.
bool passes_freeze(const Wish& wish, const store::State& state, Time now);

// Whether people have to agree to it at all.
bool needs_consent(const Wish& wish);

// The decision that ended a proposal: "rejected by Jane: too risky"; "" where nobody ended it.
std::string ended_by(const store::State& state, const model::Target& target, const std::string& proposal);

// The id of the ledger's open ask of this wish; "" where there is none.
std::string asked_as(const Wish& wish, const store::State& state);

// "by Jane since 2h: investigating checkout errors"
std::string hold_text(const store::Hold& hold, Time now);

// What the artifact of a wish is called: digest over source commit, images and chart (design.md §2).
std::string artifact_of(const Wish& wish);

}  // namespace autonomous::daemon
