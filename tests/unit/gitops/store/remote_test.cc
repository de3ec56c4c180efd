// The record on a remote, through a mirror: here a bare repository on disk, pushed to by the git program.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "../git/git_server.h"
#include "bed.h"
#include "gitops/git/remote.h"
#include "gitops/store/audit.h"

namespace autonomous::store {
namespace {

class Remotes : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(git::Repository::init_bare(url()));
    open();
  }
  std::string url() const { return bed_.path("remote.git"); }
  RecordConfig config(std::string_view name = "mirror") {
    RecordConfig config = bed_.config();
    config.repository = bed_.path(name);
    config.journal = bed_.path(std::string(name) + "-journal");
    git::GitProgram program;
    program.allow_file = true;
    config.remote = std::make_shared<git::Remote>(git::Remote::make({url()}, program).value());
    return config;
  }
  Record& open() { return bed_.open(config()); }
  Record& record() { return bed_.record(); }
  std::string remote(std::vector<std::string> args) { return bed_.git(std::move(args), url()); }
  std::string clone() {
    std::string to = bed_.path("clone");
    bed_.git({"clone", "-q", "-b", "deploy", url(), to}, url());
    return to;
  }
  // A hook of the server; its exit status is that of `script`.
  void hook(const std::string& name, const std::string& script) {
    ASSERT_TRUE(make_folders(url() + "/hooks"));
    ASSERT_TRUE(write_file(url() + "/hooks/" + name, "#!/bin/sh\n" + script, 0755));
    chmod((url() + "/hooks/" + name).c_str(), 0755);
  }

  Bed bed_;
};

TEST_F(Remotes, AReleaseArrivesWithLedgerAndTag) {
  EXPECT_EQ(release(record(), kWeb, "1"), 1u);
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
  EXPECT_EQ(remote({"show", "deploy:apps/local/shop/web/values.yaml"}), "version: 1\n");
  EXPECT_EQ(remote({"fsck", "--strict", "--no-dangling"}), "");
  EXPECT_TRUE(record().sync(Ctx{}).value().quiet());
  AuditOptions options;
  options.repository = clone();
  auto report = audit(Ctx{}, options);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->ok()) << audit_text(*report);
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

TEST_F(Remotes, OldTagsLeaveTheRemoteAndOneThatKeepsThemHoldsNobodyUp) {
  RecordConfig small = config();
  small.tag_window = 2;
  bed_.open(small);
  hook("update", "case $3 in 0000*) echo 'tags stay' >&2; exit 1;; esac\n");
  for (const char* version : {"1", "2", "3"}) {
    release(record(), kWeb, version);
    bed_.clock().advance(Millis(1000));
  }
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(remote({"tag", "-l", "*web/1"}), "release/local/shop/web/1\n") << "the host keeps it";
  EXPECT_EQ(release(record(), kWeb, "4"), 4u);
  ASSERT_EQ(unlink((url() + "/hooks/update").c_str()), 0);
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/3\nrelease/local/shop/web/4\n");
  for (uint32_t number = 1; number <= 4; ++number) {
    Batch batch;
    batch.entries = {outcome_of(kWeb, number)};
    ASSERT_TRUE(record().commit(Ctx{}, batch));
  }
  AuditOptions options;
  options.repository = clone();
  auto report = audit(Ctx{}, options);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->ok()) << audit_text(*report);
  Record::TagChoice one;
  one.target = kWeb;
  one.number = 1;
  EXPECT_EQ(record().repair_tags(Ctx{}, one)->restored.size(), 1u);
  EXPECT_EQ(remote({"tag", "-l", "*web/1"}), "release/local/shop/web/1\n");
}

// Who waits for a release is told before its tag travels; a daemon that ends in between makes it at its next start.
TEST_F(Remotes, TagsMayFollowLater) {
  RecordConfig later = config();
  later.tags_later = true;
  bed_.open(later);
  release(record(), kWeb, "1");
  release(record(), kDb, "1");
  EXPECT_EQ(remote({"tag"}), "");
  hook("pre-receive",
       "while read old new ref; do echo $ref >> " + bed_.path("seen") + "; done; echo . >> " + bed_.path("seen"));
  record().make_tags(Ctx{});
  EXPECT_EQ(remote({"tag"}), "release/local/shop/db/1\nrelease/local/shop/web/1\n");
  EXPECT_EQ(read_file(bed_.path("seen"), 1000).value_or(""),
            "refs/tags/release/local/shop/web/1\nrefs/tags/release/local/shop/db/1\n.\n");  // one push
  record().make_tags(Ctx{});
  release(record(), {"local", "shop", "api"}, "1");
  bed_.open(later);
  EXPECT_EQ(remote({"tag", "-l", "*api/1"}), "release/local/shop/api/1\n");
  AuditOptions options;
  options.repository = clone();
  auto report = audit(Ctx{}, options);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->ok()) << audit_text(*report);
}

TEST_F(Remotes, ATagThatIsRefusedHoldsNobodyUp) {
  hook("update", "case $1 in refs/tags/*) echo 'no tags' >&2; exit 1;; esac\n");
  EXPECT_EQ(release(record(), kWeb, "1"), 1u);
  EXPECT_EQ(remote({"tag"}), "");
  ASSERT_EQ(unlink((url() + "/hooks/update").c_str()), 0);
  EXPECT_EQ(record().repair_tags(Ctx{}, {})->restored.size(), 1u);
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
  std::string tag = remote({"rev-parse", "release/local/shop/web/1"});
  remote({"update-ref", "refs/tags/release/local/shop/web/1", "deploy"});
  hook("update", "case $1 in refs/tags/*) echo 'protected' >&2; exit 1;; esac\n");
  EXPECT_EQ(record().repair_tags(Ctx{}, {})->refused, std::vector<std::string>{"release/local/shop/web/1"});
  ASSERT_EQ(unlink((url() + "/hooks/update").c_str()), 0);
  EXPECT_EQ(record().repair_tags(Ctx{}, {})->moved_back, std::vector<std::string>{"release/local/shop/web/1"});
  EXPECT_EQ(remote({"rev-parse", "release/local/shop/web/1"}), tag);
}

TEST_F(Remotes, ATagThatWasRefusedIsOfferedAgain) {
  hook("update", "case $1 in refs/tags/*) echo 'no tags' >&2; exit 1;; esac\n");
  release(record(), kWeb, "1");
  ASSERT_EQ(unlink((url() + "/hooks/update").c_str()), 0);
  release(record(), kWeb, "2");
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/2\n") << "new ones do not wait for those that were refused";
  for (int look = 0; look < 4; ++look) ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\nrelease/local/shop/web/2\n");

  // The same, and the daemon ends before they are.
  hook("update", "case $1 in refs/tags/*) echo 'no tags' >&2; exit 1;; esac\n");
  release(record(), kWeb, "3");
  ASSERT_EQ(unlink((url() + "/hooks/update").c_str()), 0);
  open();
  EXPECT_EQ(remote({"tag", "-l", "*web/3"}), "release/local/shop/web/3\n");
}

// The tags of one release are cut, then the whole push of the next: the first one's tags are still owed.
TEST_F(Remotes, TagsThatAreOwedOutliveAPushThatIsLost) {
  auto away = [&](bool is) {
    std::string from = url(), to = bed_.path("away.git");
    ASSERT_EQ(is ? rename(from.c_str(), to.c_str()) : rename(to.c_str(), from.c_str()), 0);
  };
  std::optional<Point> cut;
  RecordConfig cutting = config();
  cutting.fault = [&](Point point) -> Result<void> {
    if (point != cut) return ok();
    cut.reset();
    away(true);  // from here on nothing reaches it
    return ok();
  };
  Record& record = bed_.open(std::move(cutting));
  cut = Point::kRefsMoved;
  EXPECT_EQ(release(record, kWeb, "1"), 1u);
  away(false);
  EXPECT_EQ(remote({"tag"}), "");
  cut = Point::kJournalWritten;
  EXPECT_FALSE(record.commit(Ctx{}, batch_of({push_draft(record, kDb, "1")})));
  away(false);
  EXPECT_TRUE(record.sync(Ctx{}));
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");

  // The same, and the daemon ends before it is over.
  cut = Point::kRefsMoved;
  EXPECT_EQ(release(record, kWeb, "2"), 2u);
  away(false);
  cut = Point::kJournalWritten;
  EXPECT_FALSE(record.commit(Ctx{}, batch_of({push_draft(record, kDb, "1")})));
  EXPECT_FALSE(record.sync(Ctx{}));
  away(false);
  open();
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\nrelease/local/shop/web/2\n");
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

TEST_F(Remotes, ALostAnswerIsFoundOut) {
  RecordConfig cut = config();
  bool armed = false;
  cut.fault = [&armed](Point point) -> Result<void> {
    if (armed && point == Point::kRefsMoved) return fail(Code::kUnavailable, "the connection broke");
    return ok();
  };
  bed_.open(std::move(cut));
  armed = true;
  Draft draft = push_draft(record(), kWeb, "1");
  ASSERT_FALSE(record().commit(Ctx{}, batch_of({draft})));
  armed = false;
  auto again = record().commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(std::get<Duplicate>(again->drafts[0]).number, 1u);
  open();
  EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
}

// A server whose answers get lost: as soon as `deploy` has moved, `then` is done beside it, and the connection breaks.
class LostAnswers : public Remotes {
 protected:
  void after_the_next_push(const std::string& then) {
    hook("reference-transaction",
         "[ \"$1\" = committed ] && [ -e armed ] && grep -q refs/heads/deploy || exit 0\n"
         "rm armed\n"
         "export GIT_AUTHOR_NAME=Bob GIT_AUTHOR_EMAIL=bob@example.com GIT_COMMITTER_NAME=Bob "
         "GIT_COMMITTER_EMAIL=bob@example.com\n" +
             then + "\nkill -9 $PPID\n");
    ASSERT_TRUE(write_file(url() + "/armed", ""));
  }
  // Everything that a batch may hold besides releases, all of one moment.
  Batch decisions() {
    Batch batch;
    for (model::EntryType type : {model::EntryType::kHold, model::EntryType::kPropose, model::EntryType::kApprove,
                                  model::EntryType::kMarkBad, model::EntryType::kFreeze}) {
      model::Entry entry;
      entry.type = type;
      entry.target = kDb;
      entry.time = bed_.clock().now();
      entry.by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
      entry.because = "because";
      if (type == model::EntryType::kPropose || type == model::EntryType::kApprove) entry.id = "abcdef012345";
      if (type == model::EntryType::kMarkBad) entry.artifact = "artifact-9";
      if (type == model::EntryType::kFreeze) entry.scope = "production";
      batch.entries.push_back(std::move(entry));
    }
    Draft db = push_draft(record(), kDb, "1");
    for (model::Entry& entry : batch.entries) {
      if (entry.id.empty()) continue;
      entry.artifact = db.artifact;
      entry.input_digest = db.trailers.input_digest;
      entry.tree = tree_of_files(db.files).value().hex();
    }
    batch.drafts = {push_draft(record(), kWeb, "1")};
    return batch;
  }
  void expect_all_said_once() {
    StatePtr now = record().state();
    ASSERT_TRUE(now->find(kDb));
    EXPECT_EQ(now->find(kDb)->said.size(), 3u) << "hold, propose, approve";
    for (model::EntryType type : {model::EntryType::kMarkBad, model::EntryType::kFreeze})
      EXPECT_EQ(
          std::count_if(now->platform.begin(), now->platform.end(), [&](const auto& e) { return e.type == type; }), 1)
          << model::entry_type_name(type);
    ASSERT_TRUE(now->find(kWeb));
    EXPECT_EQ(now->find(kWeb)->last_number, 1u);
    EXPECT_FALSE(now->find(kWeb)->drift);
    EXPECT_EQ(remote({"tag"}), "release/local/shop/web/1\n");
    EXPECT_EQ(remote({"fsck", "--strict", "--no-dangling"}), "");
  }
  static constexpr const char* kSomebodyCommits =
      "git update-ref refs/heads/deploy $(git commit-tree -p deploy -m 'By hand' 'deploy^{tree}')";
};

TEST_F(LostAnswers, SomebodyWentOnFromOurs) {
  after_the_next_push(kSomebodyCommits);
  auto done = record().commit(Ctx{}, decisions());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_FALSE(done->entries) << done->entries->text();
  ASSERT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_EQ(done->pushes, 1u);
  EXPECT_TRUE(done->foreign.changes.empty());
  EXPECT_EQ(remote({"log", "-1", "--format=%s", "deploy"}), "By hand\n");
  expect_all_said_once();
  EXPECT_TRUE(record().sync(Ctx{}).value().quiet());
}

TEST_F(LostAnswers, OnlyOneOfTheRefsMoved) {
  std::string ledger = remote({"rev-parse", "autonomous/ledger/deploy"});
  after_the_next_push("git update-ref refs/heads/autonomous/ledger/deploy " + ledger.substr(0, 40));
  auto done = record().commit(Ctx{}, decisions());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_TRUE(done->foreign.changes.empty()) << "our own release is no drift";
  expect_all_said_once();
}

// The remote cannot even be asked afterwards: the same batch comes again, later.
TEST_F(LostAnswers, TheSameBatchAgainSaysNothingTwice) {
  after_the_next_push(std::string(kSomebodyCommits) + "\nmv \"$PWD\" \"$PWD.away\"");
  Batch batch = decisions();
  ASSERT_FALSE(record().commit(Ctx{}, batch));
  ASSERT_EQ(rename((url() + ".away").c_str(), url().c_str()), 0);
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_FALSE(done->entries) << done->entries->text();
  EXPECT_TRUE(std::holds_alternative<Duplicate>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_EQ(done->pushes, 0u);
  expect_all_said_once();
}

TEST_F(LostAnswers, AnAdoptionIsMadeOnce) {
  release(record(), kWeb, "1");
  release(record(), kWeb, "2");
  std::string work = clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  after_the_next_push(kSomebodyCommits);
  auto foreign = record().sync(Ctx{});
  ASSERT_TRUE(foreign) << foreign.error().text();
  ASSERT_EQ(foreign->changes.size(), 1u);
  EXPECT_EQ(foreign->changes[0].adopted_as, 3u);
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 3u);
  EXPECT_EQ(remote({"tag", "-l", "*web/3"}), "release/local/shop/web/3\n");
}

// A proxy in front of the remote that takes no long requests.
class ShortRequests : public Remotes {
 protected:
  void SetUp() override {
    Remotes::SetUp();
    bed_.git({"config", "http.receivepack", "true"}, url());
  }
  // `answer`: of the proxy, to what is too long. Nothing: it hangs up.
  void serve(std::string answer) {
    server_ = std::make_unique<git::GitServer>(
        url().substr(0, url().rfind('/')),
        [this, answer](const git::GitServer::Request& request) -> std::optional<std::string> {
          bool push = request.method == "POST" && request.target.ends_with("/git-receive-pack");
          return push && request.body.size() > limit_ ? std::optional(answer) : std::nullopt;
        });
    RecordConfig config = this->config("behind");
    config.remote = std::make_shared<git::Remote>(git::Remote::make({server_->url("/remote.git")}, {}).value());
    bed_.open(std::move(config));
  }
  Draft big(const model::Target& target) {
    Draft draft = push_draft(record(), target, "1");
    uint32_t random = 1;
    for (int i = 0; i < 60'000; ++i)
      draft.files["values.yaml"] += std::to_string((random = random * 1664525u + 1013904223u) >> 28);
    return draft;
  }
  std::atomic<size_t> limit_ = 20'000;  // read on the proxy's thread
  std::unique_ptr<git::GitServer> server_;
};

TEST_F(ShortRequests, WhatIsTooMuchAtOnceGoesInParts) {
  serve("HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  model::Target api{"local", "shop", "api"};
  auto done =
      record().commit(Ctx{}, batch_of({push_draft(record(), api, "1"), big(kDb), push_draft(record(), kWeb, "1")}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0]));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[2]));
  const auto* refused = std::get_if<Refused>(&done->drafts[1]);
  ASSERT_NE(refused, nullptr) << done->drafts[1].index();
  EXPECT_NE(refused->words.find("413"), std::string::npos) << refused->words;
  EXPECT_NE(refused->words.find("client_max_body_size"), std::string::npos) << refused->words;
  EXPECT_EQ(remote({"rev-list", "--count", "deploy"}), "3\n");
}

TEST_F(ShortRequests, AProxyThatHangsUpIsFoundOutToo) {
  serve("");
  Batch batch = batch_of({big(kDb), push_draft(record(), kWeb, "1")});
  EXPECT_FALSE(record().commit(Ctx{}, batch)) << "once is bad luck";
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Postponed>(done->drafts[0])) << done->drafts[0].index();
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[1])) << done->drafts[1].index();
  // Alone it is the repository's trouble, and nobody's verdict.
  auto alone = record().commit(Ctx{}, batch_of({batch.drafts[0]}));
  ASSERT_FALSE(alone);
  EXPECT_TRUE(alone.error().retryable());
  limit_ = 1'000'000;
  auto through = record().commit(Ctx{}, batch_of({batch.drafts[0]}));
  ASSERT_TRUE(through) << through.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(through->drafts[0]));
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
  git::GitProgram program;
  program.allow_file = true;
  config.remote = std::make_shared<git::Remote>(git::Remote::make({other}, program).value());
  auto opened = Record::open(Ctx{}, std::move(config), bed_.clock());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(bed_.git({"rev-list", "--count", "--all"}, other), "3\n");
  EXPECT_EQ(release(**opened, kWeb, "1"), 1u);
}

}  // namespace
}  // namespace autonomous::store
