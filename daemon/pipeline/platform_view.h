// What people want, as of one commit of main.
#pragma once

#include "daemon/pipeline/wish.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

// platform.yaml and the rest of `main` at its tip. When it is wrong, what `before` said stays, with the errors.
PlatformPtr read_view(const git::Repository& repository, const git::Oid& main, const PlatformPtr& before);

}  // namespace autonomous::daemon
