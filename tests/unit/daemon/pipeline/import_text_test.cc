#include "daemon/pipeline/import_text.h"

#include <gtest/gtest.h>

#include "gitops/model/platform.h"
#include "gitops/model/spec.h"

namespace autonomous::daemon {
namespace {

TEST(ImportText, TheSpecSaysWhatDiffersByEnvironment) {
  SaidAll all;
  all["api"]["staging"] = {{{"manifests", "k8s/api/staging"}}, {}};
  all["web"]["production"] = {{{"chart", "charts/web"}, {"value-files", "[values/production.yaml]"}}, {}};
  all["web"]["staging"] = {{{"chart", "charts/web"}, {"value-files", "[]"}}, {}};
  const std::string text = spec_text("shop", all);
  EXPECT_EQ(
      text,
      "# What was imported, as it ran: nothing differs until you change it here.\nversion: 1\nproject: shop\napps:\n"
      "  api: {manifests: k8s/api/staging}\n  web: {chart: charts/web, value-files: [values/production.yaml]}\n"
      "environments:\n  production:\n    apps:\n      api: null  # it runs elsewhere only\n"
      "  staging:\n    apps:\n      web: {chart: charts/web, value-files: []}\n");
  auto spec = model::parse_spec(text, "autonomous.yaml");
  ASSERT_TRUE(spec) << spec.errors.front().text();
  EXPECT_EQ(spec.value->apps("production"), std::vector<std::string>{"web"});
  auto web = model::effective(*spec.value, "shop", "staging", "web");
  ASSERT_TRUE(web) << web.errors.front().text();
  EXPECT_TRUE(web.value->app.value_files.empty()) << "not even values-staging.yaml";
}

TEST(ImportText, NamesOfFilesAreQuotedWhereYamlTakesThemForSomethingElse) {
  EXPECT_EQ(yaml_text("charts/web.v1_2"), "charts/web.v1_2");
  EXPECT_EQ(yaml_text("a b"), "\"a b\"");
  EXPECT_EQ(yaml_text("a: [\"x\"]"), "\"a: [\\\"x\\\"]\"");
  EXPECT_EQ(yaml_text("-"), "\"-\"");
  EXPECT_EQ(yaml_text(""), "\"\"");
}

TEST(ImportText, NamespacesAreSaidByTheirPattern) {
  EXPECT_EQ(namespace_template("shop", "prod", {{"web", "shop-prod"}, {"api", "shop-prod"}}), "{project}-{env}");
  EXPECT_EQ(namespace_template("shop", "prod", {{"web", "web"}, {"api", "api"}}), "{app}");
  EXPECT_EQ(namespace_template("shop", "prod", {{"web", "x"}, {"api", "default"}, {"db", "default"}}), "default")
      << "most";
  EXPECT_EQ(namespace_template("shop", "prod", {}), "");
}

TEST(ImportText, ThePlatformIsOneThatIsTaken) {
  const std::string text =
      platform_text("shop", {{"prod", {"default", "https://k8s.example.com"}}, {"staging", {}}}, "1.31");
  auto platform = model::parse_platform(text);
  ASSERT_TRUE(platform) << platform.errors.front().text();
  const model::Environment& prod = platform.value->environments.at("prod");
  EXPECT_EQ(model::namespace_of(prod, {"prod", "shop", "web"}), "default");
  EXPECT_EQ(prod.cluster, "https://k8s.example.com");
  EXPECT_EQ(prod.kubernetes, "1.31");
  EXPECT_EQ(model::namespace_of(platform.value->environments.at("staging"), {"staging", "shop", "web"}),
            "shop-staging");
}

}  // namespace
}  // namespace autonomous::daemon
