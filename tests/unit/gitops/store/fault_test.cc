// An end at each step's boundary, and a start after it: each acknowledged release is there exactly once.
#include <gtest/gtest.h>

#include "bed.h"
#include "gitops/store/journal.h"

namespace autonomous::store {
namespace {

class Faults : public ::testing::TestWithParam<Point> {
 protected:
  RecordConfig breaking(Point where) {
    RecordConfig config = bed_.config();
    config.fault = [this, where](Point point) -> Result<void> {
      if (point == where && armed_) return fail(Code::kInternal, "killed");
      return ok();
    };
    return config;
  }
  std::string commits() { return bed_.git({"rev-list", "--count", "deploy"}); }
  Bed bed_;
  bool armed_ = true;
};

class FirstStart : public Faults {};

TEST_P(Faults, AReleaseIsMadeOnce) {
  bed_.open();
  Record& record = bed_.open(breaking(GetParam()));
  Draft draft = push_draft(record, kWeb, "1");
  auto cut = record.commit(Ctx{}, batch_of({draft}));
  ASSERT_FALSE(cut);  // nothing was acknowledged
  bool moved = GetParam() == Point::kRefsMoved || GetParam() == Point::kTagsPushed;

  bed_.open();
  TargetPtr web = bed_.record().state()->find(kWeb);
  EXPECT_EQ(web != nullptr, moved);
  EXPECT_EQ(commits(), moved ? "2\n" : "1\n");
  EXPECT_EQ(bed_.git({"tag"}), moved ? "release/local/shop/web/1\n" : "");
  // The pipeline computes again what it did not see arrive: the same draft.
  auto again = bed_.record().commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(again) << again.error().text();
  if (moved) {
    EXPECT_EQ(std::get<Duplicate>(again->drafts[0]).number, 1u);
  } else {
    EXPECT_EQ(std::get<Released>(again->drafts[0]).number, 1u);
  }
  EXPECT_EQ(commits(), "2\n");
  EXPECT_EQ(bed_.git({"tag"}), "release/local/shop/web/1\n");
  bed_.expect_sound(true);
}

TEST_P(Faults, TheSameRecordGoesOnAfterwards) {
  bed_.open();
  Record& record = bed_.open(breaking(GetParam()));
  Draft draft = push_draft(record, kWeb, "1");
  ASSERT_FALSE(record.commit(Ctx{}, batch_of({draft})));
  armed_ = false;
  auto again = record.commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(std::holds_alternative<Released>(again->drafts[0]) ||
              std::holds_alternative<Duplicate>(again->drafts[0]));
  EXPECT_EQ(release(record, kDb, "1"), 1u);
  EXPECT_EQ(commits(), "3\n");
  EXPECT_EQ(bed_.git({"tag"}), "release/local/shop/db/1\nrelease/local/shop/web/1\n");
}

TEST_P(FirstStart, IsRepeated) {
  EXPECT_FALSE(Record::open(Ctx{}, breaking(GetParam()), bed_.clock()));
  bed_.open();
  EXPECT_EQ(release(bed_.record(), kWeb, "1"), 1u);
  EXPECT_EQ(bed_.git({"rev-list", "--count", "main"}), "1\n");
}

TEST_P(Faults, AnAdoptionIsMadeOnce) {
  bed_.open();
  release(bed_.record(), kWeb, "1");
  release(bed_.record(), kWeb, "2");
  std::string clone = bed_.clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, clone);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, clone);
  EXPECT_FALSE(bed_.open(breaking(GetParam())).sync(Ctx{}));
  ASSERT_TRUE(bed_.open().sync(Ctx{}));
  TargetPtr web = bed_.record().state()->find(kWeb);
  EXPECT_EQ(web->last_number, 3u);
  EXPECT_TRUE(web->hold);
  EXPECT_EQ(commits(), "5\n");
  EXPECT_EQ(bed_.git({"tag", "-l", "*/3"}), "release/local/shop/web/3\n");
}

INSTANTIATE_TEST_SUITE_P(Points, FirstStart, ::testing::Values(Point::kObjectsWritten, Point::kJournalWritten));
INSTANTIATE_TEST_SUITE_P(Points, Faults,
                         ::testing::Values(Point::kObjectsWritten, Point::kJournalWritten, Point::kRefsMoved,
                                           Point::kTagsPushed));

TEST(Journal, KeepsWhatIsInFlight) {
  TempFolder folder = TempFolder::make().value();
  Journal journal = Journal::open(folder.path(), "a/b").value();
  EXPECT_FALSE(journal.read().value());
  git::Oid oid = git::Oid::parse(std::string(40, 'a')).value();
  Flight flight{{{"refs/heads/deploy", git::Oid(), oid}}, {"release/a/b/c/1"}};
  ASSERT_TRUE(journal.write(flight));
  EXPECT_EQ(*Journal::open(folder.path(), "a/b").value().read().value(), flight);
  ASSERT_TRUE(journal.clear());
  ASSERT_TRUE(journal.clear());
  EXPECT_FALSE(journal.read().value());
  EXPECT_FALSE(journal.known());
  ASSERT_TRUE(journal.remember({oid, git::Oid(), oid}));
  EXPECT_EQ(*journal.known(), (Tips{oid, git::Oid(), oid}));
  ASSERT_TRUE(write_file(folder.path() + "/a-b.tips.json", "{torn"));
  EXPECT_FALSE(journal.known());
  ASSERT_TRUE(write_file(folder.path() + "/a-b.flight.json", "{torn"));
  EXPECT_EQ(journal.read().error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace autonomous::store
