#include "gitops/store/rewrite_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/base/file.h"

namespace autonomous::store {
namespace {

using ::testing::HasSubstr;

// Three commits, one after the other, and one beside them; all branches stand at the second of them.
class Guard : public ::testing::Test {
 protected:
  void SetUp() override {
    git::Oid tree = repository_.update_tree(git::Oid(), {}).value();
    first_ = commit(tree, {}, "first");
    second_ = commit(tree, {first_}, "second");
    third_ = commit(tree, {second_}, "third");
    other_ = commit(tree, {first_}, "other");
    ASSERT_TRUE(repository_.flush());
    known_ = {second_, second_, second_};
  }
  git::Oid commit(const git::Oid& tree, std::vector<git::Oid> parents, const std::string& message) {
    git::Person jane{"Jane Doe", "jane@example.com", 1'700'000'000, 0};
    return repository_.write_commit({tree, std::move(parents), jane, jane, message}).value();
  }
  std::string checked(const Tips& now) {
    Result<void> same = guard_.check(repository_, known_, now);
    EXPECT_EQ(guard_.stopped(), !same);
    return same ? "" : same.error().message();
  }

  TempFolder folder_ = TempFolder::make("guard").value();
  git::Repository repository_ = git::Repository::init_bare(folder_.path() + "/r.git").value();
  git::Oid first_, second_, third_, other_;
  Tips known_;
  RewriteGuard guard_{"deploy"};
};

TEST_F(Guard, BranchesMayStandStillAndGoOn) {
  EXPECT_EQ(checked(known_), "");
  EXPECT_EQ(checked({third_, third_, third_}), "");
  known_ = {};
  EXPECT_EQ(checked({first_, other_, third_}), "") << "nothing was known";
}

TEST_F(Guard, ARewrittenBranchIsNamed) {
  EXPECT_THAT(checked({other_, second_, second_}),
              HasSubstr("branch main was rewritten: " + other_.short_hex(12) + " does not descend from " +
                        second_.short_hex(12) + "; nothing is written until an operator accepts it"));
  guard_.end();
  EXPECT_THAT(checked({second_, first_, second_}), HasSubstr("branch deploy was rewritten"));
  guard_.end();
  EXPECT_THAT(checked({second_, second_, git::Oid()}),
              HasSubstr("branch autonomous/ledger/deploy was rewritten: it is gone"));
  EXPECT_EQ(guard_.error().code(), Code::kConflict);
  EXPECT_THAT(guard_.error().hint(), HasSubstr("--accept-rewrite"));
}

TEST_F(Guard, WhatWasKnownHasToComeBack) {
  EXPECT_FALSE(guard_.is_back(repository_, known_, {second_, first_, second_}));
  EXPECT_TRUE(guard_.is_back(repository_, known_, {second_, third_, second_}));
}

TEST_F(Guard, WhatWasGivenUpBeforeThatHasToComeBackToo) {
  EXPECT_EQ(guard_.deploy_before(known_), second_);
  guard_.give_up({second_, third_, second_});  // a start found that deploy was rewound
  EXPECT_EQ(guard_.deploy_before(known_), third_);
  EXPECT_FALSE(guard_.is_back(repository_, known_, known_));
  EXPECT_TRUE(guard_.is_back(repository_, known_, {second_, third_, second_}));
  guard_.end();
  EXPECT_TRUE(guard_.is_back(repository_, known_, known_));
}

TEST_F(Guard, APushThatSomebodyTookBackIsGivenUp) {
  guard_.stop_for({"refs/heads/autonomous/ledger/deploy", second_, third_});
  ASSERT_TRUE(guard_.stopped());
  EXPECT_THAT(guard_.error().message(), HasSubstr("branch autonomous/ledger/deploy was rewritten: " +
                                                  third_.short_hex(12) + ", which was pushed last, is not on it"));
  EXPECT_FALSE(guard_.is_back(repository_, known_, known_));
  EXPECT_TRUE(guard_.is_back(repository_, known_, {second_, second_, third_}));
  EXPECT_EQ(guard_.deploy_before(known_), second_) << "of the ledger only";
}

TEST_F(Guard, ALiftedStopStillKnowsWhatWasGivenUp) {
  guard_.stop_for({"refs/heads/deploy", second_, third_});
  EXPECT_THAT(guard_.lift(), HasSubstr("branch deploy was rewritten"));
  EXPECT_FALSE(guard_.stopped());
  EXPECT_FALSE(guard_.is_back(repository_, known_, known_));
}

}  // namespace
}  // namespace autonomous::store
