#include "plugins/kubernetes/kubernetes.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <nlohmann/json.hpp>

#include "tests/support/loopback.h"

namespace autonomous::kubernetes {
namespace {

using Json = nlohmann::json;
using testing::Asked;
using testing::Loopback;
using Answer = Loopback::Answer;

const Time kNow = *parse_time("2026-11-23T20:10:00Z");

// A cluster of one namespace; `state` is its only pod's container state.
struct Bench {
  std::mutex mutex;
  std::condition_variable told;
  Json state = Json::object();
  std::string log = "starting\nno such table: carts\n";
  int status = 200;
  bool nodes_allowed = true;
  std::vector<std::string> asked, changes, links;
  Loopback server{[this](const Asked& request) { return answer(request); }};
  http::Client client;
  FakeClock clock{kNow};
  std::unique_ptr<ports::Cluster> plugin;
  std::stop_source stop;
  std::future<void> done;

  Bench() {
    ports::Instance instance;
    instance.name = "cluster-test";
    instance.url = server.url();
    instance.credential = [] { return Result<std::string>("token"); };
    plugin = *make({client, clock}, instance);
  }
  ~Bench() { stop.request_stop(); }

  Answer answer(const Asked& request) {
    std::lock_guard lock(mutex);
    asked.push_back(request.path);
    if (request.headers.at("authorization") != "Bearer token")
      return {.status = 401, .body = R"({"message":"Unauthorized"})"};
    if (status != 200) return {.status = status, .body = R"({"kind":"Status","message":"pods is forbidden"})"};
    if (request.path == "/api")
      return {
          .body =
              R"({"items":[{"metadata":{},"versions":[{"version":"v1","resources":[{"responseKind":{"kind":"Service"}}]}]}]})"};
    if (request.path == "/apis")
      return {
          .body =
              R"({"items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[{"responseKind":{"kind":"Deployment"}},7]}]},8]})"};
    if (request.path.find("/api/v1/nodes") == 0)
      return nodes_allowed ? Answer{.body = R"({"items":[{"status":{"nodeInfo":{"architecture":"arm64"}}},{}]})"}
                           : Answer{.status = 403, .body = R"({"message":"nodes is forbidden"})"};
    if (request.path == "/version") return {.body = R"({"gitVersion":"v1.36.3"})"};
    if (request.path.find("/log?") != std::string::npos) return {.body = log};
    if (request.path.find("/events") != std::string::npos) return {.body = R"({"items":[]})"};
    Json pod{{"metadata", {{"name", "web-5d8f-a"}, {"creationTimestamp", "2026-11-23T20:10:00Z"}}}};
    pod["metadata"]["ownerReferences"] = Json::parse(R"([{"kind":"ReplicaSet","name":"web-5d8f"}])");
    pod["status"]["containerStatuses"] = Json::array({{{"name", "web"}, {"restartCount", 1}, {"state", state}}});
    return {.body = Json{{"items", Json::array({pod})}}.dump()};
  }
  void set_state(const std::string& text) {
    std::lock_guard lock(mutex);
    state = Json::parse(text);
  }
  void watch() {
    const ports::Sink sink{[this](const std::string& key) { add(changes, key); },
                           [this](const std::string& why) { add(links, why); }};
    done = std::async(std::launch::async, [this, sink] { plugin->watch(sink, stop.get_token()); });
  }
  void add(std::vector<std::string>& list, const std::string& text) {
    std::lock_guard lock(mutex);
    list.push_back(text);
    told.notify_all();
  }
  void wait_for(const std::vector<std::string>& list, size_t count) {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return list.size() >= count; });
  }
  void follow_web() { plugin->follow({"local/shop/web", "shop", {{"apps", "Deployment", "", "web"}}, kNow}); }
};

TEST(Cluster, TellsTheTroubleOfWhatIsFollowedWithItsLastLines) {
  Bench bench;
  bench.set_state(R"({"terminated":{"exitCode":3,"reason":"Error"}})");
  bench.watch();
  bench.follow_web();
  bench.wait_for(bench.changes, 1);
  const auto trouble = bench.plugin->snapshot("local/shop/web");
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->line(), "pod web-5d8f-a, container web: Error, exit code 3; its last line: no such table: carts");
  EXPECT_EQ(bench.plugin->snapshot("local/shop/api"), std::nullopt);
  bench.set_state(R"({"running":{}})");
  bench.wait_for(bench.changes, 2);
  EXPECT_EQ(bench.plugin->snapshot("local/shop/web"), std::nullopt);
  std::lock_guard lock(bench.mutex);
  EXPECT_EQ(std::count_if(bench.asked.begin(), bench.asked.end(),
                          [](const std::string& path) { return path.find("/log?") != path.npos; }),
            1);
  EXPECT_EQ(bench.links, (std::vector<std::string>{""}));
}

TEST(Cluster, SaysWhenItMayNotLook) {
  Bench bench;
  bench.status = 403;
  bench.watch();
  bench.follow_web();
  bench.wait_for(bench.links, 1);
  EXPECT_NE(bench.links[0].find("pods is forbidden"), std::string::npos);
  EXPECT_EQ(bench.plugin->snapshot("local/shop/web"), std::nullopt);
}

TEST(Cluster, ForgetsWhatIsDone) {
  Bench bench;
  bench.set_state(R"({"waiting":{"reason":"ErrImagePull"}})");
  bench.watch();
  bench.follow_web();
  bench.wait_for(bench.changes, 1);
  bench.plugin->forget("local/shop/web");
  EXPECT_EQ(bench.plugin->snapshot("local/shop/web"), std::nullopt);
}

TEST(Cluster, AsksNothingWhileNobodyIsFollowed) {
  Bench bench;
  bench.watch();
  bench.stop.request_stop();
  bench.done.wait();
  EXPECT_TRUE(bench.asked.empty());
}

TEST(Cluster, IsCheckedByItsVersionAndItsGrants) {
  Bench bench;
  auto version = bench.plugin->check(Ctx{});
  ASSERT_TRUE(version) << version.error().line();
  EXPECT_EQ(*version, "v1.36.3");
  bench.status = 403;
  EXPECT_EQ(bench.plugin->check(Ctx{}).error().code(), Code::kDenied);
}

TEST(Cluster, NeedsAnAddress) {
  http::Client client;
  FakeClock clock{kNow};
  ports::Instance instance;
  instance.name = "c";
  auto made = make({client, clock}, instance);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "instance c: kubernetes needs a url or a kubeconfig");
}

TEST(Cluster, SaysWhatKindsAndMachinesItHas) {
  Bench bench;
  auto facts = bench.plugin->facts(Ctx{});
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_EQ(facts->kinds, (std::set<std::string>{"v1 Service", "apps/v1 Deployment"}));
  EXPECT_EQ(facts->architectures, std::set<std::string>{"arm64"});
  size_t before = bench.asked.size();
  ASSERT_TRUE(bench.plugin->facts(Ctx{}));
  EXPECT_EQ(bench.asked.size(), before) << "a moment later nobody is asked";
  bench.clock.advance(Millis(60'000));
  bench.nodes_allowed = false;
  facts = bench.plugin->facts(Ctx{});
  ASSERT_TRUE(facts) << "nodes are not everybody's to see";
  EXPECT_TRUE(facts->architectures.empty());
  bench.clock.advance(Millis(60'000));
  bench.status = 403;
  EXPECT_FALSE(bench.plugin->facts(Ctx{}));
}

}  // namespace
}  // namespace autonomous::kubernetes
