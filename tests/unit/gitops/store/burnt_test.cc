// Tags of others below release/: a number that one of them has is burnt, and said to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "bed.h"
#include "gitops/store/audit.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The same of a hosted repository and of a remote.
class Burnt : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (remote()) {
      ASSERT_TRUE(git::Repository::init_bare(bed_.path("remote.git")));
    }
    bed_.open(config());
    ASSERT_EQ(release(record(), kWeb, "1"), 1u);
  }
  bool record_moves_ = false;
  bool remote() const { return GetParam(); }
  std::string url() const { return remote() ? bed_.path("remote.git") : bed_.repository(); }
  RecordConfig config() {
    RecordConfig config = bed_.config();
    if (!remote()) return config;
    config.repository = bed_.path("mirror");
    config.remote = remote_on_disk(url());
    return config;
  }
  Record& record() { return bed_.record(); }
  TargetPtr web() { return record().state()->find(kWeb); }
  // A person's tag, on a commit of main.
  void foreign(const std::string& name) { bed_.git({"tag", name, "main"}, url()); }
  Released released(const Draft& draft) {
    auto done = record().commit(Ctx{}, batch_of({draft}));
    if (!done) ADD_FAILURE() << done.error().text();
    auto* released = done ? std::get_if<Released>(&done->drafts.at(0)) : nullptr;
    if (released == nullptr) ADD_FAILURE() << "it was not released";
    return released == nullptr ? Released{} : *released;
  }
  // The rules about numbers and tags that found something, notes too; and whatever is an error.
  std::set<std::string> rules() {
    Batch batch;
    for (const ReleaseRowPtr& row : web()->releases) {
      if (!row->outcome) batch.entries.push_back(outcome_of(kWeb, row->number));
    }
    EXPECT_TRUE(record().commit(Ctx{}, std::move(batch)));
    AuditOptions options;
    options.repository = bed_.path("auditor-" + std::to_string(clones_++));
    bed_.git({"clone", "-q", "-b", "deploy", url(), options.repository}, url());
    auto report = audit(Ctx{}, options);
    if (!report) ADD_FAILURE() << report.error().text();
    std::set<std::string> out;
    for (const Finding& finding : report ? report->findings : std::vector<Finding>{}) {
      bool error = finding.severity == Severity::kError;
      bool ours = finding.rule.starts_with("tag-") || finding.rule.starts_with("number-");
      if (error || ours) out.insert((error ? "error " : "") + finding.rule);
    }
    return out;
  }

  Bed bed_;
  int clones_ = 0;
};

TEST_P(Burnt, ANumberThatSomebodyElsesTagHasIsLeftOut) {
  foreign("release/local/shop/web/2");
  Released done = released(push_draft(record(), kWeb, "2"));
  EXPECT_EQ(done.number, 3u);
  EXPECT_THAT(done.burnt, ElementsAre(2u));
  EXPECT_THAT(bed_.git({"tag", "-l", "release/*"}, url()),
              "release/local/shop/web/1\nrelease/local/shop/web/2\nrelease/local/shop/web/3\n");
  EXPECT_EQ(bed_.git({"rev-parse", "release/local/shop/web/2^{commit}"}, url()), bed_.git({"rev-parse", "main"}, url()))
      << "it is left as it is";
  ASSERT_EQ(web()->said.size(), 1u);
  EXPECT_EQ(web()->said[0].entry.type, model::EntryType::kBurnt);
  EXPECT_EQ(web()->said[0].entry.number, 2u);
  EXPECT_THAT(web()->said[0].entry.reason, HasSubstr("release/local/shop/web/2"));
  EXPECT_FALSE(web()->find(2));
  EXPECT_EQ(rules(), (std::set<std::string>{"number-burnt", "tag-unknown"}));
  // It goes on from there, also for a daemon that knows nothing.
  bed_.open(config());
  EXPECT_EQ(web()->last_number, 3u);
  EXPECT_EQ(release(record(), kWeb, "3"), 4u);
  EXPECT_TRUE(record().refused_tags().empty());
}

TEST_P(Burnt, SoAreSeveralInARow) {
  for (const char* number : {"2", "3", "4", "6", "20"}) foreign("release/local/shop/web/" + std::string(number));
  foreign("release/local/shop/web/5x");
  Released done = released(push_draft(record(), kWeb, "2"));
  EXPECT_EQ(done.number, 5u);
  EXPECT_THAT(done.burnt, ElementsAre(2u, 3u, 4u));
  EXPECT_EQ(release(record(), kWeb, "3"), 7u);
  EXPECT_EQ(release(record(), kDb, "1"), 1u) << "others are not concerned";
}

TEST_P(Burnt, TooManyAreRefusedWithTheRemedy) {
  for (int number = 2; number < 80; ++number) foreign("release/local/shop/web/" + std::to_string(number));
  auto done = record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "2"), push_draft(record(), kDb, "1")}));
  ASSERT_TRUE(done) << done.error().text();
  ASSERT_TRUE(std::holds_alternative<Refused>(done->drafts[0]));
  EXPECT_THAT(std::get<Refused>(done->drafts[0]).words, HasSubstr("git push --delete"));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[1]));
  EXPECT_EQ(web()->last_number, 1u);
}

TEST_P(Burnt, ARevertOfAPersonGetsTheNextFreeNumberToo) {
  ASSERT_EQ(release(record(), kWeb, "2"), 2u);
  foreign("release/local/shop/web/3");
  std::string clone = bed_.path("person");
  bed_.git({"clone", "-q", "-b", "deploy", url(), clone}, url());
  bed_.git({"revert", "--no-edit", "HEAD"}, clone);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, clone);
  auto foreign = record().sync(Ctx{});
  ASSERT_TRUE(foreign) << foreign.error().text();
  ASSERT_EQ(foreign->changes.size(), 1u);
  EXPECT_EQ(foreign->changes[0].adopted_as, 4u);
  EXPECT_EQ(web()->live()->rollback_of, 1u);
  EXPECT_EQ(rules(), (std::set<std::string>{"number-burnt", "tag-unknown"}));
}

TEST_P(Burnt, ATagThatCameBetweenIsNamedWithWhatToDo) {
  RecordConfig config = this->config();
  config.fault = [&](Point point) -> Result<void> {
    if (point == Point::kRefsMoved && record_moves_) foreign("release/local/shop/web/2");
    return ok();
  };
  bed_.open(std::move(config));
  record_moves_ = true;
  Released done = released(push_draft(record(), kWeb, "2"));
  record_moves_ = false;
  EXPECT_EQ(done.number, 2u) << "the ledger had said so already";
  auto refused = record().refused_tags();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].first, "release/local/shop/web/2");
  EXPECT_FALSE(refused[0].second.empty());
  EXPECT_EQ(rules(), (std::set<std::string>{"error tag-moved"}));
  auto repaired = record().repair_tags(Ctx{}, {});
  ASSERT_TRUE(repaired) << repaired.error().text();
  EXPECT_THAT(repaired->moved_back, ElementsAre("release/local/shop/web/2"));
  for (int look = 0; look < 8; ++look) ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_TRUE(record().refused_tags().empty()) << "offered again, it is there";
  EXPECT_EQ(rules(), std::set<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Burnt, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Remote" : "Hosted"; });

}  // namespace
}  // namespace autonomous::store
