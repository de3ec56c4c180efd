// blame: whether a release that failed failed by itself, or by what surrounds it. Only the first makes an artifact bad
// and is worth going back for; with the API away, a quota used up or a registry in trouble the release before would
// fare no better. Pure. In doubt it is not the artifact.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/ports/reconciler.h"
#include "plugins/ports/trouble.h"

namespace autonomous::ports {

// What was seen last when the release failed. trouble: of its pods, where one was seen.
bool blames_artifact(const std::optional<AppStatus>& status, const std::optional<Trouble>& trouble);

// Whether words of a cluster or a registry are about the infrastructure: a timeout, a quota, no node, no access.
bool is_infrastructure(std::string_view words);

}  // namespace autonomous::ports
