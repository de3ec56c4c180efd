#include "gitops/base/text.h"

#include <gtest/gtest.h>

#include <utility>

namespace autonomous {
namespace {

template <class Text>
concept Splits = requires(Text&& text) { split(std::forward<Text>(text), '/'); };
static_assert(Splits<std::string&> && Splits<const std::string&> && Splits<std::string_view> && Splits<const char*>);
static_assert(!Splits<std::string>, "its parts would be views into what is gone");

TEST(Nearest, FindsTyposOnly) {
  std::vector<std::string> known = {"port", "paths", "image", "environments"};
  EXPECT_EQ(nearest("prot", known), "port");
  EXPECT_EQ(nearest("Image", known), "image");
  EXPECT_EQ(nearest("enviroments", known), "environments");
  EXPECT_EQ(nearest("banana", known), "");
}

TEST(OneLine, TakesControlCharactersOut) {
  EXPECT_EQ(one_line("a\nb\x1b[31mc"), "a b [31mc");
  EXPECT_EQ(one_line("\xc2\x9b"), " ");  // C1 control
  EXPECT_EQ(one_line("gr\xc3\xbc\xc3\x9f"), "grüß");
  EXPECT_EQ(one_line("\xff\xfe"), "  ");
  EXPECT_EQ(one_line("äöü", 4), "äö…");
}

TEST(Utf8, RefusesOverlongAndSurrogates) {
  EXPECT_TRUE(is_utf8("grüße 🎉"));
  for (const char* text : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) EXPECT_FALSE(is_utf8(text));
}

TEST(Shorten, LeavesTheMiddleOut) {
  EXPECT_EQ(shorten("short", 10), "short");
  EXPECT_EQ(shorten("0123456789abcdef", 8), "0123 … cdef");
  EXPECT_TRUE(is_utf8(shorten("äöüäöüäöüäöüäöü", 9)));
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a//b/", '/'), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", '/').size(), 1u);
}

}  // namespace
}  // namespace autonomous
