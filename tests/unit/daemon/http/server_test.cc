#include "daemon/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"
#include "tests/unit/daemon/http/fake_api.h"

namespace autonomous::daemon {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(ServerOptions options) {
    server.reset();
    options.listen = "127.0.0.1:0";
    options.socket = folder.path() + "/socket";
    options.hosting = HostingOptions{folder.path() + "/repos", folder.path() + "/hooks", "/bin/true", ""};
    Result<std::unique_ptr<Server>> started = Server::start(std::move(options), api);
    ASSERT_TRUE(started) << started.error().text();
    server = *std::move(started);
  }
  http::Request request(const std::string& path, bool over_socket = false) {
    http::Request out;
    out.url = (over_socket ? "http://localhost" : server->base_url()) + path;
    if (over_socket) out.via.unix_socket = folder.path() + "/socket";
    return out;
  }
  http::Request post(const std::string& path, const std::string& body, bool over_socket = false) {
    http::Request out = request(path, over_socket);
    out.method = "POST";
    out.headers = {{"Content-Type", "application/json"}};
    out.body = body;
    return out;
  }
  http::Response send(const http::Request& what) {
    Result<http::Response> response = client.send(Ctx{}.within(Millis{60'000}), what);
    EXPECT_TRUE(response) << response.error().text();
    return response ? *response : http::Response{};
  }

  TempFolder folder = *TempFolder::make();
  FakeApi api;
  std::unique_ptr<Server> server;
  http::Client client;
};

TEST_F(ServerTest, AnswersHealthOnBothListeners) {
  EXPECT_EQ(send(request("/healthz")).body, "ok\n");
  EXPECT_EQ(send(request("/healthz", true)).body, "ok\n");
  struct stat there {};
  ASSERT_EQ(::stat((folder.path() + "/socket").c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 07777, 0660U);
}

TEST_F(ServerTest, ReadinessFollowsTheChecks) {
  EXPECT_EQ(send(request("/readyz")).status, 200);
  api.ready = {Check{"record", "failed", "secret detail", ""}};
  http::Response response = send(request("/readyz"));
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, testing::Not(HasSubstr("secret detail")));
}

TEST_F(ServerTest, TwoServersCannotShareAPort) {
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server->port());
  Result<std::unique_ptr<Server>> second = Server::start(options, api);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_THAT(second.error().text(), HasSubstr("is taken by another program"));
}

TEST_F(ServerTest, StatusTellsRowsAndWhereEventsStart) {
  api.rows = {TargetRow{.target = "local/shop/web",
                        .state = TargetState::kHeld,
                        .release = 3,
                        .why = "held by Jane",
                        .hold = HoldInfo{.who = "Jane"}}};
  api.bus.publish(Event{.type = "notice"});
  json body = json::parse(send(request("/api/v1/status")).body);
  EXPECT_EQ(body["event"], 1);
  EXPECT_EQ(body["targets"][0]["state"], "held");
  EXPECT_EQ(body["targets"][0]["hold"]["who"], "Jane");
}

TEST_F(ServerTest, AnInternalErrorDisclosesNothing) {
  api.failure = fail(Code::kInternal, "the secret path /home/jane");
  http::Response response = send(request("/api/v1/releases"));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.header("content-type"), "application/problem+json");
  EXPECT_THAT(response.body, testing::Not(HasSubstr("jane")));
  EXPECT_EQ(json::parse(response.body)["request"], std::string(response.header("x-request-id")));
}

TEST_F(ServerTest, ErrorsAreProblems) {
  api.failure = fail(Code::kNotFound, "no release local/shop/web/9").hint("see `autonomous releases`");
  http::Response response = send(request("/api/v1/releases/local/shop/web/9"));
  json body = json::parse(response.body);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(body["detail"], "no release local/shop/web/9");
  EXPECT_EQ(body["hint"], "see `autonomous releases`");
  EXPECT_EQ(body["status"], 404);
  EXPECT_EQ(send(request("/api/v1/nothing")).status, 404);
  EXPECT_EQ(send(request("/api/v1/targets/Local/shop/web")).status, 422);
  EXPECT_EQ(send(post("/api/v1/status", "{}")).status, 405);
}

TEST_F(ServerTest, ActionsCarryWhoAndWhy) {
  http::Response response =
      send(post("/api/v1/targets/local/shop/web/rollback", R"({"to":2,"because":"errors","ticket":"CHG1"})", true));
  EXPECT_EQ(response.status, 202) << response.body;
  ASSERT_EQ(api.asked.size(), 1U);
  EXPECT_EQ(api.asked[0].first, "rollback local/shop/web to 2");
  EXPECT_EQ(api.asked[0].second.because, "errors");
  EXPECT_EQ(api.asked[0].second.ticket, "CHG1");
  EXPECT_EQ(api.asked[0].second.who.how, "socket uid " + std::to_string(::getuid()));
  EXPECT_EQ(send(post("/api/v1/targets/local/shop/web/retry", "{}")).status, 202) << "our own user over loopback";
}

TEST_F(ServerTest, ActionsRefuseWhatTheyDoNotKnow) {
  json problem = json::parse(send(post("/api/v1/targets/local/shop/web/hold", R"({"becuase":"x"})")).body);
  EXPECT_EQ(problem["detail"], "unknown key 'becuase': did you mean 'because'?");
  EXPECT_EQ(send(post("/api/v1/targets/local/shop/web/hold", "[]")).status, 422);
  EXPECT_EQ(send(post("/api/v1/targets/local/shop/web/hold", R"({"because":"two\nlines"})")).status, 422);
  http::Request form = post("/api/v1/targets/local/shop/web/hold", "{}");
  form.headers = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(send(form).status, 415);
  EXPECT_TRUE(api.asked.empty());
}

TEST_F(ServerTest, OtherSitesAndProxiesDoNotActForTheLocalUser) {
  auto with = [this](const std::string& name, const std::string& value) {
    http::Request out = post("/api/v1/targets/local/shop/web/retry", "{}");
    out.headers.emplace_back(name, value);
    return send(out).status;
  };
  EXPECT_EQ(with("Origin", "https://evil.example.com"), 403);
  EXPECT_EQ(with("Sec-Fetch-Site", "cross-site"), 403);
  EXPECT_EQ(with("Host", "evil.example.com"), 421);
  EXPECT_EQ(with("Host", "127.0.0.1.evil.example.com"), 421);
  EXPECT_EQ(with("X-Forwarded-For", "10.0.0.1"), 401);
  EXPECT_EQ(with("Authorization", "Bearer wrong"), 401);
  EXPECT_TRUE(api.asked.empty());
}

TEST_F(ServerTest, ATokenIsEnough) {
  ServerOptions options;
  options.tokens = [] { return std::vector<Token>{{"ci", "a-long-token"}}; };
  start(options);
  http::Request call = post("/api/v1/projects/shop/deploy", R"({"app":"web","image":"r/web@sha256:00"})");
  call.headers.emplace_back("X-Forwarded-For", "10.0.0.1");
  call.headers.emplace_back("Authorization", "Bearer a-long-token");
  EXPECT_EQ(send(call).status, 202);
  ASSERT_EQ(api.asked.size(), 1U);
  EXPECT_EQ(api.asked[0].second.who.how, "token ci");
}

TEST_F(ServerTest, HooksAreForTheSocketOnly) {
  EXPECT_EQ(send(post("/api/v1/hooks/pushed", "{}")).status, 404);
  EXPECT_EQ(send(post("/api/v1/hooks/pushed", R"({"name":"shop","updates":[]})", true)).status, 202);
}

TEST_F(ServerTest, ProgressIsStreamedToWhoAsksForIt) {
  http::Request call = post("/api/v1/targets/local/shop/web/retry", "{}");
  call.headers.emplace_back("Accept", "application/x-ndjson");
  std::string text;
  Result<http::Response> response = client.stream(Ctx{}.within(Millis{60'000}), call, [&text](std::string_view data) {
    text += data;
    return true;
  });
  ASSERT_TRUE(response) << response.error().text();
  std::vector<std::string_view> lines = split(text, '\n');
  ASSERT_EQ(lines.size(), 4U) << text;
  EXPECT_EQ(json::parse(lines[0])["accepted"]["affected"][0]["release"], 4);
  EXPECT_EQ(json::parse(lines[1])["progress"]["step"], "commit");
  EXPECT_EQ(json::parse(lines[2])["done"][0]["verdict"], "done");
}

TEST_F(ServerTest, ADryRunFollowsNothing) {
  http::Request call = post("/api/v1/targets/local/shop/web/retry", R"({"dry_run":true})");
  call.headers.emplace_back("Accept", "application/x-ndjson");
  http::Response response = send(call);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body)["dry_run"], true);
}

// Reads server-sent events until `wanted` of them (or resets) arrived.
std::string read_events(http::Client& client, http::Request request, size_t wanted,
                        const std::function<void()>& once_open) {
  std::string text;
  bool open = false;
  Result<http::Response> response = client.stream(Ctx{}.within(Millis{60'000}), request, [&](std::string_view data) {
    text += data;
    if (!open) once_open();
    open = true;
    size_t count = 0;
    for (size_t at = text.find("\ndata: "); at != std::string::npos; at = text.find("\ndata: ", at + 1)) ++count;
    return count < wanted;
  });
  EXPECT_TRUE(response) << response.error().text();
  return text;
}

TEST_F(ServerTest, EventsComeLiveAndAgainAfterALostConnection) {
  auto publish = [this](const std::string& text) {
    api.bus.publish(Event{.type = "notice", .progress = Progress{.text = text}});
  };
  publish("before");
  std::string first = read_events(client, request("/api/v1/events"), 2, [&] {
    publish("one");
    publish("two");
  });
  EXPECT_THAT(first, testing::Not(HasSubstr("before")));
  EXPECT_THAT(first, HasSubstr("\"text\":\"one\""));
  size_t at = first.find("id: ");
  std::string id = first.substr(at + 4, first.find('\n', at) - at - 4);
  http::Request again = request("/api/v1/events");
  again.headers = {{"Last-Event-ID", id}};
  std::string second = read_events(client, again, 1, [] {});
  EXPECT_THAT(second, HasSubstr("\"text\":\"two\""));
  EXPECT_THAT(second, testing::Not(HasSubstr("\"text\":\"one\"")));
}

TEST_F(ServerTest, WhoMissedTooMuchIsToldToStartAnew) {
  for (size_t i = 0; i < EventBus::kRing + 10; ++i) api.bus.publish(Event{.type = "notice"});
  http::Request late = request("/api/v1/events?after=1");
  EXPECT_THAT(read_events(client, late, 1, [] {}), HasSubstr("event: reset"));
  http::Request other_life = request("/api/v1/events");
  other_life.headers = {{"Last-Event-ID", "ffffffffff-3"}};
  EXPECT_THAT(read_events(client, other_life, 1, [] {}), HasSubstr("event: reset"));
}

TEST_F(ServerTest, PromtoolAcceptsTheMetrics) {
  http::Response response = send(request("/metrics"));
  EXPECT_EQ(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("autonomous_releases_total{outcome=\"healthy \\\"quoted\\\"\\n\"} 4\n"));
  EXPECT_THAT(response.body, HasSubstr("process_resident_memory_bytes "));
  ASSERT_TRUE(find_program("promtool")) << "Debian's package prometheus has it: tests/support/install test";
  ChildSpec check;
  check.argv = {"promtool", "check", "metrics"};
  check.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  check.input = response.body;
  Result<ChildResult> checked = run_child(Ctx{}.within(Millis{60'000}), check);
  ASSERT_TRUE(checked) << checked.error().text();
  EXPECT_EQ(checked->status, 0) << checked->err << checked->out;
  EXPECT_EQ(checked->err + checked->out, "");
}

TEST_F(ServerTest, ThePageIsServedWhole) {
  http::Response response = send(request("/"));
  EXPECT_EQ(response.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(response.body, *read_file(AUTONOMOUS_SOURCE "/daemon/http/web/index.html"));
  EXPECT_EQ(send(request("/app.js")).body, *read_file(AUTONOMOUS_SOURCE "/daemon/http/web/app.js"));
  EXPECT_THAT(std::string(response.header("content-security-policy")), HasSubstr("default-src 'none'"));
  http::Request again = request("/");
  again.headers = {{"If-None-Match", std::string(response.header("etag"))}};
  EXPECT_EQ(send(again).status, 304);
  EXPECT_EQ(send(request("/healthz")).body, "ok\n") << "the connection lives on";
}

TEST_F(ServerTest, HeadIsAnsweredWithoutABody) {
  http::Request head = request("/healthz");
  head.method = "HEAD";
  http::Response response = send(head);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-length"), "3");
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(send(request("/healthz")).body, "ok\n") << "the connection lives on";
}

TEST_F(ServerTest, LimitsAreKept) {
  http::Response large = send(post("/api/v1/targets/local/shop/web/hold", std::string(2u << 20, 'x'), true));
  EXPECT_EQ(large.status, 413);
  http::Request long_head = request("/healthz");
  long_head.headers = {{"X-Long", std::string(64u << 10, 'x')}};
  EXPECT_EQ(send(long_head).status, 431);
  EXPECT_EQ(send(request("/api/v1/where/%zz")).status, 400);
  EXPECT_EQ(send(request("/api/v1/where/xyz")).status, 422);
}

TEST_F(ServerTest, StopEndsLiveStreams) {
  std::string text;
  std::thread stopper;
  Result<http::Response> response =
      client.stream(Ctx{}.within(Millis{60'000}), request("/api/v1/events"), [&](std::string_view data) {
        text += data;
        if (!stopper.joinable()) stopper = std::thread([this] { server->stop(Millis{30'000}); });
        return true;
      });
  stopper.join();
  EXPECT_TRUE(response) << response.error().text();
  Result<http::Response> refused = client.send(Ctx{}.within(Millis{10'000}), request("/healthz"));
  EXPECT_FALSE(refused);
  EXPECT_FALSE(exists(folder.path() + "/socket"));
}

TEST_F(ServerTest, AFollowerThatLeavesIsSeen) {
  ServerOptions options;
  options.heartbeat = Millis{10};
  start(options);
  std::mutex mutex;
  ProgressPtr follower;
  api.on_push = [&](const Push&, ProgressPtr progress) {
    std::lock_guard lock(mutex);
    follower = std::move(progress);
  };
  http::Request call = post("/api/v1/hooks/pushed", R"({"name":"shop","updates":[]})", true);
  call.headers.emplace_back("Accept", "application/x-ndjson");
  Result<http::Response> response =
      client.stream(Ctx{}.within(Millis{60'000}), call, [](std::string_view) { return false; });
  ASSERT_TRUE(api.wait_for_push());
  for (;;) {
    std::lock_guard lock(mutex);
    if (follower != nullptr && follower->detached()) break;
    std::this_thread::yield();
  }
  follower->progress(Progress{.text = "into the void"});
  follower->done({});
}

}  // namespace
}  // namespace autonomous::daemon
