// What happens by itself when a release fails its verification (design.md §4, Rollback): where the environment asks for
// it, the artifact is marked bad everywhere, and the target goes back to the last release that was healthy. No hold: a
// fix goes forward at once. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/pipeline/board.h"

namespace autonomous::daemon {

// Of the intent of a way back that nobody asked for.
inline constexpr std::string_view kAutomatic = "automatic-";
inline bool is_automatic(const Wish& wish) { return wish.intent.starts_with(kAutomatic); }

struct Automatic {
  std::optional<model::Entry> mark;  // the artifact is bad
  WishPtr wish;                      // the way back; null: there is none, or it is not wanted
  std::string why;                   // for people: what happens, or why nothing does; "" where nobody asked for it
};

// failed: with its outcome. lane: all flights of its target. `daemon`: who it is done by.
Automatic after_failure(const Flight& failed, const std::vector<Flight>& lane, const PlatformPtr& view,
                        const store::State& state, const model::Who& daemon, Time now);

}  // namespace autonomous::daemon
