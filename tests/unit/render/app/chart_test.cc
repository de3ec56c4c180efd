#include "render/app/chart.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/yaml/json.h"

namespace autonomous::app {
namespace {

model::App web() {
  model::App app;
  app.project = "shop";
  app.environment = "local";
  app.name = "web";
  app.ports = {{"http", 8080, "TCP"}};
  return app;
}

nlohmann::json values_of(const model::App& app, ChartContext context = {}) {
  if (context.image.empty()) context.image = "registry.example.com/shop/web@sha256:" + std::string(64, 'a');
  auto text = built_in_values(app, context);
  if (!text) {
    ADD_FAILURE() << text.error().text();
    return {};
  }
  return *yaml::to_json(*text);
}

TEST(Chart, IsThereWhole) {
  const BuiltInChart& chart = built_in_chart();
  EXPECT_TRUE(chart.files->stat("Chart.yaml"));
  EXPECT_TRUE(chart.files->stat("templates/_helpers.tpl"));
  EXPECT_NE(chart.files->read("Chart.yaml", 10'000)->find("version: " + chart.version), std::string::npos);
  EXPECT_EQ(chart.digest.size(), 71u);
  ASSERT_TRUE(built_in_chart(chart.version));
  EXPECT_EQ(built_in_chart("0.0.1").error().code(), Code::kNotFound);
}

TEST(Chart, EnvironmentKeepsItsText) {
  model::App app = web();
  app.env["A"] = {"1.10", ""};
  app.env["B"] = {"yes $(A) $A", ""};
  app.init["first"].env["C"] = {"$(A)", ""};
  auto values = values_of(app);
  EXPECT_EQ(values["config"].dump(), R"j({"A":"1.10","B":"yes $(A) $A","PORT":"8080"})j");
  // A container's own env is expanded by Kubernetes, a ConfigMap's isn't.
  EXPECT_EQ(values["init"][0]["env"].dump(), R"j([{"name":"C","value":"$$(A)"}])j");
  app.env["PORT"] = {"9", ""};
  EXPECT_EQ(values_of(app)["config"]["PORT"], "9");
}

TEST(Chart, NeighboursAreCalledByTheNamesOfTheirObjects) {
  model::App app = web();
  app.known_as = "site";  // renamed: its objects are called web
  app.needs = {"search"};
  model::App search = web(), caller = web();
  search.name = "index";  // renamed from index
  search.known_as = "search";
  caller.name = "caller";
  caller.calls = {"site"};
  ChartContext context;
  context.strict_network = true;
  context.others = {{"search", &search}, {"caller", &caller}};
  auto values = values_of(app, context);
  EXPECT_EQ(values["config"]["SEARCH_HOST"], "index");
  EXPECT_EQ(values["network"]["calls"].dump(), R"([{"app":"index"}])");
  EXPECT_EQ(values["network"]["from"].dump(), R"([{"app":"caller"}])");
}

TEST(Chart, Bindings) {
  model::App app = web();
  model::App api = web();
  api.name = "api";
  app.env["API"] = {"", "api.url"};
  app.env["DB"] = {"", "db.url"};
  ChartContext context;
  context.others["api"] = &api;
  auto values = values_of(app, context);
  EXPECT_EQ(values["config"]["API"], "http://api:8080");
  EXPECT_EQ(values["env"][0]["valueFrom"]["secretKeyRef"].dump(), R"({"key":"uri","name":"db-app"})");
  context.namespaces["api"] = "shop-api";
  EXPECT_EQ(values_of(app, context)["config"]["API"], "http://api.shop-api:8080");
  app.env["X"] = {"", "db.colour"};
  EXPECT_EQ(built_in_values(app, {.image = "x"}).error().code(), Code::kInvalid);
}

TEST(Chart, NeighboursAreNamed) {
  model::App app = web(), db = web(), api = web();
  db.name = "main-db";
  db.type = model::AppType::kPostgres;
  api.name = "api";
  app.needs = {"main-db"};
  app.calls = {"api", "other/search"};
  app.env["API_HOST"] = {"mine", ""};
  ChartContext context;
  context.others = {{"main-db", &db}, {"api", &api}};
  EXPECT_EQ(values_of(app, context)["config"].dump(),
            R"({"API_HOST":"mine","API_PORT":"8080","MAIN_DB_HOST":"main-db-rw","MAIN_DB_PORT":"5432","PORT":"8080"})");
}

TEST(Chart, StrictNetworkAllowsWhatIsDeclared) {
  model::App app = web(), caller = web(), stranger = web();
  caller.env["W"] = {"", "web.url"};
  app.egress = {"api.example.com", "10.0.0.1:5432"};
  app.calls = {"other/search"};
  ChartContext context;
  context.strict_network = true;
  context.facilities.gateway.ns = "gateways";
  context.others = {{"caller", &caller}, {"stranger", &stranger}};
  context.namespaces["other/search"] = "other-local";
  EXPECT_EQ(values_of(app, context)["network"].dump(),
            R"({"calls":[{"app":"search","namespace":"other-local"}],)"
            R"("egress":[{"host":"api.example.com","port":443},{"cidr":"10.0.0.1/32","port":5432}],)"
            R"("from":[{"app":"caller"}],"gateway":"gateways","strict":true})");
}

TEST(Chart, WhatThePlatformLacksIsSaid) {
  model::App app = web();
  app.strategy.type = "canary";
  ChartContext context;
  context.image = "x";
  EXPECT_NE(built_in_values(app, context).error().text().find("Argo Rollouts"), std::string::npos);
  context.facilities.operators = {"argo-rollouts"};
  EXPECT_TRUE(built_in_values(app, context));
  app.scale.triggers["a"] = model::Value::map();
  EXPECT_NE(built_in_values(app, context).error().text().find("KEDA"), std::string::npos);
}

TEST(Chart, ProbesAndScale) {
  model::App app = web();
  app.health.path = "/healthz";
  app.scale.min = 2;
  app.scale.max = 5;
  auto values = values_of(app);
  EXPECT_EQ(values["probes"]["readiness"]["httpGet"].dump(), R"({"path":"/healthz","port":"http"})");
  EXPECT_EQ(values["probes"]["startup"]["failureThreshold"], 30);
  EXPECT_FALSE(values["probes"].contains("liveness"));
  EXPECT_EQ(values["autoscaling"].dump(), R"({"cpu":70,"max":5,"min":2})");
}

TEST(Chart, SecretsComeFromTheStoreWhereOneIsKnown) {
  model::App app = web();
  app.secrets = {{"A", ""}, {"B", "kv/other#b"}};
  EXPECT_FALSE(values_of(app)["secrets"].contains("store"));
  ChartContext context;
  context.secrets = "kv/local/shop/web";
  auto values = values_of(app, context);
  EXPECT_EQ(values["secrets"]["data"].dump(),
            R"([{"key":"kv/local/shop/web","name":"A","property":"A"},{"key":"kv/other","name":"B","property":"b"}])");
  EXPECT_EQ(values["env"][0]["valueFrom"]["secretKeyRef"]["name"], "web-secrets");
}

TEST(Chart, SecretsOfEachDelivery) {
  model::App app = web();
  app.secrets = {{"A", "kv/one#a@3"}, {"B", "kv/two#b"}, {"U", "database/creds/shop#username"}};
  ChartContext context;
  context.facilities.delivery.by = "vault-secrets-operator";
  auto values = values_of(app, context);
  EXPECT_EQ(
      values["secrets"]["groups"].dump(),
      R"([{"mount":"kv","path":"one","secret":"web-secrets","version":3},{"mount":"kv","path":"two","secret":"web-secrets-2"}])");
  EXPECT_EQ(values["env"][1]["valueFrom"]["secretKeyRef"].dump(), R"({"key":"b","name":"web-secrets-2"})");
  EXPECT_EQ(values["env"][2]["valueFrom"]["secretKeyRef"].dump(), R"({"key":"username","name":"web-creds-shop"})");
  context.facilities.delivery.by = "agent-injector";
  values = values_of(app, context);
  EXPECT_TRUE(values["env"].empty());
  EXPECT_EQ(values["config"]["A_FILE"], "/vault/secrets/A");
  context.facilities.delivery.by = "external-secrets";
  context.image = "x";
  EXPECT_NE(built_in_values(app, context).error().text().find("secrets.server"), std::string::npos);
}

TEST(Chart, BackupsNeedAPlace) {
  model::App app = web();
  app.type = model::AppType::kStateful;
  app.volumes["data"] = {"/data", "1Gi", ""};
  app.backup.schedule = "daily";
  ChartContext context;
  context.image = "x";
  EXPECT_EQ(built_in_values(app, context).error().code(), Code::kInvalid);
  app.backup.command = {"./dump"};
  EXPECT_EQ(values_of(app, context)["backup"].dump(),
            R"({"command":["./dump"],"maxAge":172800,"schedule":"0 2 * * *"})");
}

TEST(Chart, SameAppSameBytes) {
  model::App app = web();
  app.labels = {{"b", "1"}, {"a", "2"}};
  ChartContext context;
  context.image = "x";
  EXPECT_EQ(*built_in_values(app, context), *built_in_values(app, context));
  context.image = "";
  EXPECT_EQ(built_in_values(app, context).error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace autonomous::app
