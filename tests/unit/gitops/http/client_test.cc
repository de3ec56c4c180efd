#include "gitops/http/client.h"

#include <gtest/gtest.h>

#include <future>
#include <semaphore>

#include "gitops/base/file.h"
#include "tests/support/loopback.h"

namespace autonomous::http {
namespace {

using testing::Asked;
using testing::Loopback;
using Answer = Loopback::Answer;

Ctx long_enough() { return Ctx{}.within(Millis(60'000)); }

TEST(Send, GivesWhatTheServerSaw) {
  Asked seen;
  Loopback server([&](const Asked& asked) {
    seen = asked;
    return Answer{.status = 201, .body = "made", .headers = {"X-Thing:  one ", "X-Thing: two"}};
  });
  Client client;
  auto response = client.send(long_enough(), {.method = "POST",
                                              .url = server.url("/a?b=c"),
                                              .headers = {{"Authorization", "Bearer t"}, {"X-Empty", ""}},
                                              .body = std::string("\0 body", 6)});
  ASSERT_TRUE(response) << response.error().line();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->header("x-thing"), "one");
  EXPECT_EQ(response->header("x-other"), "");
  auto lock = server.lock();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a?b=c");
  EXPECT_EQ(seen.body, std::string("\0 body", 6));
  EXPECT_EQ(seen.headers["authorization"], "Bearer t");
  EXPECT_EQ(seen.headers.count("x-empty"), 1u);
  EXPECT_EQ(seen.headers.count("content-type"), 0u);
  EXPECT_EQ(seen.headers.count("expect"), 0u);
}

TEST(Send, KnowsEveryMethod) {
  Loopback server([](const Asked& asked) { return Answer{.body = asked.method + " " + asked.body}; });
  Client client;
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    auto response = client.send(long_enough(), {.method = method, .url = server.url()});
    ASSERT_TRUE(response) << method << response.error().line();
    EXPECT_EQ(response->body, std::string(method) + " ");
  }
  auto head = client.send(long_enough(), {.method = "HEAD", .url = server.url()});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "5");
  EXPECT_EQ(head->body, "");
}

TEST(Send, KeepsConnections) {
  Loopback server([](const Asked&) { return Answer{.body = "x"}; });
  Client client;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send(long_enough(), {.url = server.url()}));
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Send, ManyThreadsAtOnce) {
  Loopback server([](const Asked& asked) { return Answer{.body = asked.path}; });
  Client client;
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::async(std::launch::async, [&, i] {
      bool good = true;
      for (int n = 0; n < 20; ++n) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(n);
        auto response = client.send(long_enough(), {.url = server.url(path)});
        good = good && response && response->body == path;
      }
      return good;
    }));
  }
  for (auto& one : all) EXPECT_TRUE(one.get());
}

TEST(Send, OverAUnixSocket) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  const std::string path = folder->path() + "/s";
  Loopback server([](const Asked& asked) { return Answer{.body = asked.headers.at("host") + asked.path}; }, path);
  Client client;
  auto response = client.send(long_enough(), {.url = "http://daemon/api", .via = {.unix_socket = path}});
  ASSERT_TRUE(response) << response.error().line();
  EXPECT_EQ(response->body, "daemon/api");
}

TEST(Send, RefusesWhatIsNoRequest) {
  Client client;
  const Request bad[] = {{.url = "file:///etc/passwd"},
                         {.url = "ftp://host/"},
                         {.url = "nothing"},
                         {.url = "http://host/a b"},
                         {.url = "http://host/\r\nX: y"},
                         {.method = "GET /", .url = "http://host/"},
                         {.url = "http://host/", .headers = {{"A", "b\r\nC: d"}}},
                         {.url = "http://host/", .headers = {{"A:", "b"}}}};
  for (const Request& request : bad) {
    auto response = client.send(long_enough(), request);
    ASSERT_FALSE(response) << request.url;
    EXPECT_EQ(response.error().code(), Code::kInvalid) << response.error().line();
  }
}

TEST(Send, SaysWhenNobodyListens) {
  int port = 0;
  {
    port = Loopback([](const Asked&) { return Answer{}; }).port();
  }
  Client client;
  auto response =
      client.send(long_enough(), {.url = "http://me:secret@127.0.0.1:" + std::to_string(port) + "/x?key=1"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
  EXPECT_TRUE(response.error().retryable());
  EXPECT_EQ(response.error().message().find("secret"), std::string::npos);
  EXPECT_EQ(response.error().message().find("key=1"), std::string::npos);
}

TEST(Send, SaysWhenTheConnectionIsLost) {
  Loopback server([](const Asked&) { return Answer{.drop = true}; });
  Client client;
  auto response = client.send(long_enough(), {.method = "POST", .url = server.url()});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
  EXPECT_TRUE(response.error().retryable());
}

TEST(Send, LimitsTheAnswer) {
  Loopback server([](const Asked&) { return Answer{.body = std::string(1001, 'x')}; });
  Client client;
  EXPECT_TRUE(client.send(long_enough(), {.url = server.url(), .max_body = 1001}));
  auto response = client.send(long_enough(), {.url = server.url(), .max_body = 1000});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kLimit);
}

TEST(SendAll, AnswersInOrder) {
  Loopback server([](const Asked& asked) { return Answer{.body = asked.path}; });
  Client client;
  std::vector<Request> requests;
  for (int i = 0; i < 40; ++i) requests.push_back({.url = server.url("/" + std::to_string(i))});
  requests[7].url = "nonsense";
  auto answers = client.send_all(long_enough(), requests, 4);
  ASSERT_EQ(answers.size(), 40u);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(answers[i].has_value(), i != 7) << i;
    EXPECT_EQ(answers[i] ? answers[i]->body : "nonsense", i == 7 ? "nonsense" : "/" + std::to_string(i));
  }
  EXPECT_LE(server.connections(), 8u);
}

// A server that answers only when the test ends.
struct Silent {
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::promise<void> asked;
  Loopback server{[this](const Asked&) {
    asked.set_value();
    return Answer{.stream = [this](const Loopback::Write&) { opened.wait(); }};
  }};
  ~Silent() { gate.set_value(); }
};

TEST(Send, StopsAtOnce) {
  Silent silent;
  Client client;
  std::stop_source stop;
  Ctx ctx = long_enough();
  ctx.stop = stop.get_token();
  auto sent = std::async(std::launch::async, [&] { return client.send(ctx, {.url = silent.server.url()}); });
  silent.asked.get_future().wait();
  stop.request_stop();
  auto response = sent.get();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kCancelled);
  EXPECT_FALSE(response.error().retryable());
}

TEST(Send, KeepsTheDeadlines) {
  Silent ours, theirs;
  Client client;
  auto by_ctx = client.send(Ctx{}.within(Millis(20)), {.url = ours.server.url()});
  auto by_request = client.send(long_enough(), {.url = theirs.server.url(), .total_timeout = Millis(20)});
  ASSERT_FALSE(by_ctx);
  ASSERT_FALSE(by_request);
  EXPECT_EQ(by_ctx.error().code(), Code::kTimeout);
  EXPECT_EQ(by_request.error().code(), Code::kTimeout);
  EXPECT_TRUE(by_request.error().retryable());
}

TEST(Send, FollowsRedirectsOnlyWhenAsked) {
  Loopback server([](const Asked& asked) {
    if (asked.path == "/a/b") return Answer{.status = 302, .headers = {"Location: ../c?d"}};
    if (asked.path == "/loop") return Answer{.status = 302, .headers = {"Location: /loop"}};
    return Answer{.body = asked.path + asked.headers.at("authorization")};
  });
  Client client;
  Request request{.url = server.url("/a/b"), .headers = {{"Authorization", "me"}}};
  EXPECT_EQ(client.send(long_enough(), request)->status, 302);
  request.redirects = 3;
  EXPECT_EQ(client.send(long_enough(), request)->body, "/c?dme");
  request.url = server.url("/loop");
  EXPECT_EQ(client.send(long_enough(), request)->status, 302);
}

TEST(Send, TakesNoCredentialsToAnotherHost) {
  Asked seen;
  Loopback other([&](const Asked& asked) { return seen = asked, Answer{}; });
  Loopback server([&](const Asked&) { return Answer{.status = 307, .headers = {"Location: " + other.url("/x")}}; });
  Client client;
  auto response =
      client.send(long_enough(), {.url = "http://me:pw@127.0.0.1:" + std::to_string(server.port()) + "/",
                                  .headers = {{"X-Vault-Token", "t"}, {"Authorization", "b"}, {"Accept", "a"}},
                                  .redirects = 1});
  ASSERT_TRUE(response) << response.error().line();
  auto lock = other.lock();
  EXPECT_EQ(seen.path, "/x");
  EXPECT_EQ(seen.headers.count("x-vault-token"), 0u);
  EXPECT_EQ(seen.headers.count("authorization"), 0u);
  EXPECT_EQ(seen.headers["accept"], "a");
}

TEST(Send, RefusesARedirectToAnotherScheme) {
  Loopback server([&](const Asked&) { return Answer{.status = 302, .headers = {"Location: file:///etc/passwd"}}; });
  Client client;
  auto response = client.send(long_enough(), {.url = server.url(), .redirects = 1});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kInvalid);
}

TEST(Stream, GivesDataAsItArrives) {
  std::promise<void> first_read;
  Loopback server([&](const Asked&) {
    return Answer{.stream = [&](const Loopback::Write& write) {
      write("one\n");
      first_read.get_future().wait();  // would wait for ever if the client kept "one" back
      write("two\n");
    }};
  });
  Client client;
  std::string all;
  auto response = client.stream(long_enough(), {.url = server.url()}, [&](std::string_view data) {
    if (all.empty()) first_read.set_value();
    all += data;
    return true;
  });
  ASSERT_TRUE(response) << response.error().line();
  EXPECT_EQ(all, "one\ntwo\n");
  EXPECT_EQ(response->body, "");
}

TEST(Stream, IsPausedForASlowReader) {
  constexpr size_t kSize = 24u << 20;  // more than the window and the sockets' buffers hold
  Loopback server([&](const Asked&) {
    return Answer{.stream = [&](const Loopback::Write& write) {
      for (size_t sent = 0; sent < kSize; sent += 1u << 20) {
        if (!write(std::string(1u << 20, 'x'))) return;
      }
    }};
  });
  Client client;
  size_t got = 0, largest = 0;
  auto response = client.stream(long_enough(), {.url = server.url()}, [&](std::string_view data) {
    if (got == 0) {  // while this reader rests, net serves others
      Loopback other([](const Asked&) { return Answer{.body = "x"}; });
      EXPECT_TRUE(client.send(long_enough(), {.url = other.url()}));
    }
    got += data.size();
    largest = std::max(largest, data.size());
    return true;
  });
  ASSERT_TRUE(response) << response.error().line();
  EXPECT_EQ(got, kSize);
  EXPECT_LE(largest, 2u << 20);
}

TEST(Stream, EndsWhenTheReaderHasEnough) {
  Loopback server([&](const Asked&) {
    return Answer{.stream = [&](const Loopback::Write& write) {
      while (write("x")) {
      }
    }};
  });
  Client client;
  auto response = client.stream(long_enough(), {.url = server.url()}, [](std::string_view) { return false; });
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST(Stream, GivesTheBodyOfAFailureAsAnAnswer) {
  Loopback server([](const Asked&) { return Answer{.status = 403, .body = "no"}; });
  Client client;
  auto response = client.stream(long_enough(), {.url = server.url()}, [](std::string_view) {
    ADD_FAILURE() << "data of a failed request";
    return true;
  });
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(response->body, "no");
}

TEST(Stream, EndsAfterSilence) {
  Silent silent;
  Client client;
  auto response = client.stream(long_enough(), {.url = silent.server.url(), .idle_timeout = Millis(20)},
                                [](std::string_view) { return true; });
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kTimeout);
}

// Together the pieces take longer than a silence may last: each asked for the next one in time.
TEST(Stream, CountsASilenceFromTheLastPiece) {
  constexpr int kPieces = 6;
  for (Millis tick : {Millis(0), Millis(1)}) {
    std::counting_semaphore<> wanted(0);
    Loopback server([&](const Asked&) {
      return Answer{.stream = [&](const Loopback::Write& write) {
        for (int i = 0; i < kPieces && write("x"); ++i) wanted.acquire();
      }};
    });
    Client client;
    const Request request{.url = server.url(), .idle_timeout = Millis(500), .tick = tick};
    int pieces = 0;
    auto response = client.stream(long_enough(), request, [&](std::string_view data) {
      if (data.empty()) return true;
      ++pieces;
      Ctx{}.pause(Millis(150));  // a reader who takes their time
      wanted.release();
      return true;
    });
    wanted.release(kPieces);  // the server ends, too, where something is wrong
    ASSERT_TRUE(response) << response.error().line();
    EXPECT_EQ(pieces, kPieces);
  }
}

TEST(Stream, TicksDuringSilence) {
  Silent silent;
  Client client;
  int ticks = 0;
  const Request request{.url = silent.server.url(), .tick = Millis(1)};
  auto response = client.stream(long_enough(), request, [&](std::string_view data) {
    EXPECT_EQ(data, "");
    return ++ticks < 3;
  });
  ASSERT_TRUE(response) << response.error().line();
  EXPECT_EQ(ticks, 3);
}

TEST(Stream, TicksDontHideSilence) {
  Silent silent;
  Client client;
  const Request request{.url = silent.server.url(), .idle_timeout = Millis(30), .tick = Millis(1)};
  auto response = client.stream(long_enough(), request, [](std::string_view) { return true; });
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kTimeout);
}

TEST(Stream, StopsAtOnce) {
  Silent silent;
  Client client;
  std::stop_source stop;
  Ctx ctx = long_enough();
  ctx.stop = stop.get_token();
  auto sent = std::async(std::launch::async, [&] {
    return client.stream(ctx, {.url = silent.server.url()}, [](std::string_view) { return true; });
  });
  silent.asked.get_future().wait();
  stop.request_stop();
  auto response = sent.get();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace autonomous::http
