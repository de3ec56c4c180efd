#include "daemon/charts/fetch_verb.h"

#include <istream>
#include <iterator>
#include <ostream>

#include "daemon/charts/fetch.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {

int run_fetch_chart(const std::stop_token& stop, const std::function<std::string(const std::string&)>& variable,
                    std::istream& in, std::ostream& out) {
  constexpr int kWrongUse = 2;
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto wanted = helm::RemoteChart::from_json(text);
  if (!wanted) return kWrongUse;
  http::Client client;
  helm::ChartCache cache(helm::ChartCache::default_folder());
  auto chart = fetch_chart(Ctx{stop}, {client, cache, variable}, *wanted);
  if (chart) {
    out << chart->to_json() << "\n";
    return 0;
  }
  out << masked(chart.error().line());
  if (!chart.error().hint().empty()) out << "\n\n" << chart.error().hint();
  return 1;
}

}  // namespace autonomous::daemon
