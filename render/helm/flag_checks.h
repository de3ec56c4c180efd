// What helm makes sure of about its flags, at the moment and with the words that helm has for it; and what would ask
// a cluster, the network or a keyring, which `autonomous render` does not do: errors that say what to do instead.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/chart.h"
#include "render/helm/render_flags.h"

namespace autonomous::helm {

// cobra's groups of flags that exclude each other, in the order in which it looks at them; helm 3 has none.
Result<void> check_groups(const Flags& parsed);

// --dry-run as helm 4 takes it, before anything is read. The deprecated forms are told to `warnings`.
Result<void> check_dry_run4(const RenderFlags& flags, std::vector<std::string>& warnings);

// With these values of --dry-run helm 3 renders as always, but for lookup, which asks a cluster.
bool asks_cluster3(const RenderFlags& flags);

// What comes between loading the chart and rendering it.
Result<void> check_after_load(const RenderFlags& flags, const Chart& chart);

// --verify of the chart at `path`: always an error.
Result<void> refuse_to_verify(const std::string& path, bool is_folder);

}  // namespace autonomous::helm
