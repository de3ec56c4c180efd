// Release tags of a remote: they travel after the branches, are refused, are cut, and come all the same.
#include "auditing.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

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
  AuditReport report = audited(clone());
  EXPECT_TRUE(report.ok()) << audit_text(report);
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
  AuditReport report = audited(clone());
  EXPECT_TRUE(report.ok()) << audit_text(report);
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

}  // namespace
}  // namespace autonomous::store
