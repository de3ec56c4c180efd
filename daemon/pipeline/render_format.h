// Releases that were rendered in a form that this program does not know.
#pragma once

#include <string_view>

#include "gitops/base/result.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

inline constexpr std::string_view kHelm = "helm/4";

// kInvalid where `release` was rendered in a form that this program does not know: a newer one made it. Whoever
// rendered its target anew all the same would change what nobody asked to change.
Result<void> know_format(const model::ReleaseId& release, std::string_view format, std::string_view helm);

}  // namespace autonomous::daemon
