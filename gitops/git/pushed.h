// What the git program took in a push. A library of its own, without libgit2: hooks use it, and have to start fast.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::git {

// What git itself wrote for these refs lasts afterwards: it syncs files, but no folder that a file was renamed into.
Result<void> sync_pushed(const std::string& folder, const std::vector<std::string>& refs);

}  // namespace autonomous::git
