#include "daemon/pipeline/config_commit.h"

#include <gtest/gtest.h>

#include "gitops/base/file.h"

namespace autonomous::daemon {
namespace {

class ConfigChangesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempFolder::make();
    ASSERT_TRUE(folder);
    folder_ = std::make_unique<TempFolder>(std::move(*folder));
    auto made = git::Repository::init_bare(folder_->path() + "/gitops.git");
    ASSERT_TRUE(made) << made.error().text();
    repository_ = std::make_unique<git::Repository>(std::move(*made));
  }

  git::Oid commit(const std::string& who, const std::map<std::string, std::string>& files,
                  const std::vector<git::Oid>& parents) {
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : files) updates.push_back({path, *repository_->write_blob(content)});
    git::Oid tree = *repository_->update_tree(git::Oid(), updates);
    git::Person person{who, who + "@example.com", 1'700'000'000 + ++count_, 0};
    return *repository_->write_commit({tree, parents, person, person, who + " changes it\n"});
  }

  std::vector<std::string> told(const git::Oid& before, const git::Oid& now) {
    std::vector<std::string> out;
    for (const ConfigChange& change : config_changes(*repository_, before, now, {kOverlay, "platform.yaml"}))
      out.push_back(change.author.name + " " + change.file + ": " + change.subject);
    return out;
  }

  static constexpr const char* kOverlay = "config/local/shop/web.yaml";
  std::unique_ptr<TempFolder> folder_;
  std::unique_ptr<git::Repository> repository_;
  int count_ = 0;
};

using Told = std::vector<std::string>;

TEST_F(ConfigChangesTest, NamesWhoChangedWhatDiffersAndNobodyElse) {
  git::Oid first = commit("ann", {{"platform.yaml", "1"}, {"other", "1"}}, {});
  git::Oid overlay = commit("olaf", {{"platform.yaml", "1"}, {"other", "1"}, {kOverlay, "1"}}, {first});
  git::Oid other = commit("eve", {{"platform.yaml", "1"}, {"other", "2"}, {kOverlay, "1"}}, {overlay});
  EXPECT_EQ(told(first, other), Told{"olaf config/local/shop/web.yaml: olaf changes it"});
  EXPECT_EQ(told(overlay, other), Told());
  git::Oid both = commit("paul", {{"platform.yaml", "2"}, {kOverlay, "1"}}, {other});
  EXPECT_EQ(told(first, both),
            (Told{"olaf config/local/shop/web.yaml: olaf changes it", "paul platform.yaml: paul changes it"}));
  git::Oid gone = commit("rita", {{"platform.yaml", "2"}}, {both});
  EXPECT_EQ(told(both, gone), Told{"rita config/local/shop/web.yaml: rita changes it"}) << "taking away is a change";
  EXPECT_EQ(told(git::Oid(), first), Told{"ann platform.yaml: ann changes it"}) << "of something new: all of it";
}

TEST_F(ConfigChangesTest, APullRequestIsItsAuthorsNotThatOfWhoMergedIt) {
  git::Oid first = commit("ann", {{"platform.yaml", "1"}}, {});
  git::Oid branch = commit("olaf", {{"platform.yaml", "1"}, {kOverlay, "1"}}, {first});
  git::Oid meanwhile = commit("eve", {{"platform.yaml", "1"}, {"other", "1"}}, {first});
  git::Oid merge = commit("mona", {{"platform.yaml", "1"}, {"other", "1"}, {kOverlay, "1"}}, {meanwhile, branch});
  EXPECT_EQ(told(first, merge), Told{"olaf config/local/shop/web.yaml: olaf changes it"});
  git::Oid settled = commit("mona", {{"platform.yaml", "1"}, {kOverlay, "3"}}, {meanwhile, branch});
  EXPECT_EQ(told(first, settled), Told{"mona config/local/shop/web.yaml: mona changes it"}) << "she wrote it";
}

TEST_F(ConfigChangesTest, AFieldIsBlamedOnTheCommitThatWroteItsLine) {
  git::Oid first = commit("ann", {{kOverlay, "env:\n  LEVEL: one\n"}}, {});
  git::Oid second = commit("olaf", {{kOverlay, "env:\n  LEVEL: two\n"}}, {first});
  git::Oid third = commit("eve", {{kOverlay, "env:\n  MORE: yes\n  LEVEL: two\n"}}, {second});
  ASSERT_TRUE(repository_->flush());
  auto wrote = [&](uint32_t line) {
    auto found = repository_->commit_of_line(third, kOverlay, line);
    return found ? *found : git::Oid();
  };
  EXPECT_EQ(wrote(1), first);
  EXPECT_EQ(wrote(2), third);
  EXPECT_EQ(wrote(3), second);
  EXPECT_FALSE(repository_->commit_of_line(third, kOverlay, 9));
  EXPECT_FALSE(repository_->commit_of_line(third, "config/none.yaml", 1));
}

}  // namespace
}  // namespace autonomous::daemon
