// What the ledger is told of a release that is being made: a proposal before it, its outcome after it.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/pipeline/board.h"
#include "gitops/model/entry.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

inline constexpr std::string_view kMoves = "move";  // Entry::scope: Wish::moves

// What people are asked to agree to, with all that a fresh daemon needs to make the same release. Assembled before.
model::Entry propose_entry(const Flight& flight, Time now);

// What was asked for, with all that a fresh daemon needs to want it again.
model::Entry ask_entry(const Wish& wish, Time now);
// The wish that an ask or a proposal is about is this one.
bool is_about(const model::Entry& entry, const Wish& wish);

// Of a flight that ended, what the ledger does not know yet: its outcome or its failure, and the end of its proposal or
// of the ask.
// state: null before the first look at the record.
std::vector<model::Entry> last_words(const Flight& flight, const store::State* state, Time now);

}  // namespace autonomous::daemon
