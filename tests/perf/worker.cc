// Render workers, as the pipeline uses them: what a start costs, what reuse gives, and what the memory cap and the
// deadline do.
//
//   perf_worker FRONT CHART    prints a line a figure
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "daemon/pipeline/renderer.h"

namespace {

using namespace autonomous;
using daemon::ChartJob;
using daemon::Renderer;
using Clock = std::chrono::steady_clock;

template <typename Work>
double milliseconds(const Work& work) {
  Clock::time_point from = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

ChartJob job_of(const FileTree& chart, const std::string& digest) {
  ChartJob job;
  job.release_name = "measured";
  job.release_namespace = "default";
  job.chart = &chart;
  job.chart_digest = digest;
  return job;
}

// What a render that has to fail says; its first line.
std::string outcome(Renderer& renderer, const std::string& text) {
  MemoryTree chart({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, {"templates/a.yaml", text}});
  auto result = renderer.render({}, job_of(chart, text));
  return result ? "rendered" : result.error().message().substr(0, result.error().message().find('\n'));
}

int measure(const std::string& front, const std::string& path) {
  constexpr int kRuns = 50;
  auto chart = disk_tree(path);
  Renderer::Options options;
  options.front = front;
  options.workers = 1;
  std::vector<double> first, again;
  for (int i = 0; i < kRuns; ++i) {
    auto renderer = Renderer::make(options);
    if (!renderer) return std::fprintf(stderr, "%s\n", renderer.error().message().c_str()), 1;
    ChartJob job = job_of(*chart, "measured");
    bool good = true;
    first.push_back(milliseconds([&] { good = (*renderer)->render({}, job).has_value(); }));
    again.push_back(milliseconds([&] { good = (*renderer)->render({}, job).has_value() && good; }));
    if (!good) return std::fprintf(stderr, "%s does not render\n", path.c_str()), 1;
  }
  std::printf("worker, first render   %7.2f ms: start, sandbox, chart and render\n", median(first));
  std::printf("worker, next render    %7.2f ms: the chart is known\n", median(again));

  options.memory_bytes = 1ull << 30;
  auto capped = Renderer::make(options);
  std::string said;
  double took = milliseconds(
      [&] { said = outcome(**capped, "{{ $a := list \"x\" }}{{ range $i := 100 }}{{ $a = concat $a $a }}{{ end }}"); });
  std::printf("memory cap of 1 GiB    %7.0f ms until it is told: %s\n", took, said.c_str());
  options.memory_bytes = 3ull << 30;
  options.deadline = Millis(500);
  auto hurried = Renderer::make(options);
  took = milliseconds(
      [&] { said = outcome(**hurried, "{{ range $i := 1000000000 }}{{ range $j := 1000000000 }}{{ end }}{{ end }}"); });
  std::printf("deadline of 500 ms     %7.0f ms until it is told: %s\n", took, said.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: %s FRONT CHART\n", argv[0]), 2;
  return measure(argv[1], argv[2]);
}
