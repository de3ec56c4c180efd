// why: the gates of design.md §5 for one target, in their order, until one is shut.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/http/api.h"
#include "daemon/pipeline/board.h"
#include "daemon/pipeline/pipeline.h"

namespace autonomous::daemon {

// The branch that feeds the target's environment: its newest commit is about the target. Null: none was seen.
const BranchView* branch_of(const std::vector<BranchView>& branches, const model::Target& target);

// About the newest commit of the branch that feeds the target's environment. `trouble`: why its source cannot be read;
// `flight`: the newest release of the target that is under way, or ended and is not written down yet; `rewritten`: why
// it is not known what the branch holds (Board::rewritten).
WhyAnswer walk_gates(const model::Target& target, const std::vector<BranchView>& branches, std::string trouble,
                     const store::State& state, const std::optional<Flight>& flight, PlatformPtr view,
                     std::string rewritten, Time now);

}  // namespace autonomous::daemon
