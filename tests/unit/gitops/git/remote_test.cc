#include "gitops/git/remote.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <future>

#include "gitops/base/log.h"
#include "gitops/git/pktline.h"
#include "gitops/http/client.h"
#include "tests/unit/gitops/git/bed.h"
#include "tests/unit/gitops/git/git_server.h"

namespace autonomous::git {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// How the daemon joins the two modules.
HttpSend through(http::Client& client) {
  return [&client](const Ctx& ctx, const HttpRequest& request) -> Result<HttpResponse> {
    http::Request wanted;
    wanted.method = request.method;
    wanted.url = request.url;
    wanted.headers = request.headers;
    wanted.body = request.body;
    wanted.max_body = request.max_body;
    wanted.via.ca_file = request.ca_file;
    wanted.via.insecure = request.insecure;
    TRY(http::Response response, client.send(ctx, wanted));
    return HttpResponse{response.status, std::move(response.headers), std::move(response.body)};
  };
}

class RemoteTest : public Bed {
 protected:
  RemoteTest() {
    program_.allow_file = true;
    program_.home = path("home");
    must(make_folders(program_.home));
    must(local_.write(ObjectKind::kTree, ""));
  }

  Remote at(const std::string& url, bool with_http = true) {
    RemoteSettings settings;
    settings.url = url;
    return must(Remote::make(settings, program_, with_http ? through(client_) : HttpSend()));
  }
  Oid make_commit(std::vector<Oid> parents, const std::string& message) {
    return commit(local_, empty_tree(), std::move(parents), message);
  }
  std::string shown(const std::vector<RemoteRef>& refs) {
    std::string text;
    for (const RemoteRef& ref : refs) {
      text += ref.name + " " + ref.oid.short_hex() + (ref.peeled.is_zero() ? "" : " ^" + ref.peeled.short_hex()) +
              (ref.symref.empty() ? "" : " -> " + ref.symref) + "\n";
    }
    return text;
  }
  std::string outcomes(const PushReport& report) {
    const char* names[] = {"ok", "up-to-date", "stale", "rejected", "aborted"};
    std::string text;
    for (const PushVerdict& verdict : report.refs)
      text += verdict.ref + " " + names[static_cast<int>(verdict.outcome)] + "\n";
    return text;
  }
  void hook(const Repository& repository, const std::string& name, const std::string& script) {
    std::string file = repository.path() + "/hooks/" + name;
    must(make_folders(repository.path() + "/hooks"));
    must(write_file(file, "#!/bin/sh\n" + script, 0755));
    run({"chmod", "755", file});
  }

  GitProgram program_;
  http::Client client_;
  Repository local_ = bare("local.git");
  Repository hosted_ = must(Repository::init_bare(path("www/hosted.git"), {.hosted = true}));
};

TEST_F(RemoteTest, AsksForRefsTheSameWayOverEachTransport) {
  Oid one = make_commit({}, "one");
  Repository& r = hosted_;
  Oid there = must(r.write_commit({empty_tree(), {}, jane(), jane(), "one"}));
  must(r.write(ObjectKind::kTree, ""));
  Oid tag = must(r.write_tag({there, ObjectKind::kCommit, "release/a/1", jane(), "release"}));
  must(update_refs(
      ctx_, r, {{"refs/heads/main", there, {}}, {"refs/heads/deploy", there, {}}, {"refs/tags/release/a/1", tag, {}}}));
  EXPECT_EQ(one, there);
  GitServer server(path("www"));
  for (bool http : {true, false}) {
    for (const std::string& url :
         {server.url("/hosted.git"), path("www/hosted.git"), "file://" + path("www/hosted.git")}) {
      Remote remote = at(url, http);
      EXPECT_EQ(shown(must(remote.ls_refs(ctx_))),
                "HEAD " + there.short_hex() + " -> refs/heads/main\nrefs/heads/deploy " + there.short_hex() +
                    "\nrefs/heads/main " + there.short_hex() + "\nrefs/tags/release/a/1 " + tag.short_hex() + " ^" +
                    there.short_hex() + "\n")
          << url;
      EXPECT_EQ(shown(must(remote.ls_refs(ctx_, {"refs/heads/d"}))), "refs/heads/deploy " + there.short_hex() + "\n")
          << url;
      EXPECT_EQ(shown(must(remote.ls_refs(ctx_, {"refs/tags/", "HEAD"}))),
                "HEAD " + there.short_hex() + " -> refs/heads/main\nrefs/tags/release/a/1 " + tag.short_hex() + " ^" +
                    there.short_hex() + "\n")
          << url;
      EXPECT_TRUE(must(remote.ls_refs(ctx_, {"refs/none/"})).empty());
    }
  }
}

TEST_F(RemoteTest, APollIsOneSmallRequest) {
  GitServer server(path("www"));
  Remote remote = at(server.url("/hosted.git"));
  must(remote.ls_refs(ctx_, {"refs/heads/main"}));
  size_t first = server.seen().size();
  EXPECT_EQ(first, 2u);  // what the server speaks, then the question
  must(remote.ls_refs(ctx_, {"refs/heads/main"}));
  EXPECT_EQ(server.seen().size(), 3u);
  EXPECT_EQ(server.seen().back().method, "POST");
}

// As a git that had no memory to remove it leaves it. Somebody who is still at work is not disturbed.
TEST_F(RemoteTest, ALockThatNobodyHoldsStopsOneFetchAndNoMore) {
  Oid there = must(hosted_.write_commit({empty_tree(), {}, jane(), jane(), "one"}));
  must(hosted_.write(ObjectKind::kTree, ""));
  must(update_refs(ctx_, hosted_, {{"refs/heads/main", there, {}}}));
  Remote remote = at(path("www/hosted.git"));
  std::string lock = local_.path() + "/refs/remotes/origin/main.lock";
  must(make_folders(lock.substr(0, lock.rfind('/'))));
  must(write_file(lock, ""));
  auto fetch = [&] { return remote.fetch(ctx_, local_, {"+refs/heads/main:refs/remotes/origin/main"}); };
  EXPECT_FALSE(fetch());
  EXPECT_TRUE(exists(lock)) << "a moment ago somebody wrote it";
  timespec old[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, lock.c_str(), old, 0), 0);
  EXPECT_FALSE(fetch());
  EXPECT_FALSE(exists(lock));
  must(fetch());
  EXPECT_EQ(must(read_ref(local_, "refs/remotes/origin/main")), there);
}

TEST_F(RemoteTest, AnOldServerIsUnderstood) {
  Oid there = must(hosted_.write_commit({empty_tree(), {}, jane(), jane(), "one"}));
  must(hosted_.write(ObjectKind::kTree, ""));
  Oid tag = must(hosted_.write_tag({there, ObjectKind::kCommit, "t", jane(), "release"}));
  must(update_refs(ctx_, hosted_, {{"refs/heads/main", there, {}}, {"refs/tags/t", tag, {}}}));
  git(hosted_.path(), {"config", "protocol.version", "0"});
  std::string advert = run({"git", "upload-pack", "--advertise-refs", hosted_.path()}).out;
  GitServer server(path("www"), [&](const GitServer::Request&) {
    std::string body = "001e# service=git-upload-pack\n0000" + advert;
    return "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  });
  Remote remote = at(server.url("/hosted.git"));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(shown(must(remote.ls_refs(ctx_))), "HEAD " + there.short_hex() + " -> refs/heads/main\nrefs/heads/main " +
                                                     there.short_hex() + "\nrefs/tags/t " + tag.short_hex() + " ^" +
                                                     there.short_hex() + "\n");
  }
}

TEST_F(RemoteTest, PushesFetchesAndTellsEachRefsFate) {
  GitServer server(path("www"));
  for (const std::string& url : {server.url("/hosted.git"), path("www/hosted.git")}) {
    Remote remote = at(url);
    std::string head = "refs/heads/" + std::string(url[0] == '/' ? "file" : "http"), ledger = head + "-ledger";
    Oid one = make_commit({}, "one " + url), two = make_commit({one}, "two"), other = make_commit({one}, "other");
    PushReport report = must(remote.push(ctx_, local_, {{head, one, {}}, {ledger, one, {}}}));
    EXPECT_TRUE(report.all_ok()) << outcomes(report) << report.server_words;
    EXPECT_EQ(must(remote.ls_refs(ctx_, {head})).size(), 2u);
    // A wrong expectation of one takes the other along, and says which is which.
    report = must(remote.push(ctx_, local_, {{head, two, one}, {ledger, two, two}}));
    EXPECT_EQ(outcomes(report), head + " aborted\n" + ledger + " stale\n");
    EXPECT_EQ(must(remote.ls_refs(ctx_, {head}))[0].oid, one);
    // It was rewound or moved under us: nothing is resurrected.
    report = must(remote.push(ctx_, local_, {{head, two, one}, {ledger, two, one}}));
    EXPECT_TRUE(report.all_ok());
    report = must(remote.push(ctx_, local_, {{head, other, one}}));
    EXPECT_EQ(outcomes(report), head + " stale\n");
    EXPECT_FALSE(report.refs[0].reason.empty());
    // What is there already is success.
    report = must(remote.push(ctx_, local_, {{head, two, one}}));
    EXPECT_EQ(outcomes(report), head + " up-to-date\n");
    // Must not exist, but does.
    report = must(remote.push(ctx_, local_, {{head, other, Oid()}}));
    EXPECT_EQ(outcomes(report), head + " stale\n");
    // Not atomic: each for itself.
    report = must(
        remote.push(ctx_, local_, {{head, other, one}, {"refs/tags/t" + std::to_string(url.size()), one, {}}}, false));
    EXPECT_EQ(report.refs[0].outcome, PushOutcome::kStale);
    EXPECT_EQ(report.refs[1].outcome, PushOutcome::kOk);
    // A rewrite is refused by the host, in its words.
    report = must(remote.push(ctx_, local_, {{head, other, two}}));
    EXPECT_EQ(outcomes(report), head + " rejected\n");
    EXPECT_THAT(report.server_words, HasSubstr("non-fast-forward"));

    Repository mirror = bare("mirror-" + std::to_string(url.size()) + ".git");
    must(remote.fetch(ctx_, mirror, {"+" + head + ":refs/remotes/origin/main"}));
    EXPECT_EQ(must(read_ref(mirror, "refs/remotes/origin/main")), two);
    EXPECT_EQ(must(mirror.commit(one)).subject(), "one " + url);
    EXPECT_TRUE(must(list_refs(mirror, "refs/tags/")).empty());
    EXPECT_EQ(remote.fetch(ctx_, mirror, {"refs/heads/none"}).error().code(), Code::kNotFound);
  }
  expect_sound(hosted_.path());
}

TEST_F(RemoteTest, AHooksRefusalComesWithItsWords) {
  hook(hosted_, "update", "case $1 in *bad*) echo \"no: $1 is not wanted here\" >&2; exit 1;; esac\n");
  GitServer server(path("www"));
  Remote remote = at(server.url("/hosted.git"));
  Oid one = make_commit({}, "one");
  PushReport report = must(remote.push(ctx_, local_, {{"refs/heads/bad", one, {}}, {"refs/heads/good", one, {}}}));
  EXPECT_EQ(outcomes(report), "refs/heads/bad rejected\nrefs/heads/good aborted\n");
  EXPECT_THAT(report.refs[0].reason, HasSubstr("hook declined"));
  EXPECT_THAT(report.server_words, HasSubstr("no: refs/heads/bad is not wanted here"));
  hook(hosted_, "pre-receive", "echo closed for today >&2; exit 1\n");
  report = must(remote.push(ctx_, local_, {{"refs/heads/good", one, {}}}));
  EXPECT_EQ(report.refs[0].reason, "pre-receive hook declined");
  EXPECT_EQ(report.server_words, "closed for today");
}

TEST_F(RemoteTest, CredentialsReachTheServerAndNobodyElse) {
  std::string wanted = "Basic amFuZTpzM2NyM3QtdDBrZW4=";  // jane:s3cr3t-t0ken
  GitServer server(path("www"), [&](const GitServer::Request& request) -> std::optional<std::string> {
    auto sent = request.headers.find("authorization");
    if (sent != request.headers.end() && sent->second == wanted) return std::nullopt;
    return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  });
  Oid one = make_commit({}, "one");
  std::string in_url = server.url("/hosted.git");
  in_url.insert(7, "jane:s3cr3t-t0ken@");
  Remote remote = at(in_url);
  EXPECT_EQ(remote.url(), server.url("/hosted.git"));
  must(remote.ls_refs(ctx_));
  EXPECT_TRUE(must(remote.push(ctx_, local_, {{"refs/heads/main", one, {}}})).all_ok());
  Repository mirror = bare("mirror.git");
  must(remote.fetch(ctx_, mirror, {"refs/heads/main"}));
  for (bool http : {true, false}) {
    Remote stranger = at(server.url("/hosted.git"), http);
    EXPECT_EQ(stranger.ls_refs(ctx_).error().code(), Code::kDenied);
    EXPECT_EQ(stranger.fetch(ctx_, mirror, {"refs/heads/main"}).error().code(), Code::kDenied);
    EXPECT_EQ(stranger.push(ctx_, local_, {{"refs/heads/x", one, {}}}).error().code(), Code::kDenied);
  }
  std::string wrong = server.url("/hosted.git");
  wrong.insert(7, "jane:wr0ng-t0ken@");
  for (bool http : {true, false}) {
    Error denied = at(wrong, http).ls_refs(ctx_).error();
    EXPECT_EQ(denied.code(), Code::kDenied);
    EXPECT_THAT(denied.line(), Not(HasSubstr("wr0ng")));
  }
}

TEST_F(RemoteTest, RedirectsAreFollowedOnTheSameHostOnly) {
  auto redirect = [](std::string to) {
    return [to](const GitServer::Request& request) -> std::optional<std::string> {
      if (!starts_with(request.target, "/old.git")) return std::nullopt;
      return "HTTP/1.1 301 Moved\r\nLocation: " + to + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    };
  };
  Oid one = make_commit({}, "one");
  GitServer kind(path("www"), redirect("/hosted.git/info/refs?service=git-upload-pack"));
  Remote remote = at(kind.url("/old.git"));
  must(remote.ls_refs(ctx_));
  EXPECT_TRUE(must(remote.push(ctx_, local_, {{"refs/heads/main", one, {}}})).all_ok());
  for (const char* to : {"http://169.254.169.254/hosted.git/info/refs?service=git-upload-pack", "file:///etc/passwd",
                         "/hosted.git", "//other.example.com/hosted.git/info/refs?service=git-upload-pack"}) {
    GitServer hostile(path("www"), redirect(to));
    Remote moved = at(hostile.url("/old.git"));
    EXPECT_EQ(moved.ls_refs(ctx_).error().code(), Code::kDenied) << to;
    Repository mirror = bare("mirror.git");
    EXPECT_FALSE(moved.fetch(ctx_, mirror, {"refs/heads/main"})) << to;
  }
  GitServer endless(path("www"), redirect("/old.git/info/refs?service=git-upload-pack"));
  EXPECT_FALSE(at(endless.url("/old.git")).ls_refs(ctx_));
}

TEST_F(RemoteTest, GarbageAndCutAnswersAreErrorsNotEmptyLists) {
  Oid there = must(hosted_.write_commit({empty_tree(), {}, jane(), jane(), "one"}));
  must(hosted_.write(ObjectKind::kTree, ""));
  must(update_refs(ctx_, hosted_, {{"refs/heads/main", there, {}}}));
  std::string good;
  size_t keep = 0;
  GitServer server(path("www"), [&](const GitServer::Request& request) -> std::optional<std::string> {
    if (request.method != "POST") return std::nullopt;
    std::string body = pkt_line(there.hex() + " refs/heads/main\n") + "0000";
    good = body;
    body = body.substr(0, keep);
    return "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-result\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  });
  Remote remote = at(server.url("/hosted.git"));
  (void)remote.ls_refs(ctx_);
  for (keep = 0; keep < good.size(); keep += 3) EXPECT_EQ(remote.ls_refs(ctx_).error().code(), Code::kCorrupt) << keep;
  keep = good.size();
  EXPECT_EQ(must(remote.ls_refs(ctx_)).size(), 1u);
  GitServer page(path("www"), [](const GitServer::Request&) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<html";
  });
  EXPECT_EQ(at(page.url("/x.git")).ls_refs(ctx_).error().code(), Code::kNotFound);
}

TEST_F(RemoteTest, WhatIsNotThereIsSaid) {
  GitServer server(path("www"));
  for (bool http : {true, false}) {
    EXPECT_EQ(at(server.url("/none.git"), http).ls_refs(ctx_).error().code(), Code::kNotFound);
    EXPECT_EQ(at(path("none.git"), http).ls_refs(ctx_).error().code(), Code::kNotFound);
    Error away = at("http://127.0.0.1:1/x.git", http).ls_refs(ctx_).error();
    EXPECT_EQ(away.code(), Code::kUnavailable) << away.line();
    EXPECT_TRUE(away.retryable());
  }
  Oid one = make_commit({}, "one");
  EXPECT_EQ(at("http://127.0.0.1:1/x.git").push(ctx_, local_, {{"refs/heads/main", one, {}}}).error().code(),
            Code::kUnavailable);
  run({"git", "init", "-q", "--bare", "--object-format=sha256", path("www/other.git")});
  EXPECT_EQ(at(server.url("/other.git")).ls_refs(ctx_).error().code(), Code::kInvalid);
  EXPECT_EQ(at(path("www/other.git")).ls_refs(ctx_).error().code(), Code::kInvalid);
}

TEST_F(RemoteTest, FetchPrunesWhereAsked) {
  Oid one = make_commit({}, "one");
  Remote remote = at(path("www/hosted.git"));
  must(remote.push(ctx_, local_, {{"refs/heads/a", one, {}}, {"refs/heads/b", one, {}}}));
  Repository mirror = bare("mirror.git");
  must(remote.fetch(ctx_, mirror, {"+refs/heads/*:refs/remotes/origin/*"}));
  git(hosted_.path(), {"update-ref", "-d", "refs/heads/b"});
  must(remote.fetch(ctx_, mirror, {"+refs/heads/*:refs/remotes/origin/*"}, true));
  EXPECT_EQ(must(list_refs(mirror, "refs/")).size(), 1u);
  EXPECT_FALSE(remote.fetch(ctx_, mirror, {"--upload-pack=touch /tmp/x"}));
}

// git itself warns, leaves the refs as they were, and ends well.
TEST_F(RemoteTest, AShallowSourceIsRefusedInWords) {
  Oid one = make_commit({}, "one");
  Remote remote = at(path("www/hosted.git"));
  must(remote.push(ctx_, local_, {{"refs/heads/main", make_commit({one}, "two"), {}}}));
  git(path(""), {"clone", "-q", "--bare", "--depth", "1", "file://" + hosted_.path(), path("shallow.git")});
  Repository mirror = bare("mirror.git");
  auto fetched = at("file://" + path("shallow.git")).fetch(ctx_, mirror, {"+refs/heads/*:refs/heads/*"});
  ASSERT_FALSE(fetched);
  EXPECT_THAT(fetched.error().text(), HasSubstr("shallow.git is a shallow repository"));
  EXPECT_THAT(fetched.error().text(), HasSubstr("--unshallow"));
  EXPECT_TRUE(must(list_refs(mirror, "refs/")).empty());
  git(path("shallow.git"), {"fetch", "-q", "--unshallow"});
  must(at("file://" + path("shallow.git")).fetch(ctx_, mirror, {"+refs/heads/*:refs/heads/*"}));
  EXPECT_EQ(must(list_refs(mirror, "refs/")).size(), 1u);
}

// It gets what it lacks from where it was cloned, and sends all of it.
TEST_F(RemoteTest, APartialSourceIsTakenWhole) {
  Oid blob = must(local_.write_blob("text"));
  Oid tree = must(local_.update_tree(empty_tree(), {{"file", blob}}));
  must(at(path("www/hosted.git")).push(ctx_, local_, {{"refs/heads/main", commit(local_, tree, {}), {}}}));
  git(hosted_.path(), {"config", "uploadpack.allowFilter", "true"});
  git(path(""), {"clone", "-q", "--bare", "--filter=blob:none", "file://" + hosted_.path(), path("partial.git")});
  Repository mirror = bare("mirror.git");
  auto fetched = at("file://" + path("partial.git")).fetch(ctx_, mirror, {"+refs/heads/*:refs/heads/*"});
  // Either all of it, or an error: never a history with holes.
  if (fetched) {
    EXPECT_EQ(must(mirror.blob(blob)), "text");
  } else {
    EXPECT_TRUE(must(list_refs(mirror, "refs/")).empty()) << fetched.error().text();
  }
}

TEST_F(RemoteTest, MalformedObjectsAreNotFetched) {
  Repository hostile = bare("hostile.git");
  std::string blob = git(hostile.path(), {"hash-object", "-w", "--stdin"}, "x");
  std::string tree = git(hostile.path(), {"mktree"}, "100644 blob " + blob + "\t.GIT\n");
  std::string bad = git(hostile.path(), {"commit-tree", "-m", "bad", tree});
  git(hostile.path(), {"update-ref", "refs/heads/main", bad});
  Repository mirror = bare("mirror.git");
  Result<void> fetched = at(hostile.path()).fetch(ctx_, mirror, {"+refs/heads/main:refs/heads/main"});
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kInvalid) << fetched.error().line();
  EXPECT_TRUE(must(list_refs(mirror, "refs/")).empty());
}

TEST_F(RemoteTest, ASilentServerIsGivenUpAtTheDeadline) {
  std::promise<void> enough;
  std::shared_future<void> released = enough.get_future().share();
  GitServer server(path("www"), [released](const GitServer::Request&) {
    released.wait();
    return "HTTP/1.1 503 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  });
  Oid one = make_commit({}, "one");
  Repository mirror = bare("mirror.git");
  for (bool http : {true, false}) {
    Remote remote = at(server.url("/hosted.git"), http);
    EXPECT_EQ(remote.ls_refs(Ctx{}.within(Millis(100))).error().code(), Code::kTimeout);
    EXPECT_EQ(remote.fetch(Ctx{}.within(Millis(100)), mirror, {"refs/heads/main"}).error().code(), Code::kTimeout);
    EXPECT_EQ(remote.push(Ctx{}.within(Millis(100)), local_, {{"refs/heads/main", one, {}}}).error().code(),
              Code::kTimeout);
  }
  enough.set_value();
}

TEST_F(RemoteTest, StopsWhenItIsTold) {
  std::stop_source stop;
  Ctx ctx = ctx_;
  ctx.stop = stop.get_token();
  stop.request_stop();
  Repository mirror = bare("mirror.git");
  EXPECT_EQ(at(path("www/hosted.git")).fetch(ctx, mirror, {"refs/heads/main"}).error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace autonomous::git
