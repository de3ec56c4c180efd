#include "render/helm/work.h"

#include "tests/unit/render/helm/helper.h"

namespace autonomous::helm {
namespace {

using testing::chart_of;

// The merged values as YAML; `user` is what -f gave.
std::string merged(testing::Files files, std::string_view user, HelmVersion helm = HelmVersion::k4,
                   std::vector<std::string>* warnings = nullptr) {
  auto chart = chart_of(std::move(files), helm);
  render::Arena arena;
  Work work(arena, helm, warnings);
  WorkChart* root = work.add(*chart);
  auto given = render::read_yaml_map(arena, user);
  auto done = process_dependencies(work, *root, *given);
  if (!done) return "Error: " + done.error().message();
  auto values = coalesce_values(work, *root, *given);
  return values ? testing::yaml_of(render::Value::of(*values)) : "Error: " + values.error().message();
}

constexpr const char* kDb = "apiVersion: v2\nname: db\nversion: 1.0.0\n";
constexpr const char* kWeb = "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies: [";

TEST(Coalesce, UsersNullsTakeDefaultsAway) {
  EXPECT_EQ(merged({{"values.yaml", "a: 1\nb: {c: 1, d: 2}\n"}}, "a: null\nb: {c: null}"), "b:\n  d: 2\n");
  EXPECT_EQ(merged({{"values.yaml", "a: 1"}}, "b: null"), "a: 1\nb: null\n");
}

TEST(Coalesce, NullDefaultsGoInHelm4Only) {
  EXPECT_EQ(merged({{"values.yaml", "a: null\nb: {c: null, d: 1}\n"}}, ""), "b:\n  d: 1\n");
  EXPECT_EQ(merged({{"values.yaml", "a: null\nb: {c: null, d: 1}\n"}}, "", HelmVersion::k3),
            "a: null\nb:\n  c: null\n  d: 1\n");
}

TEST(Coalesce, GlobalsGoDown) {
  EXPECT_EQ(merged({{"charts/db/Chart.yaml", kDb},
                    {"charts/db/values.yaml", "global: {a: child, b: child}\n"},
                    {"values.yaml", "global: {a: parent}\n"}},
                   ""),
            "db:\n  global:\n    a: parent\n    b: child\nglobal:\n  a: parent\n");
}

TEST(Coalesce, Warnings) {
  std::vector<std::string> warnings;
  merged({{"values.yaml", "a: {b: 1}\nc: 1\n"}}, "a: 1\nc: {d: 1}", HelmVersion::k4, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "level=INFO msg=\"warning: skipped value for web.c: Not a table.\"");
  warnings.clear();
  merged({{"values.yaml", "t: {a: {b: 1}}\n"}}, "t: {a: 1}", HelmVersion::k3, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "coalesce.go:316: warning: cannot overwrite table with non table for web.t.a (map[b:1])");
  EXPECT_EQ(merged({{"charts/db/Chart.yaml", kDb}}, "db: 1"), "Error: type mismatch on db: %!t(float64=1)");
}

TEST(Dependencies, ConditionsWinOverTags) {
  testing::Files files = {
      {"Chart.yaml", std::string(kWeb) + "{name: db, version: 1.x.x, condition: 'x.path,db.enabled', tags: [back]}]\n"},
      {"charts/db/Chart.yaml", kDb},
      {"charts/db/values.yaml", "k: v\n"}};
  EXPECT_EQ(merged(files, "tags: {back: false}"), "tags:\n  back: false\n");
  EXPECT_EQ(merged(files, "tags: {back: false}\ndb: {enabled: true}"),
            "db:\n  enabled: true\n  global: {}\n  k: v\ntags:\n  back: false\n");
  std::vector<std::string> warnings;
  merged(files, "x: {path: text}", HelmVersion::k4, &warnings);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "level=WARN msg=\"returned non-bool value\" path=x.path chart=db");
}

TEST(Dependencies, AliasesAndVersions) {
  testing::Files files = {
      {"Chart.yaml",
       std::string(kWeb) +
           "{name: db, version: '>=1.0.0', alias: one}, {name: db, version: ^1.0.0, alias: two}, {name: db, version: 2.x, alias: three}]\n"},
      {"charts/db/Chart.yaml", kDb},
      {"charts/db/values.yaml", "k: v\n"}};
  EXPECT_EQ(merged(files, ""), "one:\n  global: {}\n  k: v\ntwo:\n  global: {}\n  k: v\n");
}

TEST(Dependencies, ImportValues) {
  testing::Files files = {
      {"Chart.yaml",
       std::string(kWeb) +
           "{name: db, version: 1.0.0, import-values: [data, {child: inner, parent: outer.deep}, gone]}]\n"},
      {"charts/db/Chart.yaml", kDb},
      {"charts/db/values.yaml", "exports: {data: {port: 1, host: h}}\ninner: {x: 1}\n"},
      {"values.yaml", "port: 2\n"}};
  std::vector<std::string> warnings;
  std::string text = merged(files, "", HelmVersion::k4, &warnings);
  EXPECT_NE(text.find("\nhost: h\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nouter:\n  deep:\n    x: 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nport: 2\n"), std::string::npos) << "the parent's own value wins: " << text;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0], "level=WARN msg=\"ImportValues missing table\" error=\"\\\"gone\\\" is not a table\"");
}

TEST(Dependencies, MissingOnesAreNamed) {
  auto chart =
      chart_of({{"Chart.yaml", std::string(kWeb) + "{name: db, version: 1.0.0}, {name: cache, version: 1.0.0}]\n"}});
  EXPECT_EQ(check_dependencies(*chart).error().message(),
            "found in Chart.yaml, but missing in charts/ directory: db, cache");
}

}  // namespace
}  // namespace autonomous::helm
