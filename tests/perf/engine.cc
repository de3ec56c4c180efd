// Our engine in-process: loads and renders each chart again and again.
//
//   perf_engine SECONDS CHART…    for each chart a line of JSON: {"chart": …, "whole": [ms…], "render": [ms…],
//                                 "again": [ms…], "peak": MiB}
//
// "whole" starts from the chart's folder, "render" from the loaded chart; "again" is a render of a chart that was
// rendered before, as the lines of a batch and a render worker do it. The same as tests/perf/helm/main.go with Helm's.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "render/helm/helm.h"

namespace {

using namespace autonomous;
using Clock = std::chrono::steady_clock;
using Times = std::vector<double>;

double milliseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

Result<void> render_once(const std::shared_ptr<const helm::Chart>& chart) {
  helm::ChartInput input;
  input.release_name = "measured";
  input.chart = chart;
  input.with_values = false;
  TRY(helm::Rendered rendered, helm::render(input));
  return rendered.manifest.empty() ? fail(Code::kInternal, "nothing was rendered") : ok();
}

Result<nlohmann::json> measure(const std::string& path, double budget) {
  Times whole, render, again;
  Clock::time_point start = Clock::now();
  while (milliseconds(start, Clock::now()) < budget || whole.size() < 5) {
    Clock::time_point from = Clock::now();
    helm::LoadOptions options;
    options.path = path;
    TRY(auto chart, helm::load_chart(*disk_tree(path), options));
    Clock::time_point loaded = Clock::now();
    TRY_DO(render_once(chart));
    Clock::time_point rendered = Clock::now();
    TRY_DO(render_once(chart));
    Clock::time_point end = Clock::now();
    whole.push_back(milliseconds(from, rendered));
    render.push_back(milliseconds(loaded, rendered));
    again.push_back(milliseconds(rendered, end));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return nlohmann::json{{"chart", path},
                        {"whole", whole},
                        {"render", render},
                        {"again", again},
                        {"peak", static_cast<double>(usage.ru_maxrss) / 1024}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SECONDS CHART...\n", argv[0]);
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    auto line = measure(argv[i], std::strtod(argv[1], nullptr) * 1000);
    nlohmann::json shown = line ? *line : nlohmann::json{{"chart", argv[i]}, {"error", line.error().message()}};
    std::printf("%s\n", shown.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }
}
