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
  auto env = values_of(app)["env"];
  EXPECT_EQ(env.dump(),
            R"([{"name":"PORT","value":"8080"},{"name":"A","value":"1.10"},{"name":"B","value":"yes $$(A) $A"}])");
}

TEST(Chart, Bindings) {
  model::App app = web();
  model::App api = web();
  app.env["API"] = {"", "api.url"};
  app.env["DB"] = {"", "db.url"};
  ChartContext context;
  context.others["api"] = &api;
  auto env = values_of(app, context)["env"];
  EXPECT_EQ(env[1].dump(), R"({"name":"API","value":"http://api:8080"})");
  EXPECT_EQ(env[2]["valueFrom"]["secretKeyRef"].dump(), R"({"key":"uri","name":"db-app"})");
  app.env["X"] = {"", "db.colour"};
  EXPECT_EQ(built_in_values(app, {.image = "x"}).error().code(), Code::kInvalid);
}

TEST(Chart, ProbesAndScale) {
  model::App app = web();
  app.health.path = "/healthz";
  app.scale = {2, 5, std::nullopt, std::nullopt};
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
  EXPECT_EQ(values["env"][1]["valueFrom"]["secretKeyRef"]["name"], "web-secrets");
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
