#include "gitops/model/app_read.h"

#include <algorithm>

#include "gitops/base/clock.h"
#include "gitops/base/text.h"
#include "gitops/model/chart_name.h"
#include "gitops/model/image.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

std::optional<Millis> duration_of(const Value& record, std::string_view key) {
  const Value* value = record.find(key);
  if (value == nullptr || !value->is_scalar()) return std::nullopt;
  auto parsed = parse_duration(value->text);
  return parsed ? std::optional<Millis>(*parsed) : std::nullopt;
}

std::optional<uint32_t> optional_number(const Value& record, std::string_view key) {
  if (record.find(key) == nullptr) return std::nullopt;
  return static_cast<uint32_t>(number_of(record, key));
}

template <typename Read>
void each(const Value& record, std::string_view key, Read read) {
  const Value* map = record.find(key);
  if (map == nullptr) return;
  for (const Member& member : map->members) read(member.key, member.value);
}

std::map<std::string, std::string> texts_by_name(const Value& record, std::string_view key) {
  std::map<std::string, std::string> out;
  each(record, key, [&](const std::string& name, const Value& value) { out[name] = value.text; });
  return out;
}

std::map<std::string, EnvValue> read_env(const Value& record) {
  std::map<std::string, EnvValue> out;
  each(record, "env", [&](const std::string& name, const Value& value) {
    out[name] = value.is_scalar() ? EnvValue{value.text, ""} : EnvValue{"", text_of(value, "from")};
  });
  return out;
}

Resources read_resources(const Value& record) {
  Resources out;
  const Value* value = record.find("resources");
  if (value == nullptr) return out;
  out.cpu = text_of(*value, "cpu");
  out.memory = text_of(*value, "memory");
  out.storage = text_of(*value, "storage");
  if (const Value* limits = value->find("limits")) {
    out.cpu_limit = text_of(*limits, "cpu");
    out.memory_limit = text_of(*limits, "memory");
    out.storage_limit = text_of(*limits, "storage");
  }
  return out;
}

std::vector<Port> read_ports(const Value& record) {
  std::vector<Port> out;
  if (record.find("port") != nullptr) out.push_back({"http", static_cast<uint16_t>(number_of(record, "port")), "TCP"});
  each(record, "ports", [&](const std::string& name, const Value& value) {
    std::string protocol = text_of(value, "protocol");
    out.push_back({name, static_cast<uint16_t>(number_of(value, "number")), protocol.empty() ? "TCP" : protocol});
  });
  return out;
}

Build read_build(const Value& record) {
  Build out;
  const Value* value = record.find("build");
  if (value == nullptr || !value->is_map()) return out;
  out.context = text_of(*value, "context");
  out.dockerfile = text_of(*value, "dockerfile");
  out.target = text_of(*value, "target");
  out.test = text_of(*value, "test");
  out.command = text_of(*value, "command");
  out.jenkins = text_of(*value, "jenkins");
  out.args = texts_by_name(*value, "args");
  if (flag_of(*value, "external")) {
    out.kind = Build::Kind::kExternal;
  } else if (!out.jenkins.empty()) {
    out.kind = Build::Kind::kJenkins;
  } else if (!out.command.empty()) {
    out.kind = Build::Kind::kCommand;
  } else {
    out.kind = Build::Kind::kDockerfile;
    if (out.dockerfile.empty()) out.dockerfile = "Dockerfile";
  }
  return out;
}

Health read_health(const Value& record) {
  Health out;
  const Value* value = record.find("health");
  if (value == nullptr) return out;
  out.path = text_of(*value, "path");
  out.port = text_of(*value, "port");
  out.liveness = text_of(*value, "liveness");
  out.command = texts_of(value->find("command"));
  out.kind = text_of(*value, "kind");
  if (out.kind.empty()) out.kind = !out.path.empty() ? "http" : !out.command.empty() ? "command" : "";
  out.startup = duration_of(*value, "startup");
  out.interval = duration_of(*value, "interval");
  out.timeout = duration_of(*value, "timeout");
  return out;
}

Scale read_scale(const Value& record) {
  Scale out;
  const Value* value = record.find("scale");
  if (value == nullptr) return out;
  out.min = static_cast<uint32_t>(number_of(*value, "min", 1));
  out.max = static_cast<uint32_t>(number_of(*value, "max", std::max<uint32_t>(out.min, 1)));
  out.cpu = optional_number(*value, "cpu");
  out.memory = optional_number(*value, "memory");
  each(*value, "metrics", [&](const std::string& name, const Value& metric) {
    std::string kind = text_of(metric, "kind");
    out.metrics[name] = {kind.empty() ? "pods" : kind, text_of(metric, "target"), texts_by_name(metric, "selector")};
  });
  out.up_after = duration_of(*value, "up-after");
  out.down_after = duration_of(*value, "down-after");
  if (const Value* behavior = value->find("behavior")) out.behavior = *behavior;
  each(*value, "triggers", [&](const std::string& name, const Value& trigger) { out.triggers[name] = trigger; });
  return out;
}

Strategy read_strategy(const Value& record) {
  Strategy out;
  const Value* value = record.find("strategy");
  if (value == nullptr) return out;
  out.type = text_of(*value, "type");
  if (const Value* steps = value->find("steps")) {
    for (const Value& step : steps->items) out.steps.push_back(static_cast<uint32_t>(std::stoul(step.text)));
  }
  out.pause = duration_of(*value, "pause");
  return out;
}

void read_routes(const Value& record, App& app) {
  each(record, "routes", [&](const std::string& host, const Value& value) {
    Route route;
    route.host = host;
    if (const Value* paths = value.find("path")) route.paths = texts_of(paths);
    route.port = text_of(value, "port");
    route.redirect = text_of(value, "redirect");
    route.timeout = text_of(value, "timeout");
    route.headers = texts_by_name(value, "headers");
    app.routes.push_back(std::move(route));
  });
}

std::map<std::string, Container> read_containers(const Value& record, std::string_view key) {
  std::map<std::string, Container> out;
  each(record, key, [&](const std::string& name, const Value& value) {
    out[name] = {text_of(value, "image"),
                 texts_of(value.find("command")),
                 texts_of(value.find("args")),
                 read_env(value),
                 read_ports(value),
                 read_resources(value)};
  });
  return out;
}

Security read_security(const Value& record) {
  Security out;
  const Value* value = record.find("security");
  if (value == nullptr) return out;
  out.user = optional_number(*value, "user");
  out.group = optional_number(*value, "group");
  out.root = flag_of(*value, "root");
  out.read_only = flag_of(*value, "read-only", true);
  out.writable = texts_of(value->find("writable"));
  return out;
}

void read_workload(const Value& merged, App& app) {
  app.ports = read_ports(merged);
  app.health = read_health(merged);
  app.scale = read_scale(merged);
  app.resources = read_resources(merged);
  app.command = texts_of(merged.find("command"));
  app.args = texts_of(merged.find("args"));
  app.release = texts_of(merged.find("release"));
  app.env = read_env(merged);
  app.secrets = texts_by_name(merged, "secrets");
  read_routes(merged, app);
  app.egress = texts_of(merged.find("egress"));
  each(merged, "alerts", [&](const std::string& name, const Value& value) {
    app.alerts[name] = {flag_of(value, "off"),      text_of(value, "expr"),    text_of(value, "for"),
                        text_of(value, "severity"), text_of(value, "summary"), texts_by_name(value, "labels")};
  });
  app.files = texts_by_name(merged, "files");
  app.schedule = text_of(merged, "schedule");
  app.timezone = text_of(merged, "timezone");
  app.concurrency = text_of(merged, "concurrency");
  each(merged, "volumes", [&](const std::string& name, const Value& value) {
    app.volumes[name] = {text_of(value, "path"), text_of(value, "size"), text_of(value, "access")};
  });
  app.version = text_of(merged, "version");
  app.size = text_of(merged, "size");
  app.instances = static_cast<uint32_t>(number_of(merged, "instances", 1));
  if (const Value* backup = merged.find("backup"))
    app.backup = {text_of(*backup, "schedule"), text_of(*backup, "keep"), texts_of(backup->find("command")),
                  text_of(*backup, "image")};
  app.init = read_containers(merged, "init");
  app.sidecars = read_containers(merged, "sidecars");
  app.security = read_security(merged);
  app.strategy = read_strategy(merged);
  app.spread = flag_of(merged, "spread", true);
  app.parallel = text_of(merged, "start") == "parallel";
  app.retain = flag_of(merged, "retain", true);
  app.dashboard = flag_of(merged, "dashboard", true);
  app.drain = duration_of(merged, "drain");
  app.stop = duration_of(merged, "stop");
  app.retries = optional_number(merged, "retries");
  if (const Value* metrics = merged.find("metrics")) {
    app.metrics = {"metrics", static_cast<uint16_t>(number_of(*metrics, "port")), "TCP"};
    app.metrics_path = text_of(*metrics, "path");
  }
}

std::string fill(std::string text, const App& app) {
  for (auto [word, with] : {std::pair<std::string_view, const std::string&>{"{env}", app.environment},
                            {"{app}", app.name},
                            {"{project}", app.project}}) {
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + with.size()))
      text.replace(at, word.size(), with);
  }
  return text;
}

void read_images(const Value& merged, App& app) {
  if (!app.image.empty() || app.build.kind != Build::Kind::kNone) {
    app.images[app.name] = {app.image, "", app.rendering == Rendering::kChart ? "image" : ""};
  }
  each(merged, "images", [&](const std::string& name, const Value& value) {
    AppImage& image = app.images[name];
    if (value.find("image") != nullptr) image.image = text_of(value, "image");
    if (value.find("replaces") != nullptr) image.replaces = text_of(value, "replaces");
    if (value.find("values") != nullptr) image.values = text_of(value, "values");
  });
}

void read_rendering(const Value& merged, App& app) {
  if (app.rendering == Rendering::kBuiltIn) return;
  read_images(merged, app);
  const std::vector<std::string> files = texts_of(merged.find("value-files"));
  const std::vector<std::string> overlays = texts_of(merged.find("overlays"));
  if (app.rendering == Rendering::kChart) {
    app.chart = text_of(merged, "chart");
    for (const std::string& file : files) app.value_files.push_back({fill(file, app), true});
    app.version = text_of(merged, "version");
    if (merged.find("value-files") == nullptr && !app.environment.empty() && !is_remote_chart(app.chart)) {
      app.value_files.push_back(
          {(app.chart.empty() ? "" : app.chart + "/") + "values-" + app.environment + ".yaml", false});
    }
    if (const Value* values = merged.find("values")) app.values = to_json(*values, true);
    return;
  }
  app.manifests = texts_of(merged.find("manifests"));
  for (const std::string& folder : overlays) app.overlays.push_back({fill(folder, app), true});
  if (merged.find("overlays") != nullptr || app.environment.empty()) return;
  for (const std::string& folder : app.manifests) {
    if (folder.find_first_of("*?!") != std::string::npos) continue;
    app.overlays.push_back({(folder.empty() ? "" : folder + "/") + "overlays/" + app.environment, false});
  }
}

}  // namespace

Rendering rendering_of(const Value& merged) {
  if (merged.find("chart") != nullptr) return Rendering::kChart;
  return merged.find("manifests") != nullptr ? Rendering::kManifests : Rendering::kBuiltIn;
}

void read_app(const Value& merged, App& app) {
  static const std::map<std::string_view, AppType> kTypes = {
      {"web", AppType::kWeb},    {"worker", AppType::kWorker},     {"cron", AppType::kCron},
      {"job", AppType::kJob},    {"stateful", AppType::kStateful}, {"postgres", AppType::kPostgres},
      {"redis", AppType::kRedis}};
  auto type = kTypes.find(text_of(merged, "type"));
  if (type != kTypes.end()) app.type = type->second;
  app.rendering = rendering_of(merged);
  app.image = text_of(merged, "image");
  app.build = read_build(merged);
  app.paths = texts_of(merged.find("paths"));
  app.needs = texts_of(merged.find("needs"));
  app.calls = texts_of(merged.find("calls"));
  app.timeout = duration_of(merged, "timeout");
  app.labels = texts_by_name(merged, "labels");
  app.annotations = texts_by_name(merged, "annotations");
  app.extra = texts_of(merged.find("extra"));
  each(merged, "patches", [&](const std::string& name, const Value& value) { app.patches[name] = value; });
  app.renamed_from = text_of(merged, "renamed-from");
  read_workload(merged, app);
  read_rendering(merged, app);
  app.merged = merged;
}

Value built_in_defaults(const Value& merged) {
  Value out = Value::map();
  out.set("type", Value::scalar("web"));
  if (rendering_of(merged) != Rendering::kBuiltIn) return out;
  const std::string type = text_of(merged, "type");
  if (type == "cron") {
    out.set("concurrency", Value::scalar("forbid"));
    out.set("timezone", Value::scalar("UTC"));
  } else if (type == "postgres" || type == "redis") {
    out.set("instances", Value::scalar("1"));
  } else if (type != "job") {
    Value scale = Value::map();
    scale.set("min", Value::scalar("1"));
    scale.set("max", Value::scalar("1"));
    // As read_scale: a minimum alone raises the maximum with it.
    if (const Value* own = merged.find("scale"); own != nullptr && own->find("min") != nullptr) {
      scale.set("max", Value::scalar(std::to_string(std::max<uint64_t>(1, number_of(*own, "min")))));
    }
    out.set("scale", std::move(scale));
  }
  return out;
}

std::string_view app_type_name(AppType type) {
  switch (type) {
    case AppType::kWeb: return "web";
    case AppType::kWorker: return "worker";
    case AppType::kCron: return "cron";
    case AppType::kJob: return "job";
    case AppType::kStateful: return "stateful";
    case AppType::kPostgres: return "postgres";
    case AppType::kRedis: return "redis";
  }
  return "";
}

Result<Binding> parse_binding(std::string_view text) {
  size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
    return fail(Code::kInvalid, "expected app.output (db.url), not '", one_line(text, 60), "'");
  }
  return Binding{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

}  // namespace autonomous::model
