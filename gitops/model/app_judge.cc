// What must hold between the parts of an app.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/model/app_read.h"
#include "gitops/model/chart_name.h"
#include "gitops/model/image.h"
#include "gitops/model/shape.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

struct Judge {
  const App& app;
  const Value& own;
  std::vector<Error>& errors;
  std::vector<Error>& warnings;
  std::string name = "apps." + app.name;

  const Value* at(std::string_view key) const {
    const Value* value = app.merged.find(key);
    return value != nullptr ? value : &app.merged;
  }
  void error(const Value* where, const std::string& key, std::string message, std::string hint = "") {
    Error error = shape_error(where->place(), key.empty() ? name : name + "." + key, std::move(message));
    errors.push_back(hint.empty() ? std::move(error) : std::move(error).hint(std::move(hint)));
  }
  void warning(const Value* where, const std::string& key, std::string message, std::string hint = "") {
    Error error = shape_error(where->place(), name + "." + key, std::move(message));
    warnings.push_back(hint.empty() ? std::move(error) : std::move(error).hint(std::move(hint)));
  }
};

bool is_preset(AppType type) { return type == AppType::kPostgres || type == AppType::kRedis; }

void judge_origin(Judge& j) {
  const Value& merged = j.app.merged;
  const bool chart = merged.find("chart") != nullptr;
  const bool manifests = merged.find("manifests") != nullptr;
  if (chart && manifests) j.error(j.at("manifests"), "manifests", "an app has a chart or manifests, not both");
  if (!j.app.image.empty() && j.app.build.kind != Build::Kind::kNone) {
    j.error(j.at("build"), "build", "an app has an image or a build, not both");
  }
  if (!chart && !manifests && j.app.image.empty() && j.app.build.kind == Build::Kind::kNone && !is_preset(j.app.type)) {
    j.error(&j.own, "", "there is nothing to run: neither image, build, chart nor manifests",
            "image: registry.example.com/" + j.app.name +
                "@sha256:…, or build: {context: .}, or chart: deploy/chart, or manifests: k8s/");
  }
  if (const Value* build = merged.find("build"); build != nullptr && build->is_map()) {
    size_t ways = 0;
    for (const char* way : {"external", "jenkins", "command", "dockerfile"})
      ways += build->find(way) != nullptr ? 1 : 0;
    if (ways > 1) j.error(build, "build", "one way to build is wanted: external, jenkins, command or a Dockerfile");
  }
}

// A chart that is fetched, and its version.
void judge_chart(Judge& j) {
  if (j.app.rendering != Rendering::kChart) return;
  auto named = chart_name(j.app.chart, j.app.version);
  if (named) return;
  const bool place_is_right = !is_remote_chart(j.app.chart) || chart_name(j.app.chart, "1.0.0");
  const char* key = place_is_right && !j.app.version.empty() ? "version" : "chart";
  j.error(j.at(key), key, std::string(named.error().message()), std::string(named.error().hint()));
}

// Keys that the built-in chart reads mean nothing to somebody else's chart: silence would look like success.
void judge_foreign(Judge& j) {
  if (j.app.rendering == Rendering::kBuiltIn) {
    for (const char* key : {"values", "value-files", "images", "overlays"}) {
      if (const Value* value = j.own.find(key)) {
        j.error(value, key, std::string("'") + key + "' is for an app with its own chart or manifests");
      }
    }
    return;
  }
  const bool chart = j.app.rendering == Rendering::kChart;
  for (const Member& member : j.own.members) {
    if (is_built_in_only(member.key) && !(chart && member.key == "version")) {
      j.errors.push_back(shape_error(member.place(), j.name,
                                     "'" + member.key + "' is for the built-in chart; this app brings its own " +
                                         (chart ? "chart" : "manifests"))
                             .hint(chart ? "set it through `values:`" : "set it through `overlays:` or `patches:`"));
    }
  }
  for (const char* key : {"values", "value-files"}) {
    if (const Value* value = j.own.find(key); value != nullptr && !chart)
      j.error(value, key, std::string("'") + key + "' is for charts");
  }
  if (const Value* value = j.own.find("overlays"); value != nullptr && chart)
    j.error(value, "overlays", "'overlays' is for plain manifests", "value-files: …");
}

void judge_image(Judge& j, const Value* where, const std::string& key, const std::string& image) {
  if (image.empty()) return;
  auto parsed = ImageRef::parse(image);
  if (!parsed || !parsed->digest.empty()) return;
  j.warning(
      where, key,
      "'" + image + "' has no digest: what the " + (parsed->tag.empty() ? "name" : "tag") + " stands for may change",
      "image: " + image + "@sha256:…");
}

void judge_images(Judge& j) {
  if (!is_preset(j.app.type)) judge_image(j, j.at("image"), "image", j.app.image);
  if (const Value* images = j.app.merged.find("images")) {
    for (const Member& member : images->members)
      judge_image(j, &member.value, "images." + member.key, text_of(member.value, "image"));
  }
}

void judge_ports(Judge& j) {
  const std::vector<Port>& ports = j.app.ports;
  for (size_t i = 0; i < ports.size(); ++i) {
    for (size_t k = i + 1; k < ports.size(); ++k) {
      if (ports[i].name == ports[k].name)
        j.error(j.at("ports"), "ports", "'port' and 'ports' both give '" + ports[i].name + "'");
      if (ports[i].number == ports[k].number && ports[i].protocol == ports[k].protocol) {
        j.error(j.at("ports"), "ports", "'" + ports[i].name + "' and '" + ports[k].name + "' have the same number");
      }
    }
  }
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  auto known = [&](const Value* where, const std::string& key, const std::string& port) {
    if (port.empty() || std::find(names.begin(), names.end(), port) != names.end()) return;
    std::string near = nearest(port, names);
    j.error(where, key, "there is no port '" + port + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
  };
  if (const Value* health = j.app.merged.find("health")) {
    known(health, "health", j.app.health.port);
    const std::string& kind = j.app.health.kind;
    if ((kind == "http" || kind == "tcp" || kind == "grpc") && ports.empty())
      j.error(health, "health", "there is no port to ask", "port: 8080");
    if (kind == "command" && j.app.health.command.empty()) j.error(health, "health", "kind command needs a command");
    if (kind == "http" && j.app.health.path.empty()) j.error(health, "health", "kind http needs a path");
  }
  for (const Route& route : j.app.routes) {
    known(j.at("routes"), "routes." + route.host, route.port);
    if (ports.empty() && route.redirect.empty())
      j.error(j.at("routes"), "routes." + route.host, "there is no port to send requests to", "port: 8080");
  }
  if (j.app.type == AppType::kWeb && j.app.rendering == Rendering::kBuiltIn && ports.empty()) {
    j.error(&j.own, "", "a web app needs a port", "port: 8080, or type: worker for an app that listens nowhere");
  }
}

// What only one kind of app can have.
void judge_kind(Judge& j) {
  const App& app = j.app;
  const bool set = app.type == AppType::kStateful || app.type == AppType::kRedis;
  const bool deployed = app.type == AppType::kWeb || app.type == AppType::kWorker;
  if (const Value* backup = j.own.find("backup"); backup != nullptr && !set && app.type != AppType::kPostgres)
    j.error(backup, "backup", "only what has volumes can be backed up: a stateful app, postgres or redis");
  if (!app.backup.command.empty() && app.type == AppType::kPostgres)
    j.error(j.at("backup"), "backup.command", "a database is backed up by its operator, not by a command");
  for (const char* key : {"start", "retain"}) {
    if (const Value* value = j.own.find(key); value != nullptr && !set)
      j.error(value, key, std::string("only a stateful app has `") + key + "`", "type: stateful");
  }
  const std::string& strategy = app.strategy.type;
  if ((strategy == "canary" || strategy == "blue-green") && !deployed)
    j.error(j.at("strategy"), "strategy", strategy + " is for web and worker apps");
  if (!app.strategy.steps.empty() && strategy != "canary")
    j.error(j.at("strategy"), "strategy.steps", "only a canary has steps", "strategy: {type: canary, steps: [10, 50]}");
  if (!std::is_sorted(app.strategy.steps.begin(), app.strategy.steps.end()))
    j.error(j.at("strategy"), "strategy.steps", "the steps of a canary grow: [10, 25, 50]");
  if (app.scale.min == 0 && app.scale.max > 0 && app.scale.triggers.empty() && (deployed || set) &&
      j.app.merged.find("scale") != nullptr && j.app.merged.find("scale")->find("max") != nullptr)
    j.error(j.at("scale"), "scale.min", "only KEDA scales from nothing", "scale: {min: 1, …}, or triggers: {…}");
  if (const Value* alerts = app.merged.find("alerts")) {
    for (const Member& alert : alerts->members) {
      const Alert& read = app.alerts.at(alert.key);
      if (!read.off && read.expr.empty())
        j.error(&alert.value, "alerts." + alert.key, "an alert needs an expression",
                "expr: rate(errors_total[5m]) > 1");
    }
  }
}

void judge_rest(Judge& j) {
  const App& app = j.app;
  if (app.scale.min > app.scale.max) {
    j.error(j.at("scale"), "scale",
            "min " + std::to_string(app.scale.min) + " is more than max " + std::to_string(app.scale.max));
  }
  const bool cron = app.type == AppType::kCron;
  if (app.rendering == Rendering::kBuiltIn && cron && app.schedule.empty())
    j.error(&j.own, "", "a cron app needs a schedule", "schedule: daily");
  if (!cron && j.own.find("schedule") != nullptr) {
    j.error(j.own.find("schedule"), "schedule", "only a cron app has a schedule", "type: cron");
  }
  if (const Value* volumes = j.own.find("volumes"); volumes != nullptr && app.type != AppType::kStateful) {
    j.error(volumes, "volumes", "only a stateful app has volumes", "type: stateful");
  }
}

}  // namespace

void judge_app(const App& app, const Value& own, std::vector<Error>& errors, std::vector<Error>& warnings) {
  Judge judge{app, own, errors, warnings};
  judge_origin(judge);
  judge_chart(judge);
  judge_foreign(judge);
  judge_images(judge);
  if (app.rendering == Rendering::kBuiltIn) judge_ports(judge);
  judge_rest(judge);
  if (app.rendering == Rendering::kBuiltIn) judge_kind(judge);
}

}  // namespace autonomous::model
