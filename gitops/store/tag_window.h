// Which release tags a repository keeps (design.md §4): of what is live, and of the newest releases, `window` in all.
// The others may leave: the ledger has their bytes. Pure; writer and audit judge by the same rule.
//
// By time and name, so that a tag which may leave once may be gone for ever: what comes later only stands before it.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>

#include "gitops/base/clock.h"
#include "gitops/model/ids.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// Releases that are not live, from the newest of those that may go.
struct TagCut {
  Time time{};
  model::ReleaseId id;
  auto operator<=>(const TagCut&) const = default;
};

// Nothing: all tags stay.
std::optional<TagCut> tag_cut(const State& state, size_t window);
// Of a release that is not live.
bool may_go(const std::optional<TagCut>& cut, Time time, const model::ReleaseId& id);
// What the ledger says of it last; 0: nothing so far, no tag has left.
uint32_t told_tag_window(const State& state);

}  // namespace autonomous::store
