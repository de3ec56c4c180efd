#include "gitops/store/owed_tags.h"

#include <gtest/gtest.h>

namespace autonomous::store {
namespace {

Tag tag(const std::string& name) { return {name, git::Oid()}; }

std::vector<std::string> names(const std::vector<Tag>& tags) {
  std::vector<std::string> out;
  for (const Tag& one : tags) out.push_back(one.first);
  return out;
}

using Names = std::vector<std::string>;

TEST(OwedTagsTest, NewOnesGoAtOnceAndAreForgottenWhenTheyAreMade) {
  OwedTags owed;
  EXPECT_TRUE(owed.next().empty());
  owed.add(tag("a"));
  owed.add(tag("b"));
  owed.take_back(1);
  EXPECT_EQ(names(owed.next()), Names{"a"});
  EXPECT_TRUE(owed.done({}).empty());
  EXPECT_TRUE(owed.empty());
}

TEST(OwedTagsTest, WhatDidNotGetThroughIsTriedLessAndLessOften) {
  OwedTags owed;
  owed.add(tag("a"));
  std::string tries;
  for (int look = 1; look <= 20; ++look) {
    bool tried = !owed.next().empty();
    if (tried) {
      EXPECT_TRUE(owed.lost());
    }
    tries += tried ? 'x' : '.';
  }
  EXPECT_EQ(tries, "xxxxx....x....x....x");
}

TEST(OwedTagsTest, WhatIsRefusedIsOfferedLessAndLessOftenAndToldOnce) {
  OwedTags owed;
  owed.add(tag("a"));
  owed.add(tag("b"));
  ASSERT_EQ(owed.next().size(), 2U);
  EXPECT_EQ(owed.done({{"a", "protected"}}).at(0).why, "protected");
  EXPECT_EQ(owed.names(), Names{"a"});
  EXPECT_TRUE(owed.knows("a"));
  std::string tries;
  for (int look = 1; look <= 30; ++look) {
    bool tried = !owed.next().empty();
    if (tried) {
      EXPECT_TRUE(owed.done({{"a", "protected"}}).empty()) << "no news";
    }
    tries += tried ? 'x' : '.';
  }
  EXPECT_EQ(tries, "...x.......x...............x..");
}

TEST(OwedTagsTest, NewOnesDoNotWaitForThoseThatWereRefused) {
  OwedTags owed;
  owed.add(tag("a"));
  ASSERT_EQ(owed.next().size(), 1U);
  owed.done({{"a", "protected"}});
  owed.add(tag("b"));
  EXPECT_EQ(owed.names(), (Names{"a", "b"}));
  EXPECT_EQ(names(owed.next()), Names{"b"});
  owed.done({});
  EXPECT_EQ(owed.names(), Names{"a"});
}

TEST(OwedTagsTest, TooManyThatNobodyTakesAreDropped) {
  OwedTags owed;
  for (int i = 0; i < 5001; ++i) owed.add(tag(std::to_string(i)));
  ASSERT_EQ(owed.next().size(), 5001U);
  EXPECT_FALSE(owed.lost());
  EXPECT_TRUE(owed.empty());
}

}  // namespace
}  // namespace autonomous::store
