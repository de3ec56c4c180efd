#include "render/helm/ignore.h"

#include <gtest/gtest.h>

#include "render/helm/match.h"

namespace autonomous::helm {
namespace {

bool ignores(std::string_view rules, std::string_view path, bool folder = false) {
  auto parsed = IgnoreRules::parse(rules);
  return parsed && parsed->ignores(path, folder);
}

TEST(Ignore, HelmsRules) {
  EXPECT_TRUE(ignores("*.tmp", "a/b.tmp"));
  EXPECT_FALSE(ignores("*.tmp", "a/b.txt"));
  EXPECT_TRUE(ignores("/a.txt", "a.txt"));
  EXPECT_FALSE(ignores("/a.txt", "b/a.txt"));
  EXPECT_TRUE(ignores("a/*.txt", "a/b.txt"));
  EXPECT_FALSE(ignores("a/*.txt", "c/a/b.txt"));
  EXPECT_TRUE(ignores("docs/", "docs", true));
  EXPECT_FALSE(ignores("docs/", "docs", false));
  EXPECT_TRUE(ignores("", "templates/.hidden"));
  EXPECT_FALSE(ignores("# *.txt\n\n", "a.txt"));
}

// A negated rule ignores what it does not match: not what .gitignore does.
TEST(Ignore, NegationIsInverted) {
  EXPECT_TRUE(ignores("!keep.txt", "other.txt"));
  EXPECT_FALSE(ignores("!keep.txt", "keep.txt"));
}

TEST(Ignore, Errors) {
  EXPECT_EQ(IgnoreRules::parse("a/**/b").error().message(), "double-star (**) syntax is not supported");
  EXPECT_EQ(IgnoreRules::parse("[").error().message(), "syntax error in pattern");
}

TEST(Match, GoFilepathMatch) {
  EXPECT_TRUE(*path_match("a*", "abc"));
  EXPECT_FALSE(*path_match("a*", "ab/c"));
  EXPECT_TRUE(*path_match("a*/b", "abc/b"));
  EXPECT_TRUE(*path_match("[a-c]?", "bx"));
  EXPECT_FALSE(*path_match("[^a-c]", "b"));
  EXPECT_TRUE(*path_match("\\*", "*"));
  EXPECT_FALSE(path_match("[a", "a").has_value());
  EXPECT_FALSE(path_match("a\\", "a").has_value());
}

TEST(Match, GobwasGlobs) {
  auto matches = [](std::string_view glob, std::string_view name) { return Glob::compile(glob)->match(name); };
  EXPECT_TRUE(matches("config/*.yaml", "config/a.yaml"));
  EXPECT_FALSE(matches("config/*.yaml", "config/b/a.yaml"));
  EXPECT_TRUE(matches("config/**.yaml", "config/b/a.yaml"));
  EXPECT_TRUE(matches("{a,b/{c,d}}.txt", "b/d.txt"));
  EXPECT_TRUE(matches("[!x]?", "ab"));
  EXPECT_FALSE(Glob::compile("{a").has_value());
}

TEST(Match, PathsAsGoCleansThem) {
  EXPECT_EQ(clean_path("a//b/../c/./d/"), "a/c/d");
  EXPECT_EQ(clean_path("../a"), "../a");
  EXPECT_EQ(clean_path(""), ".");
  EXPECT_EQ(base_name("a/b/"), "b");
}

}  // namespace
}  // namespace autonomous::helm
