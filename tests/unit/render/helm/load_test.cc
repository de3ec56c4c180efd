#include "render/helm/chart.h"

#include "render/helm/metadata.h"
#include "tests/unit/render/helm/helper.h"
#include "tests/unit/render/helm/tar.h"

namespace autonomous::helm {
namespace {

using testing::chart_of;
using testing::error_of;

TEST(Load, SortsFilesIntoTheirPlaces) {
  auto chart = chart_of({{"templates/a.yaml", "a"},
                         {"templates/.hidden", "h"},
                         {"README.md", "r"},
                         {"crds/c.yaml", "c"},
                         {".helmignore", "*.md\n"},
                         {"charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"},
                         {"charts/_skipped/Chart.yaml", "broken"},
                         {"values.yaml", "a: 1\n"}});
  ASSERT_NE(chart, nullptr);
  ASSERT_EQ(chart->templates.size(), 1u);
  EXPECT_EQ(chart->templates[0].name, "templates/a.yaml");
  ASSERT_EQ(chart->files.size(), 2u);  // .helmignore itself is a file
  EXPECT_EQ(chart->files[1].name, "crds/c.yaml");
  ASSERT_EQ(chart->dependencies.size(), 1u);
  EXPECT_EQ(chart->dependencies[0]->metadata.name, "db");
}

TEST(Load, PackedSubcharts) {
  std::string packed = testing::tgz(testing::tar_entry("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 2.0.0\n"));
  auto chart = chart_of({{"charts/db-2.0.0.tgz", packed}});
  ASSERT_NE(chart, nullptr);
  ASSERT_EQ(chart->dependencies.size(), 1u);
  EXPECT_EQ(chart->dependencies[0]->metadata.version, "2.0.0");
  EXPECT_EQ(error_of({{"charts/db-2.0.0.tgz", "no archive"}}).substr(0, 52),
            "error unpacking subchart db-2.0.0.tgz in web: gzip: ");
}

// CVE-2022-24348: a link may not lead out of the chart.
TEST(Load, LinksStayInside) {
  MemoryTree tree({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, {"files/real.txt", "real"}});
  tree.put("files/link.txt", "real.txt", FileKind::kLink);
  tree.put("linked", "files", FileKind::kLink);
  auto inside = load_chart(tree);
  ASSERT_TRUE(inside) << inside.error().message();
  ASSERT_EQ((*inside)->files.size(), 4u);
  EXPECT_EQ((*inside)->files[0].data, "real");
  tree.put("templates/passwd", "../../../etc/passwd", FileKind::kLink);
  auto outside = load_chart(tree);
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code(), Code::kDenied);
}

// Many repositories link a chart's LICENSE to their own: that much may lead out, unread.
TEST(Load, DocumentsThatLeadOutAreNotRead) {
  MemoryTree tree({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, {".helmignore", "docs\n"}});
  tree.put("LICENSE", "../../LICENSE", FileKind::kLink);
  tree.put("docs", "../../docs", FileKind::kLink);
  std::vector<std::string> warnings;
  auto chart = load_chart(tree, {.path = "/r/charts/web", .warnings = &warnings});
  ASSERT_TRUE(chart) << chart.error().message();
  ASSERT_EQ((*chart)->files.size(), 2u);
  EXPECT_EQ((*chart)->files[1].name, "LICENSE");
  EXPECT_TRUE((*chart)->files[1].refused);
  EXPECT_EQ(warnings[0],
            "level=INFO msg=\"found symbolic link in path. Contents of linked file included and used\" "
            "path=/r/charts/web/LICENSE resolved=/r/LICENSE");
  tree.put("templates/a.yaml", "a: {{ .Files.Get \"LICENSE\" }}");
  auto rendered = render({.chart = *load_chart(tree)});
  ASSERT_FALSE(rendered);
  EXPECT_NE(rendered.error().message().find("the link LICENSE -> ../../LICENSE leaves its folder; copy the file"),
            std::string::npos)
      << rendered.error().message();
  tree.put("README.md", "/etc/passwd", FileKind::kLink);
  EXPECT_FALSE(load_chart(tree));
}

TEST(Load, EndlessLinksAreRefused) {
  MemoryTree tree({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, {"a/file", "x"}});
  tree.put("a/again", "../a", FileKind::kLink);
  auto chart = load_chart(tree);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code(), Code::kLimit);
}

TEST(Load, MetadataIsDecodedAsGoDoesIt) {
  Metadata md;
  ASSERT_TRUE(decode_metadata(
      "NAME: web\nversion: 1.10\nappVersion: 2\ndeprecated: true\nkeywords: [a, 1]\nannotations: {x: 1, z: yes}\n",
      HelmVersion::k4, md));
  EXPECT_EQ(md.name, "web");
  EXPECT_EQ(md.version, "1.1");
  EXPECT_EQ(md.app_version, "2");
  EXPECT_TRUE(md.deprecated);
  EXPECT_EQ(md.keywords, (std::vector<std::string>{"a", "1"}));
  EXPECT_EQ(md.annotations[1].second, "true");
  EXPECT_EQ(
      decode_metadata("deprecated: 1", HelmVersion::k4, md).error().message(),
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field .deprecated of type bool");
}

TEST(Load, ValidationSpeaksAsHelm) {
  EXPECT_EQ(error_of({{"Chart.yaml", "apiVersion: v2\nversion: 1.0.0\n"}}),
            "validation: chart.metadata.name is required");
  EXPECT_EQ(error_of({{"Chart.yaml", "apiVersion: v2\nname: a/b\nversion: 1.0.0\n"}}),
            "validation: chart.metadata.name \"a/b\" is invalid");
  EXPECT_EQ(error_of({{"Chart.yaml", "apiVersion: v2\nname: a\nversion: x\n"}}),
            "validation: chart.metadata.version \"x\" is invalid");
  EXPECT_EQ(
      error_of({{"Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: d, alias: 'a b'}]\n"}}),
      "validation: dependency \"d\" has disallowed characters in the alias");
  EXPECT_EQ(error_of({{"Chart.yaml", "apiVersion: v9\nname: a\nversion: 1.0.0\n"}}), "unsupported chart version");
  EXPECT_EQ(
      error_of({{"values.yaml", "- a"}}),
      "cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot "
      "unmarshal array into Go value of type map[string]interface {}");
}

TEST(Load, LimitsCount) {
  LoadOptions options;
  options.limits.files = 2;
  MemoryTree tree({{"Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"}, {"a", ""}, {"b", ""}});
  EXPECT_EQ(load_chart(tree, options).error().code(), Code::kLimit);
  options = {};
  options.limits.bytes = 50;
  tree.put("c", std::string(100, 'x'));
  EXPECT_EQ(load_chart(tree, options).error().code(), Code::kLimit);
}

}  // namespace
}  // namespace autonomous::helm
