// What was made of other people's commits on the GitOps repository, in words.
#pragma once

#include <string>
#include <vector>

#include "daemon/pipeline/board.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// One line of a log: what it was, who did it, what follows.
std::string describe(const store::ForeignChange& change);

// Those who pushed hear of it, and that this is all.
void tell(const std::vector<ProgressPtr>& listeners, const store::Foreign& foreign);

}  // namespace autonomous::daemon
