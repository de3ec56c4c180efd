// Whether a clone has all that it should: shallow and partial ones lack history or files, by intent.
#pragma once

#include <string>

#include "gitops/base/result.h"

namespace autonomous::git {

// kCorrupt where it is shallow, or partial (a promisor remote): what it says of the past would be wrong. With the
// command that makes it whole. `path`: as for Repository::open, and before it: libgit2 leaks memory with each opening
// of a partial clone. `branch`: asked only where there is such a branch, or one of origin; "": always.
Result<void> expect_whole(const std::string& path, const std::string& branch = "");

}  // namespace autonomous::git
