#include "render/template/value.h"
#include "render/template/engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "render/template/format.h"

namespace autonomous::render {
namespace {

std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map.entries()) keys.emplace_back(entry.key.text());
  return keys;
}

TEST(ValueMap, KeepsKeysSortedWhateverTheOrderOfWriting) {
  Arena arena;
  Map* map = Map::make(arena);
  for (const char* key : {"b", "a10", "_", "a2", "Z", ""}) map->set(key, Value::of(key));
  EXPECT_EQ(keys_of(*map), (std::vector<std::string>{"", "Z", "_", "a10", "a2", "b"}));
}

TEST(ValueMap, FindsKeysBelowAndBeyondTheScannedSize) {
  Arena arena;
  Map* map = Map::make(arena);
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) names.push_back("key" + std::to_string(i * 7919 % 1000));
  for (size_t i = 0; i < names.size(); ++i) map->set(names[i], Value::of_int(static_cast<int64_t>(i)));
  for (size_t i = 0; i < names.size(); ++i) {
    ASSERT_NE(map->find(names[i]), nullptr) << names[i];
    EXPECT_EQ(map->find(names[i])->integer(), static_cast<int64_t>(i));
  }
  EXPECT_EQ(map->find("key1001"), nullptr);
}

TEST(ValueMap, OverwritesAndErases) {
  Arena arena;
  Map* map = Map::make(arena);
  map->set("a", Value::of_int(1));
  map->set("a", Value::of_int(2));
  EXPECT_EQ(map->size(), 1U);
  EXPECT_EQ(map->get("a").integer(), 2);
  EXPECT_TRUE(map->erase("a"));
  EXPECT_FALSE(map->erase("a"));
  EXPECT_TRUE(map->empty());
}

TEST(ValueMap, SortsAppendedEntriesAndTheLastDuplicateWins) {
  Arena arena;
  Map* map = Map::make(arena);
  map->append(Key("b"), Value::of_int(1));
  map->append(Key("a"), Value::of_int(2));
  map->append(Key("b"), Value::of_int(3));
  map->sort();
  EXPECT_EQ(keys_of(*map), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(map->get("b").integer(), 3);
}

TEST(ValueMap, ASnapshotDoesNotSeeLaterWrites) {
  Arena arena;
  Map* map = Map::make(arena);
  map->set("a", Value::of_int(1));
  map->set("b", Value::of_int(2));
  {
    Map::Snapshot snapshot(map);
    map->set("a", Value::of_int(10));
    map->erase("b");
    map->set("c", Value::of_int(3));
    ASSERT_EQ(snapshot.entries().size(), 2U);
    EXPECT_EQ(snapshot.entries()[0].value.integer(), 1);
    EXPECT_EQ(snapshot.entries()[1].key.text(), "b");
  }
  EXPECT_EQ(keys_of(*map), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(map->get("a").integer(), 10);
}

TEST(ValueCopy, IsDeepAndKeepsTypes) {
  Arena arena;
  Map* inner = Map::make(arena);
  inner->set("x", Value::of_int(1));
  Map* outer = Map::make(arena);
  outer->set("inner", Value::of(inner));
  Value copy = deep_copy(arena, Value::of(outer, Type::kValues4));
  inner->set("x", Value::of_int(2));
  EXPECT_EQ(copy.type(), Type::kValues4);
  EXPECT_EQ(copy.map()->get("inner").map()->get("x").integer(), 1);
}

TEST(ValueEquality, ComparesTypesToo) {
  uint64_t steps = 3;
  EXPECT_TRUE(deep_equal(Value::of_int(1), Value::of_int(1), steps));
  EXPECT_FALSE(deep_equal(Value::of_int(1), Value::of_int64(1), steps));
  EXPECT_FALSE(deep_equal(Value::of_int(1), Value::of(1.0), steps));
  EXPECT_EQ(steps, 0u);
  EXPECT_FALSE(deep_equal(Value::of_int(1), Value::of_int(1), steps)) << "nothing is looked at without steps";
}

TEST(ValueEquality, EndsWhereMapsContainThemselves) {
  Arena arena;
  Map* a = Map::make(arena);
  Map* b = Map::make(arena);
  a->set("self", Value::of(a));
  b->set("self", Value::of(b));
  uint64_t steps = UINT64_MAX;
  on_large_stack([&] { EXPECT_TRUE(deep_equal(Value::of(a), Value::of(b), steps)); });
  b->set("other", Value::nil());
  EXPECT_FALSE(deep_equal(Value::of(a), Value::of(b), steps));
}

TEST(ArenaLimit, IsAnExceptionOfItsOwn) {
  Arena arena(1 << 20);
  EXPECT_NO_THROW(arena.allocate(1000));
  EXPECT_THROW(arena.allocate(2 << 20), ArenaFull);
}

TEST(ArenaReuse, KeepsOneBlock) {
  Arena arena;
  for (int i = 0; i < 100; ++i) arena.allocate(100'000);
  size_t before = arena.used();
  arena.reset();
  EXPECT_LT(arena.used(), before);
  EXPECT_GT(arena.used(), 0U);
  EXPECT_EQ(arena.copy("text"), "text");
}

TEST(FormatFloat, WritesAsStrconvDoes) {
  struct Case {
    double value;
    char format;
    int precision;
    const char* text;
  };
  for (const Case& c :
       {Case{1e6, 'g', -1, "1e+06"}, Case{123456, 'g', -1, "123456"}, Case{0.0001, 'g', -1, "0.0001"},
        Case{0.00001, 'g', -1, "1e-05"}, Case{1e21, 'f', -1, "1000000000000000000000"}, Case{2.5, 'f', 0, "2"},
        Case{3.5, 'f', 0, "4"}, Case{-0.0, 'g', -1, "-0"}, Case{1, 'x', -1, "0x1p+00"},
        Case{1, 'b', -1, "4503599627370496p-52"}, Case{100, 'g', 2, "1e+02"}, Case{0.1, 'e', 3, "1.000e-01"}}) {
    std::string text;
    format_float(text, c.value, c.format, c.precision);
    EXPECT_EQ(text, c.text);
  }
}

}  // namespace
}  // namespace autonomous::render
