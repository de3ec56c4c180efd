// Claiming: whether a release may have the hosts and the room that it asks for, beside what is live and what is on its
// way; where it may, they are its own from then on.
#pragma once

#include <optional>
#include <string>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/moving.h"

namespace autonomous::daemon {

// `wish` with the names that its objects bear. `tree`: oid of the target's, as it will be. Claims only where nothing is
// wrong and `may_claim`.
Result<Preflight> claim_room(const AssembleOptions& options, const Wish& wish, const store::State& state,
                             const std::optional<Moving>& move, const Rendering& rendering, const std::string& tree,
                             bool may_claim);

// A release that comes back has what it had: nobody asks, but others hear of it.
Result<void> claim_again(const AssembleOptions& options, const Wish& wish, const store::State& state,
                         store::Reader& reader, const git::Oid& tree);

}  // namespace autonomous::daemon
