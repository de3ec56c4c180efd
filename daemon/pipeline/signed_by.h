// Who signed an approval with a key of their own.
#pragma once

#include <string>

#include "gitops/base/result.h"
#include "gitops/model/approval.h"

namespace autonomous::daemon {

// By the keys that platform.yaml gives to people. kDenied for all others. The identity has no groups: a key proves a
// person, not what a token says of them.
Result<model::Identity> signed_by(const model::Platform& platform, const std::string& text,
                                  const std::string& signature);

}  // namespace autonomous::daemon
