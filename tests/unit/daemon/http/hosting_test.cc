// Pushes and fetches with the git program, through the server, with the real hook.
#include "daemon/http/hosting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <sstream>

#include "daemon/cli/hook.h"
#include "daemon/http/server.h"
#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/http/client.h"
#include "tests/unit/daemon/http/fake_api.h"
#include "tests/unit/gitops/git/bomb.h"

namespace autonomous::daemon {
namespace {

using testing::HasSubstr;

class HostingTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.socket = folder.path() + "/socket";
    options.tokens = [] { return std::vector<Token>{{"ci", "a-long-token"}}; };
    options.hosting = HostingOptions{folder.path() + "/repos", folder.path() + "/hooks", HOOK_PROGRAM, ""};
    Result<std::unique_ptr<Server>> started = Server::start(std::move(options), api);
    ASSERT_TRUE(started) << started.error().text();
    server = *std::move(started);
    work = folder.path() + "/work";
    ASSERT_EQ(git({"init", "-q", "-b", "main", work}, folder.path()).status, 0);
    commit("web/app.yaml", "a: 1\n");
  }
  ChildResult git(std::vector<std::string> arguments, const std::string& where) {
    ChildSpec spec;
    spec.argv = {"git", "-c", "user.name=Jane", "-c", "user.email=jane@example.com", "-c", "protocol.version=2"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.path(), "GIT_CONFIG_NOSYSTEM=1",
                "GIT_TERMINAL_PROMPT=0", "LANG=C.UTF-8"};
    spec.folder = where;
    Result<ChildResult> result = run_child(Ctx{}.within(Millis{120'000}), spec);
    EXPECT_TRUE(result) << result.error().text();
    return result ? *result : ChildResult{.status = -1};
  }
  void commit(const std::string& path, const std::string& content) {
    ASSERT_TRUE(make_folders((work + "/" + path).substr(0, (work + "/" + path).rfind('/'))));
    ASSERT_TRUE(write_file(work + "/" + path, content));
    ASSERT_EQ(git({"add", "-A"}, work).status, 0);
    ASSERT_EQ(git({"commit", "-q", "-m", "Change " + path}, work).status, 0);
  }
  std::string url(const std::string& name) { return server->base_url() + "/git/" + name + ".git"; }
  std::string head(const std::string& where, const std::string& ref = "main") {
    std::string oid = git({"rev-parse", ref}, where).out;
    return oid.substr(0, 40);
  }
  // A GitOps repository as the store would have made it, without any of our configuration.
  std::string make_gitops() {
    std::string repository = folder.path() + "/repos/gitops.git";
    EXPECT_EQ(git({"init", "-q", "--bare", "-b", "main", repository}, folder.path()).status, 0);
    for (const char* ref : {"refs/heads/main", "refs/heads/deploy", "refs/heads/autonomous/ledger/deploy",
                            "refs/tags/release/local/shop/web/1"}) {
      EXPECT_EQ(git({"push", "-q", repository, std::string("main:") + ref}, work).status, 0);
    }
    return repository;
  }

  // What came first is known through git's processes only, which no race detector sees: so the API's mutex is asked,
  // too.
  std::vector<Push> heard() {
    std::lock_guard lock(api.mutex);
    return api.pushes;
  }
  std::string heard_in(size_t push) {
    std::lock_guard lock(api.mutex);
    return api.repositories.at(push);
  }

  TempFolder folder = *TempFolder::make();
  FakeApi api;
  std::unique_ptr<Server> server;
  std::string work;
};

TEST_F(HostingTest, TheFirstPushMakesTheProjectAndShowsItsRelease) {
  ChildResult pushed = git({"push", url("shop"), "main"}, work);
  EXPECT_EQ(pushed.status, 0) << pushed.err;
  EXPECT_THAT(pushed.err, HasSubstr("remote: local/shop/web  commit   release 1 (abc Fix)"));
  EXPECT_THAT(pushed.err, HasSubstr("remote: ✓ local/shop/web  release 1  unverified"));
  std::vector<Push> pushes = heard();
  ASSERT_EQ(pushes.size(), 1U);
  EXPECT_EQ(pushes[0].project, "shop");
  ASSERT_EQ(pushes[0].updates.size(), 1U);
  EXPECT_EQ(pushes[0].updates[0].ref, "refs/heads/main");
  EXPECT_EQ(pushes[0].updates[0].new_oid, head(work));
  EXPECT_EQ(pushes[0].who.how, "pusher uid " + std::to_string(::getuid()));
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), head(work));
  EXPECT_EQ(git({"fsck", "--strict"}, folder.path() + "/repos/shop.git").err, "");
  ChildResult cloned = git({"clone", "-q", url("shop"), folder.path() + "/clone"}, folder.path());
  EXPECT_EQ(cloned.status, 0) << cloned.err;
  EXPECT_EQ(head(folder.path() + "/clone"), head(work));
}

// Answered without a git where it can be; git on the other side must not see a difference.
TEST_F(HostingTest, PollsReadAsGitWouldAnswerThem) {
  ASSERT_EQ(git({"tag", "-a", "-m", "One", "v1"}, work).status, 0);
  ASSERT_EQ(git({"tag", "light"}, work).status, 0);
  ASSERT_EQ(git({"push", "-q", url("shop"), "main", "main:side", "v1", "light"}, work).status, 0);
  std::string there = folder.path() + "/repos/shop.git";
  std::vector<std::vector<std::string>> questions = {{"--symref"}, {"--heads"},         {"--tags"},
                                                     {"--refs"},   {"refs/heads/main"}, {"v*"},
                                                     {"nothing"},  {"--symref", "HEAD"}};
  questions.emplace_back();  // so long a question comes packed, and is git's to read
  for (int i = 0; i < 300; ++i) questions.back().push_back("refs/heads/not-there-" + std::to_string(i));
  questions.back().emplace_back("side");
  for (int round = 0; round < 2; ++round) {
    for (const std::vector<std::string>& question : questions) {
      for (const char* version : {"protocol.version=2", "protocol.version=1", "protocol.version=0"}) {
        std::vector<std::string> ask = {"-c", version, "ls-remote", "-q"};
        bool option = !question.empty() && question[0].starts_with("--");
        if (option) ask.push_back(question[0]);
        size_t where = ask.size();
        ask.emplace_back();
        ask.insert(ask.end(), question.begin() + (option ? 1 : 0), question.end());
        ask[where] = url("shop");
        ChildResult ours = git(ask, work);
        ask[where] = there;
        ChildResult gits = git(ask, work);
        EXPECT_EQ(ours.out, gits.out) << version << " " << question[0];
        EXPECT_EQ(ours.status, gits.status);
      }
    }
    // A fetch asks for refs and objects on one connection.
    std::string clone = folder.path() + "/clone" + std::to_string(round);
    ASSERT_EQ(git({"clone", "-q", url("shop"), clone}, folder.path()).status, 0);
    commit("web/app.yaml", "a: " + std::to_string(round + 2) + "\n");
    ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
    ASSERT_EQ(git({"fetch", "-q", "origin"}, clone).status, 0);
    EXPECT_EQ(head(clone, "origin/main"), head(work));
    ASSERT_EQ(git({"pack-refs", "--all"}, there).status, 0);
  }
}

TEST_F(HostingTest, AShallowCloneCannotMakeAProjectWithoutItsPast) {
  commit("web/app.yaml", "a: 2\n");
  std::string shallow = folder.path() + "/shallow";
  ASSERT_EQ(git({"clone", "-q", "--depth", "1", "file://" + work, shallow}, folder.path()).status, 0);
  ChildResult refused = git({"push", url("shop"), "main"}, shallow);
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("shallow update not allowed"));
  EXPECT_TRUE(heard().empty());
  // Where the past is there, what came after it may come from a shallow one.
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  ASSERT_EQ(git({"commit", "-q", "--allow-empty", "-m", "On"}, shallow).status, 0);
  EXPECT_EQ(git({"push", "-q", url("shop"), "main"}, shallow).status, 0);
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), head(shallow));
  EXPECT_FALSE(exists(folder.path() + "/repos/shop.git/shallow"));
}

TEST_F(HostingTest, LargePushesAreStreamedBothWays) {
  std::mt19937 random(7);
  std::string noise(24u << 20, 0);
  for (char& c : noise) c = static_cast<char>(random());
  commit("noise", noise);
  // Over http.postBuffer git sends chunks without a length, after a probe.
  ChildResult pushed = git({"push", "-q", url("shop"), "main"}, work);
  EXPECT_EQ(pushed.status, 0) << pushed.err;
  ChildResult cloned = git({"clone", "-q", url("shop"), folder.path() + "/clone"}, folder.path());
  EXPECT_EQ(cloned.status, 0) << cloned.err;
  EXPECT_EQ(*read_file(folder.path() + "/clone/noise"), noise);
  commit("noise", noise + "more");  // comes as a delta, which has to be in memory whole
  pushed = git({"push", "-q", url("shop"), "main"}, work);
  EXPECT_EQ(pushed.status, 0) << pushed.err;
}

TEST_F(HostingTest, AFewBytesCannotTakeAllMemory) {
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  std::string command = std::string(40, '0') + " " + head(work) + " refs/heads/evil" + std::string(1, '\0') +
                        " report-status side-band-64k agent=evil";
  char length[5];
  std::snprintf(length, sizeof length, "%04zx", command.size() + 4);
  http::Request request;
  request.method = "POST";
  request.url = url("shop") + "/git-receive-pack";
  request.headers = {{"Content-Type", "application/x-git-receive-pack-request"}};
  request.body = length + command + "0000" + git::bomb_pack(512u << 20);
  http::Client client;
  Result<http::Response> answered = client.send(Ctx{}.within(Millis{60'000}), request);
  ASSERT_TRUE(answered) << answered.error().text();
  EXPECT_THAT(answered->body, HasSubstr("attempting to allocate"));
  EXPECT_THAT(answered->body, HasSubstr("ng refs/heads/evil"));
}

// The daemon is away, and the disk does not take it: only the hook can say so.
TEST_F(HostingTest, APushThatIsNotOnTheDiskIsNotCalledKept) {
  std::string repository = folder.path() + "/shop.git";
  ASSERT_TRUE(make_folders(repository + "/objects/pack"));
  HookCall call{"post-receive", folder.path() + "/nobody", repository, "deploy", {}};
  auto said = [&] {
    std::istringstream in(std::string(40, '0') + " " + std::string(40, 'a') + " refs/heads/main\n");
    std::ostringstream out;
    EXPECT_EQ(run_hook(Ctx{}, call, in, out), 0);
    return out.str();
  };
  EXPECT_THAT(said(), HasSubstr("the push is kept"));
  ASSERT_TRUE(remove_all(repository + "/objects/pack"));
  ASSERT_EQ(::symlink("pack", (repository + "/objects/pack").c_str()), 0);
  EXPECT_THAT(said(), testing::AllOf(HasSubstr("may not outlast a power cut"), testing::Not(HasSubstr("is kept"))));
}

TEST_F(HostingTest, ManyWantsComeCompressed) {
  // More than 1,024 bytes of negotiation are sent with gzip.
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  for (int i = 0; i < 40; ++i) commit("f" + std::to_string(i), std::to_string(i));
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  ASSERT_EQ(git({"clone", "-q", url("shop"), folder.path() + "/clone"}, folder.path()).status, 0);
  std::string theirs = work;
  work = folder.path() + "/clone";
  for (int i = 0; i < 60; ++i) commit("g" + std::to_string(i), std::to_string(i));
  std::swap(work, theirs);
  commit("news", "1");
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  ChildResult fetched = git({"-c", "protocol.version=0", "fetch", "origin"}, theirs);
  EXPECT_EQ(fetched.status, 0) << fetched.err;
  EXPECT_EQ(head(theirs, "origin/main"), head(work));
}

// A body that is called encoded goes to `git http-backend`: what we say without it must be the same.
TEST_F(HostingTest, PushesAreAnsweredAsHttpBackendWould) {
  ASSERT_EQ(git({"-c", "protocol.version=1", "push", "-q", url("shop"), "main"}, work).status, 0);
  http::Client client;
  auto ask = [&](const std::string& method, const std::string& path, const std::string& type, const std::string& body,
                 const std::string& encoding) {
    http::Request request{.method = method, .url = url("shop") + path, .body = body};
    if (!type.empty()) request.headers.emplace_back("Content-Type", type);
    if (!encoding.empty()) request.headers.emplace_back("Content-Encoding", encoding);
    Result<http::Response> answer = client.send(Ctx{}.within(Millis{60'000}), request);
    EXPECT_TRUE(answer) << answer.error().text();
    if (!answer) return http::Response{};
    std::erase_if(answer->headers,
                  [](const auto& each) { return each.first == "date" || each.first == "x-request-id"; });
    std::sort(answer->headers.begin(), answer->headers.end());
    return *std::move(answer);
  };
  const std::string type = "application/x-git-receive-pack-request";
  for (const auto& [method, path, kind, body] :
       std::vector<std::array<std::string, 4>>{{"GET", "/info/refs?service=git-receive-pack", "", ""},
                                               {"POST", "/git-receive-pack", type, "0000"},
                                               {"POST", "/git-receive-pack", type, "000fnonsense"},
                                               {"POST", "/git-receive-pack", "text/plain", "0000"}}) {
    http::Response ours = ask(method, path, kind, body, "");
    http::Response gits = ask(method, path, kind, body, "identity");
    EXPECT_EQ(ours.status, kind == "text/plain" ? 415 : 200) << path;
    EXPECT_EQ(ours.status, gits.status);
    EXPECT_EQ(ours.headers, gits.headers);
    EXPECT_EQ(ours.body, gits.body);
  }
  // Packed, as JGit sends a small push.
  std::string before = head(work);
  commit("more", "1");
  ChildSpec pack{.argv = {"git", "pack-objects", "--stdout", "--revs", "-q"},
                 .env = {"PATH=/usr/local/bin:/usr/bin:/bin"},
                 .folder = work,
                 .input = "main\n"};
  std::string command = before + " " + head(work) + " refs/heads/main" + std::string(1, '\0') + " report-status";
  char length[5];
  std::snprintf(length, sizeof length, "%04zx", command.size() + 4);
  ChildSpec gzip{.argv = {"gzip", "-c"},
                 .env = pack.env,
                 .input = length + command + "0000" + run_child(Ctx{}.within(Millis{60'000}), pack)->out};
  http::Response packed =
      ask("POST", "/git-receive-pack", type, run_child(Ctx{}.within(Millis{60'000}), gzip)->out, "gzip");
  EXPECT_THAT(packed.body, HasSubstr("unpack ok"));
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), head(work));
}

TEST_F(HostingTest, ARefusalReachesThePusher) {
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  std::string before = head(work);
  commit("more", "1");
  {
    std::lock_guard lock(api.mutex);
    api.refuse_push = fail(Code::kDenied, "project 'shop' is bound to https://git.example.com/shop.git");
  }
  ChildResult pushed = git({"push", url("shop"), "main"}, work);
  EXPECT_NE(pushed.status, 0);
  EXPECT_THAT(pushed.err, HasSubstr("remote: project 'shop' is bound to https://git.example.com/shop.git"));
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), before);
  ChildResult fresh = git({"push", url("other"), "main"}, work);
  EXPECT_NE(fresh.status, 0);
  EXPECT_FALSE(exists(folder.path() + "/repos/other.git"));
}

TEST_F(HostingTest, NamesThatNoProjectCanHave) {
  for (const std::string& name : std::vector<std::string>{"Shop", "a.b", std::string(23, 'a'), "-x"}) {
    EXPECT_NE(git({"push", url(name), "main"}, work).status, 0) << name;
    EXPECT_FALSE(exists(folder.path() + "/repos/" + name + ".git")) << name;
  }
  EXPECT_NE(git({"clone", "-q", url("nothing"), folder.path() + "/clone"}, folder.path()).status, 0);
}

TEST_F(HostingTest, TheRecordIsNotRewritten) {
  commit("second", "2");
  ASSERT_EQ(git({"push", "-q", url("shop"), "main", "main:side", "main:refs/tags/v1"}, work).status, 0);
  std::string before = head(work);
  ChildResult removed = git({"push", url("shop"), ":side"}, work);
  EXPECT_NE(removed.status, 0);
  EXPECT_THAT(removed.err, HasSubstr("refs/heads/side stays"));
  ChildResult forced = git({"push", "--force", url("shop"), "HEAD~1:main"}, work);
  EXPECT_NE(forced.status, 0);
  EXPECT_THAT(forced.err, HasSubstr("would lose commits"));
  ChildResult moved = git({"push", "--force", url("shop"), "HEAD~1:refs/tags/v1"}, work);
  EXPECT_NE(moved.status, 0);
  EXPECT_THAT(moved.err, HasSubstr("tags don't move"));
  ChildResult odd = git({"push", url("shop"), "main:refs/odd/x"}, work);
  EXPECT_NE(odd.status, 0);
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), before);
}

TEST_F(HostingTest, TheGitopsRepositoryTakesRevertsAndNothingElse) {
  std::string repository = make_gitops();
  ChildResult cloned = git({"clone", "-q", "-b", "deploy", url("gitops"), folder.path() + "/ops"}, folder.path());
  ASSERT_EQ(cloned.status, 0) << cloned.err;
  std::string source = std::exchange(work, folder.path() + "/ops");
  commit("apps/local/shop/web/release.yaml", "version: 1\n");
  ChildResult pushed = git({"push", "origin", "deploy"}, work);
  EXPECT_EQ(pushed.status, 0) << pushed.err;
  ASSERT_EQ(heard().size(), 1U);
  EXPECT_EQ(heard_in(0), "gitops");
  EXPECT_NE(git({"push", "origin", "deploy:autonomous/ledger/deploy"}, work).status, 0);
  EXPECT_NE(git({"push", "origin", "deploy:refs/tags/release/local/shop/web/2"}, work).status, 0);
  EXPECT_NE(git({"push", "origin", ":deploy"}, work).status, 0);
  EXPECT_NE(git({"push", "--force", "origin", "HEAD~1:deploy"}, work).status, 0);
  ASSERT_EQ(::symlink("/etc/passwd", (work + "/apps/link").c_str()), 0);
  commit("x", "1");
  ChildResult linked = git({"push", "origin", "deploy"}, work);
  EXPECT_NE(linked.status, 0);
  EXPECT_THAT(linked.err, HasSubstr("apps/link is a link"));
  EXPECT_EQ(heard().size(), 1U);
  EXPECT_EQ(git({"cat-file", "-t", "deploy:apps/local/shop/web/release.yaml"}, repository).out, "blob\n");
}

TEST_F(HostingTest, APusherThatLeavesDoesNotStopTheRelease) {
  std::mutex mutex;
  ProgressPtr follower;
  std::stop_source leave;
  auto on_push = [&](const Push&, ProgressPtr progress) {
    {
      std::lock_guard lock(mutex);
      follower = std::move(progress);
    }
    leave.request_stop();  // Ctrl-C, in the middle of the release
  };
  {
    std::lock_guard lock(api.mutex);
    api.on_push = on_push;
  }
  ChildSpec spec;
  spec.argv = {"git", "push", "-q", url("shop"), "main"};
  spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.path(), "GIT_CONFIG_NOSYSTEM=1"};
  spec.folder = work;
  Result<ChildResult> pushed = run_child(Ctx{leave.get_token()}.within(Millis{120'000}), spec);
  EXPECT_FALSE(pushed && pushed->status == 0);
  ASSERT_TRUE(api.wait_for_push());
  EXPECT_EQ(head(folder.path() + "/repos/shop.git"), head(work)) << "the push had been accepted";
  std::lock_guard lock(mutex);
  follower->done({});
}

TEST_F(HostingTest, OtherUsersOfThisMachineNeedAToken) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_TRUE(find_program("setpriv")) << "it comes with Debian's util-linux";
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  make_gitops();
  auto as_nobody = [](const std::string& address) {
    ChildSpec spec;
    spec.argv = {"setpriv", "--reuid=65534", "--clear-groups", "git", "ls-remote", address};
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "GIT_TERMINAL_PROMPT=0",
                "GIT_CONFIG_NOSYSTEM=1"};
    spec.folder = "/";
    Result<ChildResult> result = run_child(Ctx{}.within(Millis{60'000}), spec);
    EXPECT_TRUE(result) << result.error().text();
    return result ? *result : ChildResult{.status = -1};
  };
  EXPECT_NE(as_nobody(url("shop")).status, 0) << "sources are not everybody's";
  EXPECT_EQ(as_nobody(url("gitops")).status, 0) << "the GitOps repository is";
  std::string with_token = url("shop");
  with_token.insert(with_token.find("//") + 2, "x:a-long-token@");
  ChildResult allowed = as_nobody(with_token);
  EXPECT_EQ(allowed.status, 0) << allowed.err;
  EXPECT_THAT(allowed.out, HasSubstr("refs/heads/main"));
}

TEST_F(HostingTest, HooksOfARepositoryDoNotRun) {
  ASSERT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  std::string repository = folder.path() + "/repos/shop.git";
  ASSERT_TRUE(make_folders(repository + "/hooks"));
  ASSERT_TRUE(write_file(repository + "/hooks/update", "#!/bin/sh\ntouch " + folder.path() + "/ran\n", 0755));
  commit("more", "1");
  EXPECT_EQ(git({"push", "-q", url("shop"), "main"}, work).status, 0);
  EXPECT_FALSE(exists(folder.path() + "/ran"));
}

}  // namespace
}  // namespace autonomous::daemon
