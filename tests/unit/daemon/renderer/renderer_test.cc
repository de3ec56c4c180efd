// The renderer with real workers: the front of this build.
#include "daemon/pipeline/renderer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/render/helm/tar.h"

namespace autonomous::daemon {
namespace {

std::unique_ptr<Renderer> renderer(unsigned workers = 1, Millis deadline = Millis(60'000)) {
  Renderer::Options options;
  options.front = AUTONOMOUS_FRONT;
  options.workers = workers;
  options.deadline = deadline;
  auto made = Renderer::make(options);
  EXPECT_TRUE(made);
  return made ? std::move(*made) : nullptr;
}

MemoryTree chart(const std::string& text) {
  return MemoryTree({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
                     {"values.yaml", "v: 1\n"},
                     {"templates/a.yaml", text}});
}

ChartJob job(const FileTree& tree, const std::string& digest) {
  ChartJob job;
  job.release_name = "x";
  job.release_namespace = "ns";
  job.chart = &tree;
  job.chart_digest = digest;
  return job;
}

TEST(Renderer, RendersInAWorker) {
  auto pool = renderer();
  MemoryTree tree = chart("name: {{ .Release.Namespace }}\nv: {{ .Values.v }}\n");
  ChartJob first = job(tree, "one");
  first.values.push_back({"overlay", "v: 2\n"});
  auto result = pool->render({}, first);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->manifest, "---\n# Source: web/templates/a.yaml\nname: ns\nv: 2\n");
  EXPECT_EQ(result->values, "v: 2\n");
  ASSERT_EQ(result->pieces.size(), 1u);
  // Known by its digest, the chart is not read again.
  MemoryTree empty;
  ChartJob second = job(empty, "one");
  auto again = pool->render({}, second);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->values, "v: 1\n");
}

TEST(Renderer, SaysWhatChartItWas) {
  auto pool = renderer();
  MemoryTree tree = chart("a: 1\n");
  auto result = pool->render({}, job(tree, "named"));
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->chart_name, "web");
  EXPECT_EQ(result->chart_version, "1.0.0");
}

TEST(Renderer, UnpacksInAWorker) {
  auto pool = renderer();
  std::string yaml = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
  auto files = pool->unpack({}, helm::testing::tgz(helm::testing::tar_entry("web/Chart.yaml", yaml) +
                                                   helm::testing::tar_entry("web/templates/a.yaml", "a: 1\n")));
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ(*files, (std::map<std::string, std::string>{{"Chart.yaml", yaml}, {"templates/a.yaml", "a: 1\n"}}));
  auto outside = pool->unpack({}, helm::testing::tgz(helm::testing::tar_entry("web/../../etc/passwd", "x")));
  ASSERT_FALSE(outside);
  EXPECT_NE(outside.error().code(), Code::kInternal);
  auto rubbish = pool->unpack({}, "no archive");
  ASSERT_FALSE(rubbish);
  EXPECT_EQ(rubbish.error().code(), Code::kInvalid);
  // The worker is none the worse for it.
  MemoryTree tree = chart("a: 1\n");
  EXPECT_TRUE(pool->render({}, job(tree, "after")));
}

TEST(Renderer, AChartsErrorIsItsOwn) {
  auto pool = renderer();
  MemoryTree bad = chart("{{ fail \"no\" }}");
  auto result = pool->render({}, job(bad, "bad"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kInvalid);
  EXPECT_EQ(result.error().message(), "execution error at (web/templates/a.yaml:1:3): no");
  MemoryTree good = chart("a: 1");
  EXPECT_TRUE(pool->render({}, job(good, "good")));
}

TEST(Renderer, LinksOutOfTheChartAreRefused) {
  auto pool = renderer();
  MemoryTree tree = chart("a: 1");
  tree.put("templates/b.yaml", "../../secrets", FileKind::kLink);
  auto result = pool->render({}, job(tree, "links"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kDenied);
}

TEST(Renderer, TheDeadlineKills) {
  auto pool = renderer(1, Millis(200));
  MemoryTree endless = chart("{{ range $i := 1000000000 }}{{ range $j := 1000000000 }}{{ end }}{{ end }}");
  auto result = pool->render({}, job(endless, "endless"));
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().code() == Code::kTimeout || result.error().code() == Code::kLimit)
      << result.error().text();
}

TEST(Renderer, AStopIsFollowed) {
  auto pool = renderer();
  MemoryTree tree = chart("a: 1");
  std::stop_source stop;
  stop.request_stop();
  Ctx ctx;
  ctx.stop = stop.get_token();
  auto result = pool->render(ctx, job(tree, "one"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kCancelled);
}

TEST(Renderer, ManyCallersShareFewWorkers) {
  auto pool = renderer(2);
  MemoryTree tree = chart("v: {{ .Values.v }}");
  std::vector<std::jthread> callers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      ChartJob mine = job(tree, "shared");
      mine.values.push_back({"overlay", "v: " + std::to_string(i)});
      auto result = pool->render({}, mine);
      good += result && result->manifest == "---\n# Source: web/templates/a.yaml\nv: " + std::to_string(i) + "\n";
    });
  }
  callers.clear();
  EXPECT_EQ(good, 8);
}

}  // namespace
}  // namespace autonomous::daemon
