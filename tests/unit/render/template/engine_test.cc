// What the engine does beyond single templates: sets, limits, depth, fuel, sharing.
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

Value function_include(Context& cx, Args args) { return cx.include(args[0].string(), args[1]); }
Value function_tpl(Context& cx, Args args) { return cx.tpl(args[0].string(), args[1]); }
Value function_fail(Context& cx, Args args) { return cx.fail(args[0].string()); }

constexpr Function kHooks[] = {
    {"include", params(Type::kString, Type::kInterface), function_include},
    {"tpl", params(Type::kString, Type::kInterface), function_tpl},
    {"fail", params(Type::kString), function_fail},
};

const Library& library() {
  static const Library* made = [] {
    auto* l = new Library();
    l->add(kHooks);
    return l;
  }();
  return *made;
}

testing::Answer render(const std::string& text, const Limits& limits = {}) {
  return testing::render_text(library(), text, nlohmann::json::object(), {}, limits);
}

TEST(TemplateEngine, NestsAHundredThousandTemplatesAndNoMore) {
  testing::Answer answer = render(R"({{define "r"}}{{template "r"}}{{end}}{{template "r"}})");
#ifdef __SANITIZE_ADDRESS__
  EXPECT_NE(answer.error.find("templates are nested too deeply"), std::string::npos);  // its frames are much larger
  return;
#endif
  EXPECT_EQ(answer.error,
            "template: test:1:25: executing \"r\" at <{{template \"r\"}}>: exceeded maximum template depth (100000)");
}

TEST(TemplateEngine, NestsAThousandIncludesOfOneName) {
  testing::Answer answer = render(R"({{define "r"}}{{include "r" .}}{{end}}{{include "r" .}})");
  EXPECT_NE(answer.error.find("error calling include: rendering template has a nested reference name: r: unable to "
                              "execute template"),
            std::string::npos);
  EXPECT_TRUE(answer.error.starts_with(
      "template: test:1:40: executing \"test\" at <include \"r\" .>: error calling include: template: test:1:16: "
      "executing \"r\" at <include \"r\" .>: error calling include: template: test:1:16: executing \"r\" a"))
      << answer.error.substr(0, 300);
}

TEST(TemplateEngine, StopsWhenTheFuelIsUsedUp) {
  testing::Answer answer = render("{{range 1000000000}}{{end}}", {.fuel = 1000});
  EXPECT_EQ(answer.error, "template: test:1:20: executing \"test\" at <>: the render's limit of 1000 steps is used up");
}

TEST(TemplateEngine, StopsAtTheOutputLimit) {
  testing::Answer answer = render("{{range 1000000}}xxxxxxxxxx{{end}}", {.output = 1000});
  EXPECT_NE(answer.error.find("output is larger than the limit of 1000 bytes"), std::string::npos);
}

TEST(TemplateEngine, StopsAtTheArenaLimit) {
  TemplateSet set(library());
  ASSERT_TRUE(set.parse("test", R"({{range 100000}}{{$x := printf "%1000d" 1}}{{end}})"));
  Arena arena(1 << 20);
  Options options;
  Execution execution(set, arena, options);
  EXPECT_FALSE(execution.run("test", Value::nil()));
  EXPECT_TRUE(execution.failure().limit());
  EXPECT_NE(execution.failure().text().find("memory limit"), std::string::npos);
}

TEST(TemplateEngine, LaterDefinitionsReplaceEarlierUnlessEmpty) {
  TemplateSet set(library());
  ASSERT_TRUE(set.parse("a", R"({{define "x"}}first{{end}})"));
  ASSERT_TRUE(set.parse("b", R"({{define "x"}}second{{end}})"));
  ASSERT_TRUE(set.parse("c", R"({{define "x"}} {{/* nothing */}} {{end}})"));
  ASSERT_TRUE(set.parse("d", R"({{template "x"}})"));
  Arena arena;
  Options options;
  Execution execution(set, arena, options);
  ASSERT_TRUE(execution.run("d", Value::nil()));
  EXPECT_EQ(execution.output(), "second");
}

TEST(TemplateEngine, NamesTheTemplateThatIsNotThere) {
  TemplateSet set(library());
  Arena arena;
  Options options;
  Execution execution(set, arena, options);
  EXPECT_FALSE(execution.run("nope", Value::nil()));
  EXPECT_EQ(execution.failure().text(), "template: no template \"nope\" associated with template \"gotpl\"");
  EXPECT_FALSE(execution.failure().executing());
}

TEST(TemplateEngine, KeepsEachLinkOfTheErrorChain) {
  TemplateSet set(library());
  ASSERT_TRUE(set.parse("p", R"({{define "d"}}{{fail "boom"}}{{end}})"));
  ASSERT_TRUE(set.parse("t", R"({{include "d" .}})"));
  Arena arena;
  Options options;
  Execution execution(set, arena, options);
  ASSERT_FALSE(execution.run("t", Value::nil()));
  std::string text = execution.failure().text();
  std::vector<std::string> links;
  for (size_t start : execution.failure().links()) links.push_back(text.substr(start));
  EXPECT_EQ(links,
            (std::vector<std::string>{
                "template: t:1:2: executing \"t\" at <include \"d\" .>: error calling include: template: p:1:16: "
                "executing \"d\" at <fail \"boom\">: error calling fail: boom",
                "template: p:1:16: executing \"d\" at <fail \"boom\">: error calling fail: boom", "boom"}));
  EXPECT_TRUE(execution.failure().executing());
}

TEST(TemplateEngine, GoesOnAfterAFailedRun) {
  TemplateSet set(library());
  ASSERT_TRUE(set.parse("bad", R"({{$x := 1}}{{with 3}}{{fail "boom"}}{{end}})"));
  ASSERT_TRUE(set.parse("good", "{{$y := 2}}{{$y}}"));
  Arena arena;
  Options options;
  Execution execution(set, arena, options);
  EXPECT_FALSE(execution.run("bad", Value::nil()));
  ASSERT_TRUE(execution.run("good", Value::nil()));
  EXPECT_EQ(execution.output(), "2");
}

TEST(TemplateEngine, RefusesFilesThatNestTooDeeply) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "{{if 1}}";
  EXPECT_EQ(render(text).error, "template: test:1: max nesting depth exceeded");
}

TEST(TemplateEngine, SurvivesParenthesesUpToGosLimit) {
  std::string text = "{{" + std::string(10'001, '(') + "1" + std::string(10'001, ')') + "}}";
  EXPECT_EQ(render(text).error, "template: test:1: max expression depth exceeded");
  text = "{{" + std::string(9'999, '(') + "1" + std::string(9'999, ')') + "}}";
  EXPECT_EQ(render(text).output, "1");
}

}  // namespace
}  // namespace autonomous::render
