// fetch_chart(): a chart from an OCI registry, a chart repository or a URL, into the cache.
//
// Blocks; may be called from several threads at once. Writes below the cache's folder, and nowhere else.
#pragma once

#include <functional>
#include <string>

#include "gitops/base/ctx.h"
#include "gitops/http/client.h"
#include "gitops/model/chart_name.h"
#include "render/helm/remote_chart.h"

namespace autonomous::daemon {

struct ChartSurroundings {
  http::Client& client;
  helm::ChartCache& cache;
  // Of the process, by name; "" where it is not set. For the places where logins are kept.
  std::function<std::string(const std::string& name)> variable;
};

// What a spec's `chart:` asks for. A registry on this machine is spoken to over http, as docker does.
helm::RemoteChart remote_chart(const model::ChartName& chart);

// Errors have helm's words where helm fails in the same way. kNotFound: no such chart or version; kDenied: the server
// says no; kCorrupt: what arrived is not what was promised; kConflict: the version means other bytes than before.
Result<helm::FetchedChart> fetch_chart(const Ctx& ctx, const ChartSurroundings& around, const helm::RemoteChart& chart);

}  // namespace autonomous::daemon
