// What people want, as of one commit of main.
#pragma once

#include "daemon/pipeline/wish.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

// platform.yaml and the rest of `main` at its tip. When it is wrong, what `before` said stays, with the errors.
PlatformPtr read_view(const git::Repository& repository, const git::Oid& main, const PlatformPtr& before);

// What is in force: the same, but for a platform.yaml that is weaker than the one before and that people have not
// agreed to (store/policy.h): then the one before stays, with what it waits for. Of git and the ledger alone.
PlatformPtr view_in_force(const git::Repository& repository, const git::Oid& main, const PlatformPtr& before,
                          const store::State& state);

}  // namespace autonomous::daemon
