#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/base/log.h"
#include "gitops/git/ls_refs.h"
#include "gitops/git/pktline.h"
#include "gitops/git/program.h"
#include "gitops/git/push_report.h"
#include "tests/unit/gitops/git/bed.h"

namespace autonomous::git {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PktLine, ReadsWhatItWrites) {
  std::string bytes = pkt_line("hello\n") + "0001" + pkt_line("") + "0002" + "0000";
  PktReader reader(bytes);
  EXPECT_EQ(must(reader.next())->data, "hello");
  EXPECT_EQ(must(reader.next())->kind, PktKind::kDelimiter);
  EXPECT_EQ(must(reader.next())->data, "");
  EXPECT_EQ(must(reader.next())->kind, PktKind::kResponseEnd);
  EXPECT_EQ(must(reader.next())->kind, PktKind::kFlush);
  EXPECT_FALSE(must(reader.next()));
}

TEST(PktLine, RefusesEverythingElse) {
  for (const char* bad : {"0", "000", "0003", "00", "zzzz", "0006a", "fff1", "0010hello", " 005", "-001"})
    EXPECT_FALSE(PktReader(bad).next()) << bad;
}

TEST(LsRefs, RefusesGarbageAtEachByte) {
  std::string oid(40, 'a');
  std::string good = pkt_line(oid + " HEAD symref-target:refs/heads/main\n") +
                     pkt_line(oid + " refs/tags/t peeled:" + oid + "\n") + "0000";
  PktReader whole(good);
  EXPECT_EQ(must(parse_ls_refs(whole)).size(), 2u);
  for (size_t at = 0; at < good.size(); ++at) {
    PktReader cut(std::string_view(good).substr(0, at));
    EXPECT_FALSE(parse_ls_refs(cut)) << at;
    std::string changed = good;
    changed[at] = '\x01';
    PktReader reader(changed);
    Result<std::vector<RemoteRef>> refs = parse_ls_refs(reader);  // an error, or refs with proper names
    if (refs) {
      for (const RemoteRef& ref : *refs) EXPECT_EQ(ref.name.find('\x01'), std::string::npos);
    }
  }
}

TEST(LsRefs, LeavesOutNamesThatGitWouldRefuse) {
  std::string oid(40, 'a');
  std::string bytes = pkt_line(oid + " refs/heads/../../x\n") + pkt_line(oid + " refs/heads/a..b\n") +
                      pkt_line(oid + " -x\n") + pkt_line(oid + " refs/heads/ok\n") + "0000";
  PktReader reader(bytes);
  auto refs = must(parse_ls_refs(reader));
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_EQ(refs[0].name, "refs/heads/ok");
}

TEST(LsRefs, AServersErrorIsGivenOn) {
  std::string bytes = pkt_line("ERR access denied or repository not exported\n");
  PktReader reader(bytes);
  EXPECT_THAT(parse_ls_refs(reader).error().message(), HasSubstr("access denied"));
  PktReader again(bytes);
  EXPECT_EQ(parse_advertisement(again).error().code(), Code::kDenied);
}

TEST(LsRefs, Sha256IsRefusedWithWords) {
  std::string bytes = pkt_line("version 2\n") + pkt_line("object-format=sha256\n") + "0000";
  PktReader reader(bytes);
  EXPECT_THAT(parse_advertisement(reader).error().message(), HasSubstr("SHA-1"));
}

TEST(PushReport, ReadsGitsPorcelain) {
  Oid oid = Oid::from_bytes("aaaaaaaaaaaaaaaaaaaa");
  std::vector<PushUpdate> updates;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    updates.push_back({std::string("refs/heads/") + name, oid, {}});
  std::string hex = oid.hex();
  PushReport report = must(parse_push_report(
      updates,
      "To https://example.com/x.git\n"
      "*\t" +
          hex +
          ":refs/heads/a\t[new branch]\n"
          " \t" +
          hex +
          ":refs/heads/b\t123..456\n"
          "=\t" +
          hex +
          ":refs/heads/c\t[up to date]\n"
          "!\t" +
          hex +
          ":refs/heads/d\t[rejected] (stale info)\n"
          "!\t" +
          hex +
          ":refs/heads/e\t[remote rejected] (protected branch (hook))\n"
          "!\t" +
          hex + ":refs/heads/f\t[remote rejected] (cannot lock ref 'refs/heads/f': is at 1 but expected 2)\nDone\n",
      "remote: one\nremote: two   \x1b[K\nerror: failed to push\n"));
  std::vector<PushOutcome> outcomes;
  for (const PushVerdict& verdict : report.refs) outcomes.push_back(verdict.outcome);
  EXPECT_EQ(outcomes, (std::vector<PushOutcome>{PushOutcome::kOk, PushOutcome::kOk, PushOutcome::kUpToDate,
                                                PushOutcome::kStale, PushOutcome::kRejected, PushOutcome::kStale}));
  EXPECT_EQ(report.refs[4].reason, "protected branch (hook)");
  EXPECT_EQ(report.server_words, "one\ntwo");
  // Silence about a ref is not success.
  EXPECT_FALSE(parse_push_report(updates, "To x\nDone\n", ""));
  EXPECT_FALSE(parse_push_report(
      {updates[0]}, "!\t" + hex + ":refs/heads/a\t[remote failure] (remote failed to report status)\n", ""));
}

TEST(Url, TakesWhatWeSpeakAndNothingElse) {
  for (const char* good : {"https://example.com/a.git", "http://[::1]:3000/a.git", "ssh://git@example.com:22/a.git",
                           "git@example.com:acme/a.git", "https://u:p@example.com/a"}) {
    EXPECT_TRUE(check_url(good, false)) << good;
  }
  for (const char* bad :
       {"", "-x", "--upload-pack=x", "ext::sh -c x", "ext::sh", "fd::17", "git://example.com/a", "ftp://example.com/a",
        "ssh://-oProxyCommand=x/a", "ssh://u@-oProxyCommand=x/a", "-oProxy@host:a", "git@-host:a", "git@host:-a",
        "https://a b/c", "https://a\n/c", "https:///x", "javascript://x", "hg::https://example.com"}) {
    Result<UrlKind> kind = check_url(bad, true);
    EXPECT_FALSE(kind && *kind != UrlKind::kLocal) << bad;
    EXPECT_FALSE(kind) << bad;
  }
  for (const char* local : {"/srv/a.git", "file:///srv/a.git", "relative/a.git"}) {
    EXPECT_EQ(check_url(local, false).error().code(), Code::kDenied) << local;
    EXPECT_EQ(must(check_url(local, true)), UrlKind::kLocal) << local;
  }
}

TEST(Url, CredentialsAreTakenOut) {
  EXPECT_EQ(url_without_credentials("https://u:p@example.com/a@b"), "https://example.com/a@b");
  EXPECT_EQ(url_without_credentials("https://tok@en@example.com/a"), "https://example.com/a");
  EXPECT_EQ(url_without_credentials("ssh://git:pw@example.com/a"), "ssh://git@example.com/a");
  EXPECT_EQ(url_without_credentials("git@example.com:a"), "git@example.com:a");
  EXPECT_EQ(url_without_credentials("https://example.com/a"), "https://example.com/a");
}

TEST(Url, OnePlaceHoweverItIsReached) {
  for (const char* url : {"https://git.example.com/acme/shop", "http://jo:pw@GIT.example.com:8080/Acme/shop.git/",
                          "ssh://git@git.example.com:2222/acme/shop.git", "git@git.example.com:acme/shop.git",
                          "https://git.example.com//acme/shop.git?a=b#c"})
    EXPECT_EQ(place_of(url), "git.example.com/acme/shop") << url;
  EXPECT_EQ(place_of("http://[::1]:3000/acme/shop"), "[::1]/acme/shop");
  EXPECT_EQ(place_of("http://[::1]/acme/shop"), "[::1]/acme/shop");
  for (const char* url : {"", "shop", "/srv/shop.git", "file:///srv/shop.git", "https://", "https://host",
                          "https://host/", "host:", ":path", "a b:c", "https://h/a\nb", "./a:b"})
    EXPECT_EQ(place_of(url), "") << url;
}

class ProgramTest : public Bed {};

TEST_F(ProgramTest, RunsWithoutTheUsersConfiguration) {
  must(write_file(path(".gitconfig"), "[alias]\n\tx = !echo pwned\n[core]\n\thooksPath = " + path("hooks") + "\n"));
  GitProgram git;
  git.home = folder_.path();
  GitCall call;
  call.args = {"config", "--list", "--show-origin"};
  std::string listed = must(git_output(ctx_, git, call));
  EXPECT_THAT(listed, Not(HasSubstr("alias.x")));
  EXPECT_THAT(listed, HasSubstr("core.hookspath=/dev/null"));
  call.args = {"no-such-command"};
  Error failed = git_output(ctx_, git, call).error();
  EXPECT_EQ(failed.code(), Code::kUnavailable);
  EXPECT_THAT(failed.message(), HasSubstr("no-such-command"));
}

TEST_F(ProgramTest, ProtocolsThatWereNotAskedForAreClosed) {
  Repository repository = bare();
  GitProgram git;
  GitCall call;
  call.args = {"ls-remote", "--", repository.path()};
  EXPECT_FALSE(git_output(ctx_, git, call));
  git.allow_file = true;
  EXPECT_TRUE(git_output(ctx_, git, call));
  call.args = {"ls-remote", "--", "ext::sh -c 'echo x >" + path("pwned") + "'"};
  EXPECT_FALSE(git_output(ctx_, git, call));
  EXPECT_FALSE(exists(path("pwned")));
}

}  // namespace
}  // namespace autonomous::git
