// Gates: what may stand between a wish and its release, judged from snapshots. Pure.
#pragma once

#include <string>

#include "daemon/pipeline/wish.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

struct Blocked {
  std::string gate;  // hold freeze approval ticket bad; empty: nothing in the way
  std::string why;   // a sentence for people
  explicit operator bool() const { return !gate.empty(); }
};

// The first gate that is shut for the wish at `now`.
Blocked blocked_by(const Wish& wish, const store::State& state, Time now);

// "by Jane since 2h: investigating checkout errors"
std::string hold_text(const store::Hold& hold, Time now);

// What the artifact of a wish is called: digest over source commit, images and chart (design.md §2).
std::string artifact_of(const Wish& wish);

}  // namespace autonomous::daemon
