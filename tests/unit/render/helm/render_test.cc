#include "tests/unit/render/helm/helper.h"

namespace autonomous::helm {
namespace {

using testing::rendered;

TEST(Render, OneTemplate) {
  EXPECT_EQ(rendered({{"templates/a.yaml", "name: {{ .Release.Name }}-{{ .Chart.Name }}\nvalue: {{ .Values.v }}\n"},
                      {"values.yaml", "v: 1\n"}}),
            "---\n# Source: web/templates/a.yaml\nname: x-web\nvalue: 1\n");
}

// helm 4's reader of documents ends each line, the last one, too.
TEST(Render, ValuesWithoutALineEnd) {
  EXPECT_EQ(rendered({{"templates/a.yaml", "a: {{ .Values.a | quote }}"}, {"values.yaml", "a: |\n  x"}}),
            "---\n# Source: web/templates/a.yaml\na: \"x\\n\"\n");
  EXPECT_EQ(rendered({}, "a: \""),
            "Error: failed to parse values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: "
            "line 2: found unexpected end of stream");
}

// What yaml.v2 can't write is no reason to refuse a release.
TEST(Render, TellsItsValuesWhateverIsInThem) {
  ChartInput input;
  input.release_name = "x";
  input.chart = testing::chart_of({{"values.yaml", "a: \"\\u007f\"\n"}});
  auto done = render(input);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->values, "a: \"\\x7F\"\n");
}

TEST(Render, NamesByTheClock) {
  auto name = render_name("{{ now | date \"2006\" | len }}");
  ASSERT_TRUE(name) << name.error().message();
  EXPECT_EQ(*name, "4");
}

TEST(Render, PartialsNotesAndEmptyFilesVanish) {
  EXPECT_EQ(rendered({{"templates/_h.tpl", "{{ define \"h\" }}h{{ end }}"},
                      {"templates/NOTES.txt", "hello"},
                      {"templates/e.yaml", "{{ if false }}x{{ end }}\n"},
                      {"templates/a.yaml", "a: {{ include \"h\" . }}"}}),
            "---\n# Source: web/templates/a.yaml\na: h\n");
}

// The last definition wins, and parents are parsed after their children.
TEST(Render, ParentsRedefineWhatChildrenDefine) {
  EXPECT_EQ(rendered({{"charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"},
                      {"charts/db/templates/_h.tpl", "{{ define \"h\" }}child{{ end }}"},
                      {"charts/db/templates/d.yaml", "d: {{ include \"h\" . }}"},
                      {"templates/_h.tpl", "{{ define \"h\" }}parent{{ end }}"}}),
            "---\n# Source: web/charts/db/templates/d.yaml\nd: parent\n");
}

TEST(Render, FilesMethods) {
  EXPECT_EQ(
      rendered({{"files/a.txt", "one\ntwo\n"},
                {"files/b.txt", "b"},
                {"templates/a.yaml",
                 "get: {{ .Files.Get \"files/b.txt\" }}\nmissing: {{ .Files.Get \"no\" | quote }}\n"
                 "lines: {{ range .Files.Lines \"files/a.txt\" }}<{{ . }}>{{ end }}\n"
                 "data:\n{{ (.Files.Glob \"files/*\").AsSecrets | indent 2 }}\n"
                 "config:\n{{ (.Files.Glob \"files/b*\").AsConfig | indent 2 }}\n"}}),
      "---\n# Source: web/templates/a.yaml\nget: b\nmissing: \"\"\nlines: <one><two>\ndata:\n  a.txt: b25lCnR3bwo=\n  b.txt: Yg==\n"
      "config:\n  b.txt: b\n");
}

TEST(Render, CapabilitiesAreTheRealHelms) {
  testing::Files files = {{"templates/a.yaml",
                           "k: {{ .Capabilities.KubeVersion }}\nh: {{ .Capabilities.APIVersions.Has \"apps/v1\" }}\n"
                           "s: {{ .Capabilities.KubeVersion.Minor }}\n"}};
  EXPECT_EQ(rendered(files), "---\n# Source: web/templates/a.yaml\nk: v1.37.0\nh: true\ns: 37\n");
}

TEST(Render, ErrorsReadAsHelms) {
  EXPECT_EQ(
      rendered({{"templates/a.yaml", "{{ .Values.a.b.c }}"}}),
      "Error: web/templates/a.yaml:1:10\n  executing \"web/templates/a.yaml\" at <.Values.a.b.c>:\n    nil pointer evaluating interface {}.b");
  EXPECT_EQ(
      rendered({{"templates/a.yaml", "{{ .Values.a.b.c }}"}}, "", {}, HelmVersion::k3),
      "Error: template: web/templates/a.yaml:1:10: executing \"web/templates/a.yaml\" at <.Values.a.b.c>: nil pointer evaluating interface {}.b");
  EXPECT_EQ(rendered({{"templates/a.yaml", "{{ required \"say it\" .Values.a }}"}}),
            "Error: execution error at (web/templates/a.yaml:1:3): say it");
  EXPECT_EQ(rendered({{"templates/a.yaml", "{{ nope }}"}}),
            "Error: parse error at (web/templates/a.yaml:1): function \"nope\" not defined");
  EXPECT_EQ(rendered({}, "a: [", {}).substr(0, 33), "Error: failed to parse values.yam");
}

TEST(Render, NamesAndRequirements) {
  ChartInput input;
  input.release_name = "Not-Good";
  input.chart = testing::chart_of({});
  std::vector<std::string> warnings;
  auto result = render(input, &warnings);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message().substr(0, 46), "release name check failed: release name \"Not-G");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].substr(0, 44), "level=ERROR msg=\"release name check failed\" ");
  EXPECT_EQ(rendered({{"Chart.yaml", "apiVersion: v2\nname: w\nversion: 1.0.0\nkubeVersion: '<1.20.0'\n"}}),
            "Error: chart requires kubeVersion: <1.20.0 which is incompatible with Kubernetes v1.37.0");
  EXPECT_EQ(rendered({{"Chart.yaml", "apiVersion: v2\nname: w\nversion: 1.0.0\ntype: library\n"}}),
            "Error: library charts are not installable");
}

TEST(Render, ValuesOfTheReleaseAreKept) {
  ChartInput input;
  input.chart = testing::chart_of(
      {{"values.yaml", "b: 1\na: {c: 2}\n"}, {"templates/a.yaml", "{{ $_ := set .Values \"late\" 1 }}a: 1"}});
  input.sets = {{SetKind::kTyped, "a.c=3"}};
  auto result = render(input);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->values, "a:\n  c: 3\nb: 1\n");
}

TEST(Render, EndlessTemplatesEnd) {
  ChartInput input;
  input.chart = testing::chart_of({{"templates/a.yaml", "{{ range $i := 1000000000 }}x{{ end }}"}});
  input.limits.fuel = 1'000'000;
  auto result = render(input);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kLimit);
}

}  // namespace
}  // namespace autonomous::helm
