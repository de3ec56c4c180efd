// An end at each step's boundary, and a start after it: each acknowledged release is there exactly once.
#include <gtest/gtest.h>

#include <sys/stat.h>

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
  for (const char* file : {"/a-b.flight.json", "/a-b.flight-2.json"}) {
    ASSERT_TRUE(journal.write(flight));
    ASSERT_TRUE(write_file(folder.path() + file, "{broken\nend\n"));
    EXPECT_EQ(Journal::open(folder.path(), "a/b").value().read().error().code(), Code::kCorrupt);
    ASSERT_TRUE(write_file(folder.path() + file, ""));
  }
}

// Whatever a cut leaves of one, the one before stands: its tags may still be to be made.
TEST(Journal, AHalfOfTheNextLeavesTheOneBefore) {
  git::Oid oid = git::Oid::parse(std::string(40, 'a')).value();
  Flight before{{{"refs/heads/deploy", git::Oid(), oid}}, {"release/a/b/c/1"}};
  Flight after{{{"refs/heads/deploy", oid, git::Oid::parse(std::string(40, 'b')).value()}}, {}};
  for (bool first : {true, false}) {  // of the two files that take turns
    TempFolder folder = TempFolder::make().value();
    auto reopened = [&] { return Journal::open(folder.path(), "a").value(); };
    Journal journal = reopened();
    if (first) {
      ASSERT_TRUE(journal.write(after));
    }
    ASSERT_TRUE(journal.write(before));
    ASSERT_TRUE(journal.write(after));
    EXPECT_EQ(*reopened().read().value(), after);
    std::string file = folder.path() + (first ? "/a.flight.json" : "/a.flight-2.json");
    std::string whole = read_file(file).value();
    size_t text = whole.rfind('}') + 1, mark = whole.rfind("end\n");  // between them is filling
    for (size_t size = 0; size < whole.size(); ++size) {
      ASSERT_TRUE(write_file(file, std::string_view(whole).substr(0, size)));
      auto found = reopened().read();
      ASSERT_TRUE(found) << size << found.error().text();
      EXPECT_EQ(found->value(), size >= text && size <= mark ? after : before) << size;
    }
    ASSERT_TRUE(write_file(file, std::string_view(whole).substr(0, text / 2)));
    Journal again = reopened();  // goes on in the place of the torn one
    ASSERT_TRUE(again.write(after));
    EXPECT_EQ(read_file(file).value().size(), whole.size());
    EXPECT_EQ(*reopened().read().value(), after);
    ASSERT_TRUE(again.clear());
    EXPECT_FALSE(reopened().read().value());
  }
}

// What fits into a sector, which a disk writes whole or not at all, goes over the one before; what does not never
// stands before the rest of something longer.
TEST(Journal, WritesOverItselfInPlace) {
  TempFolder folder = TempFolder::make().value();
  Journal journal = Journal::open(folder.path(), "a").value();
  git::Oid oid = git::Oid::parse(std::string(40, 'a')).value();
  Flight small{{{"refs/heads/deploy", git::Oid(), oid}}, {"release/a/b/c/1"}};
  Flight large = small;
  for (int i = 2; i < 100; ++i) large.tags.push_back("release/a/b/c/" + std::to_string(i));
  auto inode = [&](const std::string& file) {
    struct stat info {};
    EXPECT_EQ(::stat((folder.path() + file).c_str(), &info), 0);
    return info.st_ino;
  };
  ASSERT_TRUE(journal.write(small));
  ASSERT_TRUE(journal.clear());
  auto first = inode("/a.flight.json"), second = inode("/a.flight-2.json");
  for (const Flight& flight : {small, large, small, small, large, large, small}) {
    ASSERT_TRUE(journal.write(flight));
    EXPECT_EQ(*Journal::open(folder.path(), "a").value().read().value(), flight);
    ASSERT_TRUE(journal.clear());
    EXPECT_FALSE(Journal::open(folder.path(), "a").value().read().value());
  }
  EXPECT_EQ(inode("/a.flight.json"), first);
  EXPECT_EQ(inode("/a.flight-2.json"), second);
  EXPECT_EQ(read_file(folder.path() + "/a.flight.json").value().size(), 512u);
  EXPECT_EQ(read_file(folder.path() + "/a.flight-2.json").value().size(), 512u);
}

}  // namespace
}  // namespace autonomous::store
