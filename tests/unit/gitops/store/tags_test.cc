// Release tags: put back where they went missing, and taken out beyond the window; the audit agrees.
#include "auditing.h"
#include "gitops/store/tag_window.h"

namespace autonomous::store {
namespace {

TEST_F(Audits, MissingAndMovedTagsAreFoundAndRepaired) {
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/1"});
  EXPECT_EQ(rules(run()), "tag-missing");
  auto repair = record().repair_tags(Ctx{}, {});
  ASSERT_TRUE(repair);
  EXPECT_EQ(repair->restored, std::vector<std::string>{"release/local/shop/web/1"});
  EXPECT_EQ(rules(run()), "");
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/1", "release/local/shop/web/2"});
  EXPECT_EQ(rules(run()), "tag-moved");
  bed_.git({"tag", "release/local/shop/web/99", "deploy"});
  Record::TagChoice dry;
  dry.dry_run = true;
  EXPECT_EQ(record().repair_tags(Ctx{}, dry)->moved_back, std::vector<std::string>{"release/local/shop/web/1"});
  EXPECT_NE(rules(run()), "") << "a dry run changes nothing";
  repair = record().repair_tags(Ctx{}, {});
  ASSERT_TRUE(repair) << repair.error().text();
  EXPECT_EQ(repair->moved_back, std::vector<std::string>{"release/local/shop/web/1"});
  EXPECT_EQ(repair->unknown, std::vector<std::string>{"release/local/shop/web/99"}) << "told, and left to a person";
  bed_.git({"tag", "-d", "release/local/shop/web/99"});
  EXPECT_EQ(rules(run()), "");
}

TEST_F(Audits, TagsBeyondTheWindowComeBackWhenTheyAreAskedFor) {
  for (const char* tag : {"web/1", "web/2", "db/1"})
    bed_.git({"update-ref", "-d", std::string("refs/tags/release/local/shop/") + tag});
  Record::TagChoice window;
  window.newest = 1;
  EXPECT_EQ(record().repair_tags(Ctx{}, window)->restored,
            (std::vector<std::string>{"release/local/shop/db/1", "release/local/shop/web/2"}))
      << "what is live, whatever its age";
  Record::TagChoice one;
  one.target = kWeb;
  one.number = 1;
  EXPECT_EQ(record().repair_tags(Ctx{}, one)->restored, std::vector<std::string>{"release/local/shop/web/1"});
  EXPECT_EQ(rules(run()), "");
}

TEST_F(Audits, OldTagsLeaveAndAreNoFinding) {
  RecordConfig config = bed_.config();
  config.tag_window = 3;  // what is live of two targets, and one more
  bed_.open(config);
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/1 web/2 ") << "there is room for all";
  EXPECT_EQ(told_tag_window(*record().state()), 0u) << "and nothing to say";
  release_well(kWeb, "3");
  release_well(kWeb, "4");
  EXPECT_EQ(tags(), "db/1 web/1 web/2 web/3 web/4 ") << "a release never waits for it";
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/3 web/4 ");
  EXPECT_EQ(told_tag_window(*record().state()), 3u);
  EXPECT_EQ(rules(run()), "") << audit_text(run());
  // A repair knows the window; who asks for all gets all, byte for byte.
  EXPECT_EQ(record().repair_tags(Ctx{}, {})->restored, std::vector<std::string>{});
  Record::TagChoice all;
  all.all = true;
  EXPECT_EQ(record().repair_tags(Ctx{}, all)->restored.size(), 2u);
  EXPECT_EQ(rules(run()), "");
  // Within the window, and of what is live, whatever its age, none may be missing.
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/3"});
  EXPECT_EQ(rules(run()), "tag-missing");
  ASSERT_TRUE(record().repair_tags(Ctx{}, {}));
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/db/1"});
  EXPECT_EQ(rules(run()), "tag-missing");
  ASSERT_TRUE(record().repair_tags(Ctx{}, {}));
  EXPECT_EQ(rules(run()), "");
}

TEST_F(Audits, AWiderWindowBringsNothingBackAndForgivesWhatLeftBefore) {
  RecordConfig config = bed_.config();
  config.tag_window = 2;
  bed_.open(config);
  release_well(kWeb, "3");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/3 ");
  config.tag_window = 4;
  bed_.open(config);
  for (const char* version : {"4", "5", "6"}) release_well(kWeb, version);
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/4 web/5 web/6 ");
  EXPECT_EQ(told_tag_window(*record().state()), 4u);
  EXPECT_EQ(rules(run()), "");
  config.tag_window = 0;
  bed_.open(config);
  release_well(kWeb, "7");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/4 web/5 web/6 web/7 ") << "none leaves any more";
  EXPECT_EQ(rules(run()), "");
}

TEST_F(Audits, ATagThatIsNotAsTheLedgerSaysDoesNotLeave) {
  RecordConfig config = bed_.config();
  config.tag_window = 2;
  bed_.open(config);
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/1", "release/local/shop/web/2"});
  bed_.git({"tag", "release/local/shop/web/99", "deploy"});
  release_well(kWeb, "3");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(tags(), "db/1 web/1 web/3 web/99 ") << "somebody has to see them";
  EXPECT_EQ(rules(run()), "tag-moved tag-unknown");
}

}  // namespace
}  // namespace autonomous::store
