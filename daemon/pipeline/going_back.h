// Releases that render nothing: one that comes back, and one without workloads.
#pragma once

#include <memory>

#include "daemon/pipeline/assemble.h"

namespace autonomous::daemon {

Result<std::shared_ptr<const Assembled>> assemble_rollback(const AssembleOptions& options, const Wish& wish,
                                                           const store::State& known);
// state: what the record knows of the target; null: nothing.
Result<std::shared_ptr<const Assembled>> assemble_retire(const AssembleOptions& options, const Wish& wish,
                                                         const store::TargetState* state);

}  // namespace autonomous::daemon
