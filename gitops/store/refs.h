// Where the three branches are in a repository that was cloned, or that is the record itself.
#pragma once

#include <string_view>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"
#include "gitops/store/journal.h"

namespace autonomous::store {

// refs/remotes/origin/… where the ledger was fetched there, else refs/heads/…. kNotFound names the missing branch.
Result<Tips> tips_of_clone(const git::Repository& repository, std::string_view branch);

}  // namespace autonomous::store
