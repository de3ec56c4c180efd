// Reverts as people make them: ranges, merges, buttons, several people, and while a release is on its way. And keys
// that are rotated under a history that goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auditing.h"
#include "bed.h"
#include "gitops/base/text.h"

namespace autonomous::store {
namespace {

using Kind = ForeignChange::Kind;
using ::testing::HasSubstr;

class Reverts : public ::testing::Test {
 protected:
  void SetUp() override {
    bed_.open();
    for (const char* version : {"1", "2", "3", "4"}) {
      release(record(), kWeb, version);
      finish(kWeb);
      bed_.clock().advance(Millis(10'000));
    }
    release(record(), kDb, "1");
    release(record(), kDb, "2");
    finish(kDb);
    clone_ = bed_.clone();
  }
  Record& record() { return bed_.record(); }
  TargetPtr web() { return record().state()->find(kWeb); }
  TargetPtr db() { return record().state()->find(kDb); }
  void finish(const model::Target& target) {
    Batch batch;
    for (const auto& row : record().state()->find(target)->releases) {
      if (!row->outcome) batch.entries.push_back(outcome_of(target, row->number));
    }
    ASSERT_TRUE(record().commit(Ctx{}, std::move(batch)));
  }
  void git(std::vector<std::string> args, std::string where = "") {
    bed_.git(std::move(args), where.empty() ? clone_ : where);
  }
  void push(std::string where = "", int expected = 0) {
    bed_.git({"push", "-q", "origin", "HEAD:deploy"}, where.empty() ? clone_ : where, expected);
  }
  Foreign sync() {
    auto foreign = record().sync(Ctx{});
    if (!foreign) ADD_FAILURE() << foreign.error().text();
    return foreign ? *std::move(foreign) : Foreign{};
  }
  void expect_whole() {
    for (const model::Target& target : {kWeb, kDb}) finish(target);
    AuditReport report = audited(bed_.repository());
    EXPECT_TRUE(report.ok()) << audit_text(report);
    bed_.expect_sound(true);  // what lost a race is left behind
  }

  Bed bed_;
  std::string clone_;
};

TEST_F(Reverts, ARangeIsOneRollback) {
  git({"revert", "--no-edit", "release/local/shop/web/2..release/local/shop/web/4"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u) << "only the net effect counts";
  EXPECT_EQ(foreign.changes[0].kind, Kind::kRollback);
  EXPECT_EQ(foreign.changes[0].to, 2u);
  EXPECT_EQ(foreign.changes[0].commits.size(), 2u);
  EXPECT_EQ(web()->live()->rollback_of, 2u);
  expect_whole();
}

TEST_F(Reverts, SeveralOfSeveralTargetsInOneCommit) {
  git({"revert", "--no-commit", "release/local/shop/web/4"});
  git({"revert", "--no-commit", "release/local/shop/web/3"});
  git({"revert", "--no-commit", "release/local/shop/db/2"});
  git({"commit", "-qm", "back to where we were"});
  push();
  EXPECT_EQ(sync().changes.size(), 2u);
  EXPECT_EQ(web()->live()->rollback_of, 2u);
  EXPECT_EQ(db()->live()->rollback_of, 1u);
  expect_whole();
}

// A branch with the revert, merged by the host, with whatever words people gave it.
TEST_F(Reverts, AHostsRevertButton) {
  git({"checkout", "-q", "-b", "revert-12-deploy"});
  git({"revert", "--no-edit", "release/local/shop/web/4"});
  git({"commit", "-q", "--amend", "-m", "Revert \"local/shop/web: release 4\" (#12)\n\nRelease: local/shop/web/99\n"});
  git({"checkout", "-q", "deploy"});
  git({"merge", "-q", "--no-ff", "-m", "Merge pull request #13", "revert-12-deploy"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u);
  EXPECT_EQ(foreign.changes[0].to, 3u);
  EXPECT_EQ(web()->last_number, 5u);
  ASSERT_NE(web()->hold_in_force(bed_.clock().now()), nullptr);
  expect_whole();
}

// The merge that brought reverts of two targets is itself taken back, by one commit.
TEST_F(Reverts, OfAMerge) {
  git({"checkout", "-q", "-b", "back"});
  git({"revert", "--no-edit", "release/local/shop/web/4"});
  git({"revert", "--no-edit", "release/local/shop/db/2"});
  git({"checkout", "-q", "deploy"});
  git({"merge", "-q", "--no-ff", "-m", "Merge pull request #14", "back"});
  git({"tag", "the-merge"});
  push();
  EXPECT_EQ(sync().changes.size(), 2u);
  EXPECT_EQ(web()->live()->rollback_of, 3u);
  EXPECT_EQ(db()->live()->rollback_of, 1u);
  bed_.clock().advance(Millis(10'000));
  git({"pull", "-q", "--ff-only", "origin", "deploy"});
  git({"revert", "--no-edit", "-m", "1", "the-merge"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 2u);
  for (const ForeignChange& change : foreign.changes) EXPECT_EQ(change.kind, Kind::kResume) << change.target.str();
  EXPECT_EQ(web()->live()->target_tree, web()->find(4)->target_tree);
  EXPECT_EQ(db()->live()->target_tree, db()->find(2)->target_tree);
  EXPECT_EQ(web()->hold_in_force(bed_.clock().now()), nullptr) << "what had been rolled back stands again";
  expect_whole();
}

TEST_F(Reverts, OfAReleaseThatOthersFollowed) {
  git({"revert", "--no-edit", "release/local/shop/web/4"});  // db/1 and db/2 came after it
  push();
  sync();
  EXPECT_EQ(web()->live()->rollback_of, 3u);
  EXPECT_EQ(db()->last_number, 2u) << "different targets never conflict";
  expect_whole();
}

TEST_F(Reverts, TwoPeopleAtOnceOnDifferentTargets) {
  std::string other = bed_.clone("other");
  git({"revert", "--no-edit", "release/local/shop/web/4"});
  push();
  git({"revert", "--no-edit", "release/local/shop/db/2"}, other);
  push(other, 1);  // somebody was faster
  git({"pull", "-q", "--rebase", "origin", "deploy"}, other);
  push(other);
  EXPECT_EQ(sync().changes.size(), 2u);
  EXPECT_EQ(web()->live()->rollback_of, 3u);
  EXPECT_EQ(db()->live()->rollback_of, 1u);
  expect_whole();
}

TEST_F(Reverts, TwoPeopleAtOnceOnTheSameTarget) {
  std::string other = bed_.clone("other");
  git({"revert", "--no-edit", "release/local/shop/web/4"});
  push();
  sync();
  git({"revert", "--no-edit", "release/local/shop/web/4"}, other);
  git({"pull", "-q", "--no-rebase", "--no-edit", "origin", "deploy"}, other);
  push(other);
  EXPECT_TRUE(sync().changes.empty()) << "the second revert changed nothing any more";
  EXPECT_EQ(web()->last_number, 5u);
  expect_whole();
}

TEST_F(Reverts, ARevertThatArrivesWhileAReleaseIsPushed) {
  RecordConfig config = bed_.config();
  bool pushed = false;
  config.fault = [&](Point point) -> Result<void> {
    if (point != Point::kJournalWritten || pushed) return ok();
    pushed = true;
    git({"revert", "--no-edit", "release/local/shop/web/4"});
    push();
    return ok();
  };
  bed_.open(config);
  auto done = record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "5")}));
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_TRUE(pushed);
  ASSERT_TRUE(std::holds_alternative<Stale>(done->drafts[0])) << "it may not go over the rollback";
  EXPECT_EQ(web()->last_number, 5u);
  EXPECT_EQ(web()->live()->rollback_of, 3u);
  expect_whole();
}

TEST_F(Reverts, ARevertOfARevertAfterTheHoldEnded) {
  git({"revert", "--no-edit", "release/local/shop/web/4"});
  push();
  sync();
  Batch batch;
  model::Entry resume;
  resume.type = model::EntryType::kResume;
  resume.target = kWeb;
  batch.entries = {resume};
  ASSERT_TRUE(record().commit(Ctx{}, std::move(batch)));
  git({"pull", "-q", "--rebase", "origin", "deploy"});
  git({"revert", "--no-edit", "HEAD~1"});  // the revert; HEAD took it over
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u);
  EXPECT_EQ(foreign.changes[0].to, 4u);
  EXPECT_EQ(web()->live()->target_tree, web()->find(4)->target_tree);
  expect_whole();
}

// ---- keys

TEST_F(Reverts, AKeyIsRotatedByTheOneBefore) {
  std::string anchored = bed_.signer().allowed_signers_line("autonomous@localhost") + "\n";
  RecordConfig config = bed_.config();
  config.retiring = config.signer;
  config.signer = std::make_shared<git::Signer>(git::Signer::load_or_make(bed_.path("next")).value());
  bed_.open(config);
  EXPECT_EQ(record().state()->keys, std::vector<std::string>{config.signer->public_line()});
  release(record(), kWeb, "5");
  finish(kWeb);
  bed_.open(config);  // again: nothing is said twice
  EXPECT_EQ(record().state()->platform_entries, 3u) << "the first key, the new one, the end of the first";
  AuditReport report = audited(bed_.repository(), anchored);
  EXPECT_TRUE(report.ok()) << "who trusts the old key trusts what it brought in: " << audit_text(report);
  EXPECT_THAT(report.trust, HasSubstr("and keys that those brought in"));
}

TEST_F(Reverts, AKeyThatNobodyBroughtInIsFound) {
  std::string anchored = bed_.signer().allowed_signers_line("autonomous@localhost") + "\n";
  RecordConfig config = bed_.config();
  config.signer = std::make_shared<git::Signer>(git::Signer::load_or_make(bed_.path("next")).value());
  bed_.open(config);
  AuditReport report = audited(bed_.repository(), anchored);
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(audit_text(report), HasSubstr("key-unproven"));
}

}  // namespace
}  // namespace autonomous::store
