// What the ledger is told of a release that is being made: a proposal before it, its outcome after it.
#pragma once

#include <vector>

#include "daemon/pipeline/board.h"
#include "gitops/model/entry.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

// What people are asked to agree to, with all that a fresh daemon needs to make the same release. Assembled before.
model::Entry propose_entry(const Flight& flight, Time now);

// Of a flight that ended, what the ledger does not know yet: its outcome or its failure, and the end of its proposal.
// state: null before the first look at the record.
std::vector<model::Entry> last_words(const Flight& flight, const store::State* state, Time now);

}  // namespace autonomous::daemon
