// The hooks of hosted repositories: `autonomous-hook pre-receive|post-receive`, run by git receive-pack inside the
// repository. They ask the daemon over its Unix socket; what they print reaches the pusher as `remote: …`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "gitops/base/ctx.h"

namespace autonomous::daemon {

struct HookCall {
  std::string kind;                      // pre-receive | post-receive
  std::string socket;                    // the daemon's
  std::string repository;                // its folder; the name is <name>.git
  std::string deploy;                    // the GitOps repository's branch that says what runs
  std::vector<std::string> environment;  // KEY=VALUE: git's own variables (quarantine), PATH, AUTONOMOUS_PUSHER_*
};

// The hook's exit status. A post-receive makes what came durable before it asks anybody. A pre-receive refuses where
// the daemon doesn't answer: nothing is accepted that it can't judge. A post-receive never fails: the refs have moved.
// It follows the release until its end or ctx's, or until nothing was new for a minute.
int run_hook(const Ctx& ctx, const HookCall& call, std::istream& updates, std::ostream& out);

}  // namespace autonomous::daemon
