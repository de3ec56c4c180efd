#include "gitops/store/targets.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "gitops/store/state.h"

namespace autonomous::store {
namespace {

TargetPtr state(uint32_t number) {
  auto made = std::make_shared<TargetState>();
  made->last_number = number;
  return made;
}

std::map<model::Target, uint32_t> numbers(const Targets& targets) {
  std::map<model::Target, uint32_t> out;
  const model::Target* last = nullptr;
  for (const auto& [target, each] : targets) {
    EXPECT_TRUE(last == nullptr || *last < target) << target.str();
    last = &target;
    out[target] = each->last_number;
  }
  EXPECT_EQ(out.size(), targets.size());
  return out;
}

TEST(TargetsTest, AreAMapWhoseCopiesStayAsTheyWere) {
  std::mt19937 random(7);
  Targets targets;
  std::map<model::Target, uint32_t> expected;
  std::vector<std::pair<Targets, std::map<model::Target, uint32_t>>> copies;
  for (uint32_t i = 0; i < 3000; ++i) {
    model::Target target{i % 3 == 0 ? "dev" : "production", "p" + std::to_string(random() % 40),
                         "a" + std::to_string(random() % 40)};
    targets[target] = state(i);
    expected[target] = i;
    if (i % 500 == 0) copies.emplace_back(targets, expected);
  }
  EXPECT_EQ(numbers(targets), expected);
  for (const auto& [copy, then] : copies) EXPECT_EQ(numbers(copy), then);
  for (const auto& [target, number] : expected) {
    ASSERT_NE(targets.find(target), targets.end());
    EXPECT_EQ(targets.find(target)->second->last_number, number);
  }
  EXPECT_EQ(targets.find({"production", "p1", "b"}), targets.end());
  EXPECT_EQ(targets.lower_bound({"e", "", ""})->first.environment, "production");
  EXPECT_EQ(targets.lower_bound({"z", "", ""}), targets.end());
}

TEST(TargetsTest, MayBeEmptyAndMayBeFilledInOrder) {
  Targets targets;
  EXPECT_TRUE(targets.empty());
  EXPECT_EQ(targets.begin(), targets.end());
  EXPECT_EQ(targets.find({"a", "b", "c"}), targets.end());
  std::map<model::Target, uint32_t> expected;
  for (uint32_t i = 0; i < 1000; ++i) {
    model::Target target{"dev", "p", "a" + std::to_string(1000 + i)};
    targets[target] = state(i);
    expected[target] = i;
  }
  EXPECT_EQ(numbers(targets), expected);
}

}  // namespace
}  // namespace autonomous::store
