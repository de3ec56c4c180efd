#include "render/helm/strvals.h"

#include "tests/unit/render/helm/helper.h"

namespace autonomous::helm {
namespace {

std::string strvals(std::string_view text, SetKind kind = SetKind::kTyped, std::string_view before = "") {
  render::Arena arena;
  render::Map* values = *render::read_yaml_map(arena, before);
  if (values == nullptr) values = render::Map::make(arena);
  auto done = apply_set(arena, *values, kind, text, [](std::string_view path) -> Result<std::string> {
    if (path == "there") return std::string("content\n");
    return fail(Code::kNotFound, "open ", path, ": no such file or directory");
  });
  return done ? testing::yaml_of(render::Value::of(values)) : "Error: " + done.error().message();
}

TEST(Strvals, TypesAsHelmGuessesThem) {
  EXPECT_EQ(strvals("a=1,b=0123,c=1.5,d=TRUE,e=null,f=,g=0,h=-3"),
            "a: 1\nb: \"0123\"\nc: \"1.5\"\nd: true\ne: null\nf: \"\"\ng: 0\nh: -3\n");
  EXPECT_EQ(strvals("a=1,b=true", SetKind::kString), "a: \"1\"\nb: \"true\"\n");
}

TEST(Strvals, PathsListsAndEscapes) {
  EXPECT_EQ(strvals("a.b.c=1"), "a:\n  b:\n    c: 1\n");
  EXPECT_EQ(strvals("a={1,x,}"), "a:\n- 1\n- x\n- \"\"\n");
  EXPECT_EQ(strvals("a[2]=x"), "a:\n- null\n- null\n- x\n");
  EXPECT_EQ(strvals("a[0].b=1,a[1][0]=2"), "a:\n- b: 1\n- - 2\n");
  EXPECT_EQ(strvals(R"(a\.b=1\,2)"), "a.b: 1,2\n");
  EXPECT_EQ(strvals("a.c=2", SetKind::kTyped, "a: {b: 1}"), "a:\n  b: 1\n  c: 2\n");
}

TEST(Strvals, Errors) {
  EXPECT_EQ(strvals("a"), "Error: key \"a\" has no value");
  EXPECT_EQ(strvals("a,b=1"), "Error: key \"a\" has no value (cannot end with ,)");
  EXPECT_EQ(strvals("a[b]=1"), "Error: error parsing index: strconv.Atoi: parsing \"b\": invalid syntax");
  EXPECT_EQ(strvals("a[-1]=1"), "Error: negative -1 index not allowed");
  EXPECT_EQ(strvals("a[70000]=1"), "Error: index of 70000 is greater than maximum supported index of 65536");
  EXPECT_EQ(strvals("a={1,2"), "Error: list must terminate with '}'");
  EXPECT_EQ(strvals("a[0]b=1"), "Error: unexpected data at end of array index: ['b']");
  EXPECT_EQ(strvals("a.b=1", SetKind::kTyped, "a: text"),
            "Error: unable to parse key: interface conversion: interface {} is string, not map[string]interface {}");
  EXPECT_EQ(
      strvals("a[0]=1", SetKind::kTyped, "a: {b: 1}"),
      "Error: unable to parse key: interface conversion: interface {} is map[string]interface {}, not []interface {}");
}

TEST(Strvals, JsonFilesAndLiterals) {
  EXPECT_EQ(strvals(R"(a={"b": [1, 2.5, null]},c="x",d=)", SetKind::kJson),
            "a:\n  b:\n  - 1\n  - 2.5\n  - null\nc: x\nd: null\n");
  EXPECT_EQ(strvals("a={", SetKind::kJson).substr(0, 6), "Error:");
  EXPECT_EQ(strvals("a=there", SetKind::kFile), "a: |\n  content\n");
  EXPECT_EQ(strvals("a=gone", SetKind::kFile), "Error: open gone: no such file or directory");
  EXPECT_EQ(strvals(R"(a.b=x,y\{z})", SetKind::kLiteral), "a:\n  b: x,y\\{z}\n");
}

// CVE-2022-36055: a huge index must not allocate.
TEST(Strvals, DepthIsLimited) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "a.";
  EXPECT_EQ(strvals(deep + "b=1"),
            "Error: value name nested level is greater than maximum supported nested level of 30");
}

}  // namespace
}  // namespace autonomous::helm
