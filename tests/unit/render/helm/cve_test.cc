// Published holes in helm and its neighbours: each by its number, as it would come to us.
#include "render/helm/schema.h"
#include "render/helm/strvals.h"
#include "render/template/engine.h"
#include "tests/unit/render/helm/helper.h"
#include "tests/unit/render/helm/tar.h"

namespace autonomous::helm {
namespace {

using testing::error_of;
using testing::tar_entry;
using testing::tgz;

constexpr const char* kCveChart = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

MemoryTree with_link(const std::string& path, const std::string& target) {
  MemoryTree tree({{"Chart.yaml", kCveChart}, {"templates/a.yaml", "a: {{ .Files.Get \"secret\" }}"}});
  tree.put(path, target, FileKind::kLink);
  return tree;
}

// Argo CD: a link in a chart's archive, or a values file, that names a file of the server. Helm follows links anywhere.
TEST(Cve, Y2022N24348LinksOutOfTheChart) {
  for (const char* target : {"/etc/passwd", "../../etc/passwd", "x/../../../x", "/proc/self/environ"}) {
    for (const char* path : {"secret", "values.yaml", "templates/b.yaml", "charts/sub", "crds/x.yaml"}) {
      auto chart = load_chart(with_link(path, target));
      ASSERT_FALSE(chart) << path << " → " << target;
      EXPECT_EQ(chart.error().code(), Code::kDenied) << chart.error().message();
    }
  }
  auto archive =
      load_chart_archive("web.tgz", tgz(tar_entry("web/Chart.yaml", kCveChart) + tar_entry("web/secret", "", '2')));
  ASSERT_TRUE(archive);  // a link in an archive is an empty file: it names nothing
}

// Helm: --set with a huge index took all memory.
TEST(Cve, Y2022N36055IndexesOfSetFlags) {
  render::Arena arena(16 << 20);
  for (const char* text :
       {"a[99999999999]=x", "a[2147483647]=x", "a[65537]=x", "a[0][99999999]=x", "a[1].b[9999999999999999999]=x"}) {
    for (SetKind kind : {SetKind::kTyped, SetKind::kString, SetKind::kLiteral}) {
      render::Map* values = render::Map::make(arena);
      EXPECT_FALSE(apply_set(arena, *values, kind, text)) << text;
    }
  }
  render::Map* values = render::Map::make(arena);
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  auto nested = apply_set(arena, *values, SetKind::kTyped, deep + "=x");
  ASSERT_FALSE(nested);
  EXPECT_NE(
      nested.error().message().find("value name nested level is greater than maximum supported nested level of 30"),
      std::string::npos);
}

// Helm: a dependency, or the chart itself, whose name leads out of the folder that it is unpacked to.
TEST(Cve, Y2024N25620NamesThatArePaths) {
  for (const char* name : {"../../evil", "/etc/evil", "a/b", "..\\\\evil/x"}) {
    std::string yaml = std::string("apiVersion: v2\nname: \"") + name + "\"\nversion: 1.0.0\n";
    EXPECT_NE(error_of({{"Chart.yaml", yaml}}).find("is invalid"), std::string::npos) << name;
  }
  for (const char* name : {"web/../../evil", "web//etc/evil", "web/a/../../../evil", "web\\..\\..\\evil"}) {
    EXPECT_FALSE(unpack_archive(tgz(tar_entry("web/Chart.yaml", kCveChart) + tar_entry(name, "x")))) << name;
  }
}

// Helm: an archive that unpacks to far more than it is.
TEST(Cve, Y2025N32386ArchiveBombs) {
  LoadOptions options;
  options.limits.bytes = 1 << 20;
  std::string bomb = tgz(tar_entry("web/Chart.yaml", kCveChart) + tar_entry("web/zeros", std::string(8 << 20, '\0')));
  EXPECT_LT(bomb.size(), 20'000u);
  auto chart = load_chart_archive("web.tgz", bomb, options);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code(), Code::kLimit);
  // One in the other is no way around.
  auto outer = load_chart(MemoryTree({{"Chart.yaml", kCveChart}, {"charts/sub.tgz", bomb}}), options);
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error().code(), Code::kLimit);
}

// Helm: a values.schema.json with references in a circle, or nested so deep that the stack ends.
TEST(Cve, Y2025N32387SchemasOfAnyDepth) {
  std::string deep, end;
  for (int i = 0; i < 20'000; ++i) {
    deep += "{\"properties\":{\"a\":";
    end += "}}";
  }
  SchemaValue values;
  values.kind = SchemaValue::Kind::kObject;
  render::on_large_stack([&] { EXPECT_FALSE(validate_schema(deep + "{}" + end, values)); });
  for (const char* circle :
       {R"({"$ref": "#"})",
        R"({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})",
        R"({"allOf": [{"$ref": "#"}]})", R"({"$dynamicAnchor": "x", "not": {"$dynamicRef": "#x"}})"}) {
    render::on_large_stack([&] { (void)validate_schema(circle, values); });
  }
}

// Helm: Chart.lock was a link to a file that runs, and a changed Chart.yaml was written through it.
TEST(Cve, Y2025N53547LinkedLock) {
  for (const char* target : {"/home/user/.bashrc", "../../../home/user/.bashrc"}) {
    auto chart = load_chart(with_link("Chart.lock", target));
    ASSERT_FALSE(chart);
    EXPECT_EQ(chart.error().code(), Code::kDenied) << chart.error().message();
  }
}

// Helm: a schema that refers to /dev/zero read until no memory was left.
TEST(Cve, Y2025N55199SchemasThatReferToFiles) {
  SchemaValue values;
  values.kind = SchemaValue::Kind::kObject;
  for (const char* target : {"/dev/zero", "file:///dev/zero", "http://localhost:1/x", "https://example.com/schema.json",
                             "../../../dev/zero", "//host/x"}) {
    auto judged = validate_schema(std::string("{\"$ref\": \"") + target + "\"}", values);
    ASSERT_FALSE(judged) << target;
    EXPECT_NE(judged.error().message().find(target[0] == '.' ? "dev/zero" : target), std::string::npos)
        << judged.error().message();
  }
}

// Helm: a chart called "." was unpacked over the folder itself.
TEST(Cve, Y2026N35206ChartsCalledDot) {
  for (const char* name : {".", ".."}) {
    std::string yaml = std::string("apiVersion: v2\nname: \"") + name + "\"\nversion: 1.0.0\n";
    EXPECT_NE(error_of({{"Chart.yaml", yaml}}).find("chart.metadata.name \"" + std::string(name) + "\" is not allowed"),
              std::string::npos);
  }
}

// Kubernetes: aliases of aliases of aliases.
TEST(Cve, Y2019N11253BillionLaughs) {
  std::string laughs = "a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    std::string alias = std::string(1, static_cast<char>(c - 1));
    laughs += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) laughs += "*" + alias + ",";
    laughs += "]\n";
  }
  const std::string excessive = "document contains excessive aliasing";
  EXPECT_NE(testing::rendered({{"templates/a.yaml", "a: b"}}, laughs).find(excessive), std::string::npos);
  EXPECT_NE(error_of({{"values.yaml", laughs}}).find(excessive), std::string::npos);
  EXPECT_NE(testing::rendered({{"laughs.yaml", laughs},
                               {"templates/a.yaml", "a: {{ (fromYaml (.Files.Get \"laughs.yaml\")).Error | quote }}"}})
                .find(excessive),
            std::string::npos);
  // A manifest is read, too: for its kind.
  EXPECT_NE(testing::rendered({{"templates/a.yaml", "kind: X\n" + laughs}}).find("YAML parse error"),
            std::string::npos);
}

}  // namespace
}  // namespace autonomous::helm
