#include "auditing.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

TEST_F(Remotes, AReleaseArrivesWithLedgerAndTag) {
  EXPECT_EQ(release(record(), kWeb, "1"), 1u);
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
  EXPECT_EQ(remote({"show", "deploy:apps/local/shop/web/values.yaml"}), "version: 1\n");
  EXPECT_EQ(remote({"fsck", "--strict", "--no-dangling"}), "");
  EXPECT_TRUE(record().sync(Ctx{}).value().quiet());
  AuditReport report = audited(clone());
  EXPECT_TRUE(report.ok()) << audit_text(report);
}

TEST_F(Remotes, TheMirrorIsOnlyACache) {
  release(record(), kWeb, "1");
  StatePtr before = record().state();
  ASSERT_TRUE(remove_all(bed_.path("mirror")));
  ASSERT_TRUE(remove_all(bed_.path("mirror-journal")));
  open();
  EXPECT_EQ(record().state()->find(kWeb)->live()->commit, before->find(kWeb)->live()->commit);
  EXPECT_EQ(release(record(), kWeb, "2"), 2u);
}

TEST_F(Remotes, ARevertIsAdopted) {
  release(record(), kWeb, "1");
  release(record(), kWeb, "2");
  std::string work = clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  auto done = record().commit(Ctx{}, batch_of({push_draft(record(), kDb, "1"), push_draft(record(), kWeb, "3")}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(std::get<Released>(done->drafts[0]).number, 1u);
  EXPECT_TRUE(std::holds_alternative<Stale>(done->drafts[1]));
  EXPECT_EQ(done->foreign.changes.at(0).adopted_as, 3u);
  EXPECT_EQ(remote({"tag", "-l", "*web/3"}), "release/local/shop/web/3\n");
}

TEST_F(Remotes, OnlyTheGuiltyReleaseFails) {
  hook(
      "pre-receive",
      "while read old new ref; do\n"
      "  case $ref in refs/heads/deploy)\n"
      "    if git log --format=%s $old..$new | grep -q '/db: release'; then echo 'db is frozen by the registrar' >&2; exit 1; fi;;\n"
      "  esac\n"
      "done\n");
  model::Target api{"local", "shop", "api"};
  model::Target job{"local", "shop", "job"};
  Batch batch = batch_of({push_draft(record(), api, "1"), push_draft(record(), kDb, "1"),
                          push_draft(record(), job, "1"), push_draft(record(), kWeb, "1")});
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0]));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[2]));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[3]));
  ASSERT_TRUE(std::holds_alternative<Refused>(done->drafts[1]));
  EXPECT_NE(std::get<Refused>(done->drafts[1]).words.find("frozen by the registrar"), std::string::npos);
  EXPECT_EQ(remote({"rev-list", "--count", "deploy"}), "4\n");
  EXPECT_FALSE(record().state()->find(kDb));
}

TEST_F(Remotes, ManyGuiltyReleasesFailNoInnocentOne) {
  hook("pre-receive",
       "while read old new ref; do\n"
       "  git log --format=%s $old..$new | grep -q '/bad[0-9]: release' && { echo 'frozen' >&2; exit 1; }\n"
       "done\n"
       "exit 0\n");
  std::vector<Draft> drafts;
  for (int i = 0; i < 8; ++i)
    drafts.push_back(push_draft(record(), {"local", "shop", (i < 5 ? "bad" : "good") + std::to_string(i)}, "1"));
  std::map<std::string, int> ended;
  int cycles = 0;
  for (; !drafts.empty() && cycles < 5; ++cycles) {
    auto done = record().commit(Ctx{}, batch_of(drafts));
    ASSERT_TRUE(done) << done.error().text();
    std::vector<Draft> again;
    for (size_t i = 0; i < drafts.size(); ++i) {
      const std::string& app = drafts[i].target.app;
      if (std::holds_alternative<Postponed>(done->drafts[i])) again.push_back(drafts[i]);
      else if (std::holds_alternative<Released>(done->drafts[i])) EXPECT_TRUE(app.starts_with("good")) << app;
      else EXPECT_TRUE(std::holds_alternative<Refused>(done->drafts[i]) && app.starts_with("bad")) << app;
    }
    drafts = std::move(again);
  }
  EXPECT_EQ(cycles, 2);
  EXPECT_EQ(record().state()->targets.size(), 3u);
}

TEST_F(Remotes, ARewoundRemoteIsNotResurrected) {
  release(record(), kWeb, "1");
  release(record(), kWeb, "2");
  remote({"update-ref", "refs/heads/deploy", "deploy~1"});
  auto done = record().commit(Ctx{}, batch_of({push_draft(record(), kDb, "1")}));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kConflict);
  EXPECT_EQ(remote({"rev-list", "--count", "deploy"}), "2\n");
}

// A server that answers for a moment as if it had no branches must not wait for an operator.
TEST_F(Remotes, ABranchThatComesBackNeedsNoAcceptance) {
  release(record(), kWeb, "1");
  for (bool restarted : {false, true}) {
    std::string tip = remote({"rev-parse", "deploy"}).substr(0, 40);
    if (restarted) remote({"update-ref", "refs/heads/deploy", "deploy~1"});
    else remote({"update-ref", "-d", "refs/heads/deploy"});
    if (restarted) open();
    EXPECT_EQ(record().sync(Ctx{}).error().code(), Code::kConflict);
    remote({"update-ref", "refs/heads/deploy", tip});
    auto again = record().sync(Ctx{});
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(release(record(), kWeb, restarted ? "3" : "2"), restarted ? 3u : 2u);
  }
  EXPECT_EQ(remote({"tag", "-l"}), "release/local/shop/web/1\nrelease/local/shop/web/2\nrelease/local/shop/web/3\n");
}

TEST_F(Remotes, TwoDaemonsByMistakeReleaseOnce) {
  auto other = Record::open(Ctx{}, config("second"), bed_.clock()).value();
  Draft draft = push_draft(record(), kWeb, "1");
  EXPECT_TRUE(std::holds_alternative<Released>(record().commit(Ctx{}, batch_of({draft})).value().drafts[0]));
  auto second = other->commit(Ctx{}, batch_of({draft, push_draft(*other, kDb, "1")}));
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_EQ(std::get<Duplicate>(second->drafts[0]).number, 1u);
  EXPECT_EQ(std::get<Released>(second->drafts[1]).number, 1u);
  EXPECT_TRUE(second->foreign.ledger_moved);
  Foreign foreign = record().sync(Ctx{}).value();
  EXPECT_TRUE(foreign.changes.empty());
  EXPECT_EQ(foreign.entries.size(), 1u);
  EXPECT_EQ(record().state()->find(kDb)->last_number, 1u);
}

TEST_F(Remotes, ARaceIsTriedAgainAfterAPause) {
  RecordConfig racing = config();
  std::vector<int> rounds;
  int others = 3;
  racing.stand_back = [&](const Ctx&, int round) { rounds.push_back(round); };
  racing.fault = [&](Point point) -> Result<void> {
    if (point != Point::kJournalWritten || others == 0) return ok();
    --others;
    std::string commit = remote({"commit-tree", "-p", "deploy", "-m", "By hand", "deploy^{tree}"}).substr(0, 40);
    remote({"update-ref", "refs/heads/deploy", commit});
    return ok();
  };
  bed_.open(std::move(racing));
  others = 3;
  EXPECT_EQ(release(record(), kWeb, "1"), 1u);
  EXPECT_EQ(rounds, (std::vector<int>{0, 1, 2}));
  others = 1000;
  auto lost = record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "2")}));
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().retryable());
  EXPECT_EQ(rounds.back(), 9) << "and there is an end to it";
}

TEST_F(Remotes, ARemoteThatIsAwayIsAnErrorThatMayBeRetried) {
  release(record(), kWeb, "1");
  ASSERT_EQ(rename(url().c_str(), bed_.path("gone").c_str()), 0);
  EXPECT_FALSE(record().sync(Ctx{}));
  EXPECT_FALSE(record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "2")})));
  ASSERT_EQ(rename(bed_.path("gone").c_str(), url().c_str()), 0);
  EXPECT_EQ(release(record(), kWeb, "2"), 2u);
}

TEST_F(Remotes, ARemoteWithOnlyMainIsTakenAsItIs) {
  std::string other = bed_.path("other.git");
  ASSERT_TRUE(git::Repository::init_bare(other));
  bed_.git({"push", "-q", other, "main:refs/heads/main"}, url());
  RecordConfig config = this->config("third");
  config.remote = remote_on_disk(other);
  auto opened = Record::open(Ctx{}, std::move(config), bed_.clock());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(bed_.git({"rev-list", "--count", "--all"}, other), "3\n");
  EXPECT_EQ(release(**opened, kWeb, "1"), 1u);
}

}  // namespace
}  // namespace autonomous::store
