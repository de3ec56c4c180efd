// Whether a clone has all that it should: shallow and partial ones lack history or files, by intent.
#pragma once

#include "gitops/base/result.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

// kCorrupt where it is shallow, or partial (a promisor remote): what it says of the past would be wrong. With the
// command that makes it whole.
Result<void> expect_whole(const Repository& repository);

}  // namespace autonomous::git
