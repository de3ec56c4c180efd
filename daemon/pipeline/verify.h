// verify: renders a release again from what the GitOps repository keeps of it, and compares the tree. Needs a clone and
// the front beside it; no source repository, no daemon, no network.
#pragma once

#include <string>
#include <vector>

#include "daemon/pipeline/renderer.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

struct VerifyAnswer {
  bool equal = false;
  std::string recorded;  // Target-Tree
  std::string rendered;  // tree oid of what came out now
  std::string how;       // "rendered again", "the tree of release 41, which it restores", "has no workloads"
  std::vector<std::string> differences;  // "M manifests/deployment.apps-web.yaml"
};

// kNotFound: no such release. kInvalid: what is recorded does not suffice, and why.
Result<VerifyAnswer> verify_release(const Ctx& ctx, const std::string& repository, const std::string& branch,
                                    const model::ReleaseId& id, Renderer& renderer);

}  // namespace autonomous::daemon
