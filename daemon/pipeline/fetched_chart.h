// A chart that a spec names by its place in a registry or a chart repository, as the render step takes it. The bytes
// come from whoever may fetch (the daemon), or out of the ledger (verify): nothing here has a network. They are
// somebody else's: only a render worker, which owns nothing, looks into them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "daemon/pipeline/renderer.h"
#include "gitops/base/ctx.h"
#include "gitops/base/result.h"
#include "gitops/model/chart_name.h"
#include "gitops/store/layout.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// The bytes of the chart's .tgz, verified against what its registry or index promises. Blocks until `ctx` ends.
using FetchChart = std::function<Result<std::string>(const Ctx& ctx, const model::ChartName& chart)>;

struct PackedChart {
  std::string bytes;   // the .tgz
  std::string digest;  // its own: "sha256:…"
  std::map<std::string, std::string> files;
};

// kLimit beyond what the ledger keeps of an input; kDenied without a way to fetch, and where a link leads out of the
// chart; else as Renderer::unpack.
Result<PackedChart> fetched_chart(const Ctx& ctx, Renderer& renderer, const FetchChart& fetch,
                                  const model::ChartName& chart);

// The bytes that a release was made of, out of the ledger. kCorrupt where they are others.
Result<std::string> kept_chart(store::Reader& reader, const store::ReleaseInputs& inputs);

}  // namespace autonomous::daemon
