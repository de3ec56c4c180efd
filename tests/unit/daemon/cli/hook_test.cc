// The hook against a daemon that is away, that refuses, that is cut off. With a real one: ../http/hosting_test.cc.
#include "daemon/cli/hook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "gitops/base/file.h"
#include "tests/unit/daemon/cli/raw_server.h"

namespace autonomous::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;

class HookTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(make_folders(call.repository + "/objects/pack")); }
  struct Ended {
    int status;
    std::string out;
  };
  Ended run(const std::string& kind) {
    call.kind = kind;
    std::istringstream in(std::string(40, '0') + " " + std::string(40, 'a') + " refs/heads/main\n");
    std::ostringstream out;
    int status = run_hook(Ctx{}, call, in, out);
    return {status, out.str()};
  }
  // `body` is a JSON object, and the answer to the one request.
  Ended run(const std::string& kind, const std::string& status, const std::string& body) {
    RawServer server(call.socket,
                     "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    Ended ended = run(kind);
    server.end();
    asked = server.asked;
    return ended;
  }
  TempFolder folder = *TempFolder::make();
  HookCall call{"",
                folder.path() + "/s",
                folder.path() + "/shop.git",
                "deploy",
                {"AUTONOMOUS_PUSHER_NAME=Jane", "AUTONOMOUS_PUSHER_HOW=token ci"}};
  std::string asked;
};

TEST_F(HookTest, NothingIsAcceptedWithoutTheDaemon) {
  Ended ended = run("pre-receive");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, HasSubstr("nothing was accepted: the daemon does not answer (its socket " + call.socket));
  ended = run("post-receive");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "the push is kept; the daemon takes it up when it answers again\n");
}

TEST_F(HookTest, WhoeverAnswersWithSomethingElseAcceptsNothing) {
  RawServer server(call.socket, "SSH-2.0-OpenSSH\r\n");
  Ended ended = run("pre-receive");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, HasSubstr("no daemon of ours"));
}

TEST_F(HookTest, AsksWithWhoPushedWhat) {
  Ended ended = run("pre-receive", "200 OK", R"({"accepted":true})");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(asked, testing::StartsWith("POST /api/v1/hooks/check HTTP/1.1\r\n"));
  for (const char* part : {R"("name":"shop")", R"("pusher_name":"Jane")", R"("pusher_email":"")",
                           R"("pusher_how":"token ci")", R"("ref":"refs/heads/main")"}) {
    EXPECT_THAT(asked, HasSubstr(part));
  }
}

TEST_F(HookTest, ARefusalIsShownAsItIsWorded) {
  Ended ended = run("pre-receive", "403 Forbidden", R"({"detail":"it is frozen","hint":"wait"})");
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.out, "it is frozen\nwait\n");
}

TEST_F(HookTest, ARefusalWithoutWordsHasItsStatus) {
  Ended ended = run("pre-receive", "500 Internal Server Error", "{}");
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.out, "the daemon answered 500\n");
}

TEST_F(HookTest, ARefusalAfterThePushIsOnlyShown) {
  Ended ended = run("post-receive", "503 Busy", R"({"text":"later\n  hint: wait"})");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "later\n  hint: wait\n");
}

TEST_F(HookTest, AStreamThatIsCutOffIsSaid) {
  const std::string line = R"({"progress":{"target":"local/shop/web","step":"spec","text":"read","tone":"plain"}})";
  RawServer server(call.socket, "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n54\r\n" + line + "\n\r\n");
  Ended ended = run("post-receive");
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out,
            "local/shop/web  spec     read\nthe push is kept; the daemon takes it up when it answers again\n");
  EXPECT_THAT(ended.out, Not(HasSubstr("goes on without you")));
}

}  // namespace
}  // namespace autonomous::daemon
