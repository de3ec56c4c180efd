// The newest fold of each repository that this process has made, so that a Reader opened for one question does not read
// the whole ledger again. Thread-safe. Only a cache: a state is used where its ledger's oid is the tip, or a start from
// which the tip descends.
#pragma once

#include <string>
#include <string_view>

#include "gitops/store/state.h"

namespace autonomous::store {

void offer_state(const std::string& repository, std::string_view branch, StatePtr state);
// Null where there is none.
StatePtr offered_state(const std::string& repository, std::string_view branch);

}  // namespace autonomous::store
