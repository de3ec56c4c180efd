#include "plugins/argocd/argocd.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/loopback.h"

namespace autonomous::argocd {
namespace {

using Json = nlohmann::json;
using testing::Asked;
using testing::Loopback;
using Answer = Loopback::Answer;

const Time kNow{Millis(1'700'000'000'000)};

Json app(const std::string& name, const std::string& health = "Healthy") {
  return {{"metadata", {{"name", name}}},
          {"status", {{"health", {{"status", health}}}, {"sync", {{"status", "Synced"}}}}}};
}

// As much of Argo CD as the plugin talks to.
struct FakeArgo {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> asked;  // "METHOD path"
  std::vector<std::string> bodies;
  std::string good_token = "t1";
  int logins = 0;
  std::map<std::string, Json> apps;
  Json tree = {{"nodes", Json::array()}};
  std::vector<std::string> events;  // lines for the watch
  bool close_watch = false;
  bool ending = false;
  Loopback server{[this](const Asked& request) { return answer(request); }};

  ~FakeArgo() {
    std::lock_guard lock(mutex);
    ending = true;
    changed.notify_all();
  }

  Answer answer(const Asked& request) {
    std::lock_guard lock(mutex);
    asked.push_back(request.method + " " + request.path);
    if (!request.body.empty()) bodies.push_back(request.body);
    const std::string path = request.path.substr(0, request.path.find('?'));
    if (path == "/api/v1/session") {
      ++logins;
      const Json body = Json::parse(request.body);
      if (body["password"] != "pw")
        return {.status = 401, .body = R"({"error":"Invalid username or password","code":16})"};
      return {.body = Json{{"token", good_token}}.dump()};
    }
    if (request.headers.at("authorization") != "Bearer " + good_token) {
      return {.status = 401, .body = R"({"error":"invalid session","code":16,"message":"invalid session"})"};
    }
    if (path == "/api/v1/stream/applications")
      return {.stream = [this](const Loopback::Write& write) { watch(write); }};
    if (path == "/api/version") return {.body = R"({"Version":"v3.6.1"})"};
    if (path == "/api/v1/session/userinfo") return {.body = R"({"loggedIn":true})"};
    if (path == "/api/v1/projects/autonomous-roots") return {.body = R"({"spec":{"sourceRepos":["http://other"]}})"};
    if (request.method == "POST") return {.body = "{}"};
    if (path.ends_with("/resource-tree")) return {.body = tree.dump()};
    const auto found = apps.find(path.substr(path.rfind('/') + 1));
    if (found == apps.end()) return {.status = 404, .body = R"({"error":"not found","code":5,"message":"not found"})"};
    return {.body = found->second.dump()};
  }

  void watch(const Loopback::Write& write) {
    size_t sent = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return sent < events.size() || close_watch || ending; });
      if (sent == events.size()) {
        close_watch = false;
        return;
      }
      const std::string line = events[sent++];
      lock.unlock();
      if (!write(line + "\n")) return;
    }
  }
  void tell(const std::string& type, const Json& application) {
    std::lock_guard lock(mutex);
    events.push_back(Json{{"result", {{"type", type}, {"application", application}}}}.dump());
    changed.notify_all();
  }
};

struct Bench {
  FakeArgo argo;
  http::Client client;
  FakeClock clock{kNow};
  std::unique_ptr<ports::Reconciler> plugin;

  explicit Bench(const std::string& user = "admin", std::string secret = "pw") {
    ports::Instance instance;
    instance.name = "argocd-test";
    instance.kind = "argocd";
    instance.url = argo.server.url("/");
    instance.credential = [secret] { return Result<std::string>(secret); };
    if (!user.empty()) instance.options["username"] = user;
    auto made = make({client, clock}, instance);
    if (made) plugin = *std::move(made);
  }
  static Ctx ctx() { return Ctx{}.within(Millis(60'000)); }
  std::multiset<std::string> asked() {
    std::lock_guard lock(argo.mutex);
    return {argo.asked.begin(), argo.asked.end()};
  }
};

TEST(ArgoCd, NeedsAnAddressAndACredential) {
  http::Client client;
  FakeClock clock{kNow};
  ports::Instance instance;
  instance.name = "a";
  EXPECT_EQ(make({client, clock}, instance).error().message(), "instance a: argocd needs a url");
  instance.url = "http://x";
  EXPECT_EQ(make({client, clock}, instance).error().message(), "instance a: argocd needs a credential");
}

TEST(ArgoCd, AsksForARefreshAlwaysWithTheProject) {
  Bench bench;
  bench.argo.apps["local.shop.web"] = app("local.shop.web", "Progressing");
  EXPECT_EQ(bench.plugin->snapshot("local.shop.web"), std::nullopt);
  ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"local.shop.web"}));
  EXPECT_EQ(bench.asked().count("GET /api/v1/applications/local.shop.web?project=local.shop&refresh=normal"), 1u);
  const auto status = bench.plugin->snapshot("local.shop.web");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->health, ports::Health::kProgressing);
  EXPECT_EQ(status->health_since, kNow);
}

TEST(ArgoCd, HealthIsSinceItChanged) {
  Bench bench;
  for (const char* health : {"Progressing", "Degraded", "Degraded"}) {
    bench.argo.apps["a.b.c"] = app("a.b.c", health);
    ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"a.b.c"}));
    bench.clock.advance(Millis(1000));
  }
  EXPECT_EQ(bench.plugin->snapshot("a.b.c")->health_since, kNow + Millis(1000));
}

TEST(ArgoCd, AnAbsentApplicationIsFoundThroughItsRoot) {
  Bench bench;
  bench.argo.apps["local.shop"] = app("local.shop");
  bench.argo.apps["local.shop"]["status"]["conditions"] =
      Json::parse(R"([{"type":"ComparisonError","message":"no such repository"}])");
  ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"local.shop.web", "local.shop.api"}));
  const auto absent = bench.plugin->snapshot("local.shop.web");
  EXPECT_FALSE(absent->found);
  ASSERT_EQ(absent->conditions.size(), 1u) << "the root's";
  EXPECT_EQ(absent->conditions[0].second, "no such repository");
  EXPECT_EQ(bench.asked().count("GET /api/v1/applications/local.shop?project=autonomous-roots&refresh=normal"), 1u);
}

TEST(ArgoCd, RenewsASessionOnce) {
  Bench bench;
  bench.argo.apps["a.b.c"] = app("a.b.c");
  ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"a.b.c"}));
  EXPECT_EQ(bench.argo.logins, 1);
  {
    std::lock_guard lock(bench.argo.mutex);
    bench.argo.good_token = "t2";  // the old session has expired
  }
  ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"a.b.c"}));
  EXPECT_EQ(bench.argo.logins, 2);
}

TEST(ArgoCd, AWrongPasswordIsToldAndNotRepeated) {
  Bench bench("admin", "wrong-password");
  const Result<void> asked = bench.plugin->request(bench.ctx(), {"a.b.c", "a.b.d"});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code(), Code::kDenied);
  EXPECT_NE(asked.error().line().find("Invalid username or password (while logging in to argocd-test)"),
            std::string::npos)
      << asked.error().line();
  EXPECT_EQ(bench.argo.logins, 1);
}

TEST(ArgoCd, TakesATokenAsItIs) {
  Bench bench("", "t1");
  auto version = bench.plugin->check(bench.ctx());
  ASSERT_TRUE(version) << version.error().line();
  EXPECT_EQ(*version, "v3.6.1");
  EXPECT_EQ(bench.argo.logins, 0);
  Bench refused("", "t0");
  EXPECT_EQ(refused.plugin->check(refused.ctx()).error().code(), Code::kDenied);
}

TEST(ArgoCd, AppliesTheRootAndWhatConfinesIt) {
  Bench bench;
  ASSERT_TRUE(bench.plugin->apply_root(bench.ctx(), {"local", "shop", "http://r", "deploy", "", {"shop-local"}, {}}));
  EXPECT_EQ(bench.asked().count("POST /api/v1/projects"), 2u);
  EXPECT_EQ(bench.asked().count("POST /api/v1/applications?upsert=true&validate=false"), 1u);
  const Json roots = Json::parse(bench.argo.bodies.at(1));
  EXPECT_EQ(roots["upsert"], true);
  EXPECT_EQ(roots["project"]["spec"]["sourceRepos"], (Json{"http://other", "http://r"})) << "repositories are added";
}

// Runs watch() until a wanted number of changes was told.
struct Watching {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> changes, links;
  std::stop_source stop;
  std::future<void> done;

  explicit Watching(ports::Reconciler& plugin) {
    const ports::Sink sink{[this](const std::string& name) { add(changes, name); },
                           [this](const std::string& why) { add(links, why); }};
    done = std::async(std::launch::async, [this, &plugin, sink] { plugin.watch(sink, stop.get_token()); });
  }
  ~Watching() { stop.request_stop(); }
  void add(std::vector<std::string>& list, const std::string& text) {
    std::lock_guard lock(mutex);
    list.push_back(text);
    told.notify_all();
  }
  void wait_for_changes(size_t count) {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return changes.size() >= count; });
  }
  void wait_for_links(size_t count) {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return links.size() >= count; });
  }
};

TEST(ArgoCdWatch, TellsWhatChanged) {
  Bench bench;
  bench.argo.tell("ADDED", app("a.b.c", "Missing"));
  Watching watching(*bench.plugin);
  watching.wait_for_changes(1);
  EXPECT_EQ(bench.plugin->snapshot("a.b.c")->health, ports::Health::kMissing);
  bench.argo.tell("MODIFIED", app("a.b.c", "Healthy"));
  watching.wait_for_changes(2);
  EXPECT_EQ(bench.plugin->snapshot("a.b.c")->health, ports::Health::kHealthy);
  bench.argo.tell("DELETED", app("a.b.c", "Healthy"));
  watching.wait_for_changes(3);
  EXPECT_FALSE(bench.plugin->snapshot("a.b.c")->found);
  EXPECT_EQ(watching.changes, (std::vector<std::string>{"a.b.c", "a.b.c", "a.b.c"}));
  EXPECT_EQ(watching.links, (std::vector<std::string>{""}));
}

TEST(ArgoCdWatch, ConnectsAgain) {
  Bench bench;
  bench.argo.tell("ADDED", app("a.b.c"));
  Watching watching(*bench.plugin);
  watching.wait_for_changes(1);
  {
    std::lock_guard lock(bench.argo.mutex);
    bench.argo.close_watch = true;
    bench.argo.changed.notify_all();
  }
  watching.wait_for_changes(2);  // the second connection tells all again
  std::lock_guard lock(watching.mutex);
  EXPECT_EQ(watching.links, (std::vector<std::string>{"", "Argo CD ended the watch", ""}));
}

TEST(ArgoCdWatch, AnErrorInTheStreamEndsIt) {
  Bench bench;
  {
    std::lock_guard lock(bench.argo.mutex);
    bench.argo.events.push_back(R"({"error":{"message":"lost the \u001b cluster"}})");
  }
  Watching watching(*bench.plugin);
  watching.wait_for_links(2);
  std::lock_guard lock(watching.mutex);
  EXPECT_NE(watching.links[1].find("lost the"), std::string::npos);
}

TEST(ArgoCdWatch, LooksAtThePodsOfWhatWasAskedFor) {
  Bench bench;
  bench.argo.apps["a.b.c"] = app("a.b.c", "Progressing");
  bench.argo.tree = Json::parse(R"({"nodes": [{"kind": "Pod", "name": "c-1", "createdAt": "2026-11-23T20:10:00Z",
    "info": [{"name": "Status Reason", "value": "ErrImagePull"}], "health": {"status": "Degraded", "message": "no such image"}}]})");
  ASSERT_TRUE(bench.plugin->request(bench.ctx(), {"a.b.c"}));
  Watching watching(*bench.plugin);
  bench.argo.tell("ADDED", app("a.b.c", "Progressing"));
  watching.wait_for_changes(2);  // the application, then its pods
  const auto status = bench.plugin->snapshot("a.b.c");
  ASSERT_EQ(status->troubles.size(), 1u);
  EXPECT_EQ(status->troubles[0].line(), "pod c-1: ErrImagePull: no such image");
  EXPECT_EQ(bench.asked().count("GET /api/v1/applications/a.b.c/resource-tree?project=a.b"), 1u);
}

}  // namespace
}  // namespace autonomous::argocd
