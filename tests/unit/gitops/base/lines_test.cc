#include "gitops/base/lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace autonomous {
namespace {

TEST(Lines, AreCutWhereverThePiecesEnd) {
  std::vector<std::string> lines;
  LineReader reader([&](std::string_view line) { return lines.emplace_back(line), true; });
  for (const char* piece : {"one\ntw", "", "o\r", "\n\nthr", "ee"}) EXPECT_TRUE(reader.feed(piece));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", ""}));
  EXPECT_TRUE(reader.feed("\n"));
  EXPECT_EQ(lines.back(), "three");
}

TEST(Lines, StopWhenTheReaderHasEnough) {
  int seen = 0;
  LineReader reader([&](std::string_view) { return ++seen < 2; });
  EXPECT_FALSE(reader.feed("a\nb\nc\n"));
  EXPECT_EQ(seen, 2);
  EXPECT_FALSE(reader.too_long());
}

TEST(Lines, HaveALimit) {
  LineReader reader([](std::string_view) { return true; }, 4);
  EXPECT_TRUE(reader.feed("1234\n12"));
  EXPECT_FALSE(reader.feed("345"));
  EXPECT_TRUE(reader.too_long());
}

}  // namespace
}  // namespace autonomous
