// What a draft of a release says whatever it is about. Pure.
#pragma once

#include "daemon/pipeline/wish.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// Who caused it: of a push the source's author; of everything else whoever asked for it, or changed main.
store::Author author_of(const Wish& wish);

// state: what the record knows of the target; null: nothing.
store::Draft draft_of(const Wish& wish, const store::TargetState* state);

}  // namespace autonomous::daemon
