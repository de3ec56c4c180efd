// How a target comes to the reconciler: its Application, and the root that lets it in.
#pragma once

#include <optional>
#include <string>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/moving.h"

namespace autonomous::daemon {

// The target's Application and its root, where they aren't on deploy yet or say something else. Nothing: all is there.
Result<std::optional<store::TakeOn>> take_on(const AssembleOptions& options, const Wish& wish,
                                             const store::State& known, const std::optional<Moving>& move);

// What one (environment, project) may do in the reconciler. `target`: one of it.
ports::Root root_of(const std::string& gitops_url, const std::string& branch, const model::Platform& platform,
                    const model::Environment& environment, const model::Target& target, const store::State& state);

}  // namespace autonomous::daemon
