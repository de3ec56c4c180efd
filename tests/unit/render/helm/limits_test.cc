// Each limit, reached on purpose: what is said, and that it names the template and the line.
#include "tests/unit/render/helm/helper.h"
#include "tests/unit/render/helm/tar.h"

namespace autonomous::helm {
namespace {

using testing::chart_of;
using testing::Files;
using testing::tar_entry;
using testing::tgz;

struct Failed {
  Code code = Code::kInternal;
  std::string text;
};

Failed failed(const std::string& templ, RenderLimits limits = {}, const std::string& values = "") {
  ChartInput input;
  input.chart = chart_of({{"templates/a.yaml", templ}});
  if (input.chart == nullptr) return {};
  input.limits = limits;
  if (!values.empty()) input.values.push_back({"values.yaml", values});
  auto done = render(input);
  if (done) return {Code::kInternal, "no error: " + done->manifest.substr(0, 200)};
  return {done.error().code(), done.error().message()};
}

void expect_limit(const Failed& failed, const std::string& place, const std::string& what) {
  EXPECT_EQ(failed.code, Code::kLimit) << failed.text;
  EXPECT_NE(failed.text.find(place), std::string::npos) << failed.text;
  EXPECT_NE(failed.text.find(what), std::string::npos) << failed.text;
}

TEST(RenderLimit, Steps) {
  RenderLimits limits;
  limits.fuel = 10'000;
  expect_limit(failed("a: b\n{{ range until 100000 }}x{{ end }}\n", limits),
               "web/templates/a.yaml:2:", "limit of 10000 steps");
  expect_limit(failed("\n\n{{ range 1000000000 }}{{ end }}", limits),
               "web/templates/a.yaml:3:", "limit of 10000 steps");
}

TEST(RenderLimit, Output) {
  RenderLimits limits;
  limits.output = 1000;
  expect_limit(failed("\n{{ range until 200 }}0123456789{{ end }}", limits),
               "web/templates/a.yaml:2:", "output is larger than the limit of 1000 bytes");
  ChartInput input;
  input.chart =
      chart_of({{"templates/a.yaml", "a: {{ repeat 600 \"x\" }}"}, {"templates/b.yaml", "b: {{ repeat 600 \"x\" }}"}});
  input.limits = limits;
  auto done = render(input);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("web/templates/a.yaml:1:"), std::string::npos) << done.error().message();
}

TEST(RenderLimit, Memory) {
  RenderLimits limits;
  limits.memory = 4 << 20;
  expect_limit(
      failed("\n{{ $x := list }}{{ range until 100000 }}{{ $x = append $x (dict \"a\" \"b\") }}{{ end }}", limits),
      "web/templates/a.yaml:2:", "memory limit of the render reached");
  // Texts that tpl has parsed count, too.
  expect_limit(failed("{{ range until 100000 }}{{ tpl (printf \"{{ $x := %d }}\" .) $ }}{{ end }}", limits),
               "web/templates/a.yaml:1:", "memory limit of the render reached");
}

TEST(RenderLimit, Includes) {
  RenderLimits limits;
  limits.includes = 10;
  Failed nested = failed("{{ define \"r\" }}{{ include \"r\" . }}{{ end }}\n{{ include \"r\" . }}", limits);
  EXPECT_NE(nested.text.find("rendering template has a nested reference name: r"), std::string::npos) << nested.text;
  limits.templates = 10;
  nested = failed("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}\n{{ template \"r\" . }}", limits);
  EXPECT_NE(nested.text.find("exceeded maximum template depth (10)"), std::string::npos) << nested.text;
}

// A small value whose text is huge: maps of one map, thirty times over.
TEST(RenderLimit, ValuesThatUnfold) {
  RenderLimits limits;
  limits.output = 1 << 20;
  const std::string make =
      "{{ $x := dict \"k\" \"v\" }}{{ range until 30 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}\n";
  for (const char* use :
       {"{{ $x }}", "{{ toYaml $x }}", "{{ toJson $x }}", "{{ toPrettyJson $x }}", "{{ toRawJson $x }}",
        "{{ toToml $x }}", "{{ toYamlPretty $x }}", "{{ print $x }}", "{{ printf \"%v\" $x }}", "{{ toString $x }}",
        "{{ quote $x }}", "{{ html $x }}", "{{ mustToYaml $x }}"}) {
    Failed stopped = failed(make + use, limits);
    EXPECT_EQ(stopped.code, Code::kLimit) << use << stopped.text;
    EXPECT_NE(stopped.text.find("web/templates/a.yaml:2:"), std::string::npos) << use << stopped.text;
  }
}

TEST(RenderLimit, TextsThatMultiply) {
  RenderLimits limits;
  limits.output = 1 << 20;
  for (const char* use :
       {"{{ repeat 2000000 \"x\" }}", "{{ indent 2000000 \"x\" }}",
        "{{ replace \"\" (repeat 10000 \"x\") (repeat 10000 \"y\") }}", "{{ join (repeat 10000 \"x\") (until 10000) }}",
        "{{ regexReplaceAll \".\" (repeat 10000 \"x\") (repeat 10000 \"y\") }}",
        "{{ wrapWith 1 (repeat 10000 \"x\") (repeat 10000 \"y \") }}",
        "{{ printf (repeat 10000 \"%[1]s\") (repeat 10000 \"y\") }}"}) {
    expect_limit(failed(use, limits), "web/templates/a.yaml:1:", "the limit of 1048576 bytes");
  }
}

TEST(RenderLimit, ValuesThatContainThemselves) {
  for (const char* use : {"{{ .m }}", "{{ toString .m }}", "{{ deepCopy .m }}", "{{ merge .m .n }}"}) {
    Failed stopped = failed(
        "{{ $d := dict \"m\" (dict) \"n\" (dict) }}{{ $_ := set $d.m \"m\" $d.m }}{{ $_ := set $d.n \"m\" $d.n }}\n{{ with $d }}" +
        std::string(use) + "{{ end }}");
    EXPECT_EQ(stopped.code, Code::kLimit) << use << stopped.text;
    EXPECT_NE(stopped.text.find("web/templates/a.yaml:2:"), std::string::npos) << use << stopped.text;
  }
  // As in helm, toYaml and toJson swallow Go's error about a cycle.
  ChartInput input;
  input.chart = chart_of(
      {{"templates/a.yaml", "{{ $_ := set .Values \"v\" .Values }}a: \"{{ toYaml .Values }}{{ toJson .Values }}\"\n"}});
  auto done = render(input);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(done->manifest.find("a: \"\""), std::string::npos) << done->manifest;
}

// RE2 only: linear in the text, whatever the expression, and none of what needs backtracking.
TEST(RenderLimit, RegularExpressionsCannotBacktrack) {
  EXPECT_NE(
      testing::rendered({{"templates/a.yaml", "a: {{ regexMatch \"^(a+)+$\" (printf \"%s!\" (repeat 50000 \"a\")) }}"}})
          .find("a: false"),
      std::string::npos);
  for (const char* expression : {"(a)\\\\1", "(?=a)", "(?!a)", "(?<=a)b"}) {
    std::string templ = std::string("{{ mustRegexMatch \"") + expression + "\" \"aa\" }}";
    EXPECT_NE(testing::rendered({{"templates/a.yaml", templ}}).find("error parsing regexp"), std::string::npos)
        << expression;
  }
}

// Nothing of the machine can be asked for.
TEST(RenderLimit, NoEnvironmentAndNoNetwork) {
  for (const char* name : {"env", "expandenv"}) {
    std::string templ = std::string("{{ ") + name + " \"HOME\" }}";
    EXPECT_NE(
        testing::rendered({{"templates/a.yaml", templ}}).find("function \"" + std::string(name) + "\" not defined"),
        std::string::npos);
  }
  EXPECT_NE(testing::rendered({{"templates/a.yaml", "a: \"{{ getHostByName \"localhost\" }}\""}}).find("a: \"\""),
            std::string::npos);
  EXPECT_NE(testing::rendered(
                {{"templates/a.yaml", "a: \"{{ .Files.Get \"/etc/passwd\" }}{{ .Files.Get \"../../etc/passwd\" }}\""}})
                .find("a: \"\""),
            std::string::npos);
}

TEST(YamlLimit, OfValuesFiles) {
  RenderLimits limits;
  limits.yaml.depth = 50;
  EXPECT_NE(
      failed("a: b", limits, "a: " + std::string(60, '[') + std::string(60, ']')).text.find("exceeded max depth of 50"),
      std::string::npos);
  limits.yaml = {.bytes = 100};
  EXPECT_NE(failed("a: b", limits, "a: " + std::string(100, 'x')).text.find("more than 100"), std::string::npos);
  limits.yaml = {.nodes = 100};
  std::string many = "a: [";
  for (int i = 0; i < 100; ++i) many += "x,";
  EXPECT_NE(failed("a: b", limits, many + "]").text.find("more than 100 nodes"), std::string::npos);
}

TEST(YamlLimit, OfAliasesThatRepeatALongText) {
  std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) text += "*a,";
  RenderLimits limits;
  limits.yaml.bytes = 1 << 20;
  EXPECT_NE(failed("a: b", limits, text + "]").text.find("aliases repeat more than 1048576 bytes"), std::string::npos);
}

TEST(ChartLimit, Files) {
  Files files = {{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"}};
  for (int i = 0; i < 20; ++i) files["f" + std::to_string(i)] = std::string(100, 'x');
  LoadOptions options;
  options.limits.files = 10;
  auto chart = load_chart(MemoryTree(files), options);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().message(), "the chart holds more than 10 files");
  options.limits = {.bytes = 1000};
  chart = load_chart(MemoryTree(files), options);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().code(), Code::kLimit);
  EXPECT_NE(chart.error().message().find("chart exceeds maximum decompressed size of 1000 bytes"), std::string::npos);
}

std::string chart_file(const std::string& name) {
  return tar_entry(name + "/Chart.yaml", "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n");
}

TEST(ChartLimit, ArchivesInAChartHaveOneBudget) {
  Files files = {{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"}};
  for (int i = 0; i < 10; ++i) {
    std::string name = "sub" + std::to_string(i);
    files["charts/" + name + "-1.0.0.tgz"] =
        tgz(chart_file(name) + tar_entry(name + "/big", std::string(100'000, 'x')));
  }
  LoadOptions options;
  options.limits.nested_bytes = 500'000;
  auto chart = load_chart(MemoryTree(files), options);
  ASSERT_FALSE(chart);
  EXPECT_NE(chart.error().message().find("the archives in the chart unpack to more than 500000 bytes together"),
            std::string::npos)
      << chart.error().message();
  options.limits.nested_bytes = 2'000'000;
  EXPECT_TRUE(load_chart(MemoryTree(files), options));
}

TEST(ChartLimit, ChartsInCharts) {
  std::string path;
  Files files = {{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"}};
  for (int i = 0; i < 6; ++i) {
    path += "charts/sub/";
    files[path + "Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 1.0.0\n";
  }
  LoadOptions options;
  options.limits.depth = 5;
  auto chart = load_chart(MemoryTree(files), options);
  ASSERT_FALSE(chart);
  EXPECT_NE(chart.error().message().find("charts lie more than 5 deep in each other"), std::string::npos);
}

TEST(ChartLimit, MemoryOfItsValues) {
  LoadOptions options;
  options.limits.memory = 1 << 20;
  std::string values = "a: &a " + std::string(10'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) values += "*a,";
  auto chart = load_chart(
      MemoryTree({{"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"}, {"values.yaml", values + "]\n"}}),
      options);
  ASSERT_FALSE(chart);
  EXPECT_EQ(chart.error().message(), "the chart's values need more than 1048576 bytes of memory");
}

}  // namespace
}  // namespace autonomous::helm
