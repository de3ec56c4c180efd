// What runs: probes, scale, the way a new version takes over, rights, volumes, backups.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/yaml/json.h"
#include "render/app/chart_parts.h"

namespace autonomous::app {
namespace {

using model::App;
using model::AppType;

// By YAML's rules: numbers and booleans are what they look like. Its text is flow style that this project wrote itself.
Json to_json_value(const model::Value& value) {
  auto read = yaml::to_ordered_json(model::to_json(value, true));
  return read ? *read : Json();
}

// ---- probes ----

Json check_of(const App& app, const std::string& path) {
  const model::Health& health = app.health;
  std::string port = !health.port.empty() ? health.port : app.ports.empty() ? "http" : app.ports.front().name;
  if (!path.empty()) return {{"httpGet", {{"path", path}, {"port", port}}}};
  if (!health.command.empty()) return {{"exec", {{"command", health.command}}}};
  if (health.kind == "tcp") return {{"tcpSocket", {{"port", port}}}};
  uint16_t number = main_port(app);
  for (const model::Port& each : app.ports) number = each.name == port ? each.number : number;
  return {{"grpc", {{"port", number}}}};
}

Json probes_of(const App& app) {
  const model::Health& health = app.health;
  Json out = Json::object();
  int64_t period = health.interval ? seconds(*health.interval) : 10;
  int64_t timeout = health.timeout ? seconds(*health.timeout) : 2;
  if (!health.path.empty() || !health.command.empty() || health.kind == "tcp" || health.kind == "grpc") {
    Json readiness = check_of(app, health.path);
    Json startup = readiness;
    readiness["periodSeconds"] = period;
    readiness["timeoutSeconds"] = timeout;
    constexpr int64_t kStartupPeriod = 2;
    int64_t patience = health.startup ? seconds(*health.startup) : 60;
    startup["periodSeconds"] = kStartupPeriod;
    startup["timeoutSeconds"] = timeout;
    startup["failureThreshold"] = (patience + kStartupPeriod - 1) / kStartupPeriod;
    out["readiness"] = std::move(readiness);
    out["startup"] = std::move(startup);
  }
  if (!health.liveness.empty()) {
    Json liveness = check_of(app, health.liveness);
    liveness["periodSeconds"] = period;
    liveness["timeoutSeconds"] = timeout;
    out["liveness"] = std::move(liveness);
  }
  return out;
}

// ---- scale ----

Json metric_of(const std::string& name, const model::Metric& metric) {
  Json which = {{"name", name}};
  if (!metric.selector.empty()) which["selector"] = {{"matchLabels", metric.selector}};
  Json inner = {{"metric", std::move(which)}, {"target", {{"type", "AverageValue"}, {"averageValue", metric.target}}}};
  if (metric.kind == "external") return {{"type", "External"}, {"external", std::move(inner)}};
  return {{"type", "Pods"}, {"pods", std::move(inner)}};
}

Json behavior_of(const model::Scale& scale) {
  Json out = scale.behavior.is_map() ? to_json_value(scale.behavior) : Json::object();
  if (scale.up_after) out["scaleUp"]["stabilizationWindowSeconds"] = seconds(*scale.up_after);
  if (scale.down_after) out["scaleDown"]["stabilizationWindowSeconds"] = seconds(*scale.down_after);
  return out;
}

Json trigger_of(const std::string& name, const model::Value& trigger) {
  Json out = {{"type", trigger.find("type")->text}, {"name", name}, {"metadata", Json::object()}};
  if (const model::Value* metadata = trigger.find("metadata")) {
    for (const model::Member& member : metadata->members) out["metadata"][member.key] = member.value.text;
  }
  if (const model::Value* authentication = trigger.find("authentication"))
    out["authenticationRef"] = {{"name", authentication->text}};
  return out;
}

Result<void> put_scale(const App& app, const ChartContext& context, Json& out) {
  const model::Scale& scale = app.scale;
  out["replicas"] = app.type == AppType::kRedis ? app.instances : scale.min;
  if (context.facilities.has_operator("vertical-pod-autoscaler")) out["recommendations"] = true;
  if (!scale.triggers.empty() && !context.facilities.has_operator("keda"))
    return fail(Code::kInvalid, "scale.triggers: this environment has no KEDA")
        .hint("platform.yaml, environments." + app.environment +
              ": operators: [keda]; or scale by cpu, memory or metrics");
  // `scale: 0` stops the app; only KEDA scales from nothing.
  if (scale.triggers.empty() && (scale.max <= scale.min || scale.min == 0)) return ok();
  Json scaling = {{"min", scale.min}, {"max", scale.max}};
  if (scale.cpu) scaling["cpu"] = *scale.cpu;
  if (scale.memory) scaling["memory"] = *scale.memory;
  constexpr int kTarget = 70;
  if (!scale.cpu && !scale.memory && scale.metrics.empty() && scale.triggers.empty()) scaling["cpu"] = kTarget;
  for (const auto& [name, metric] : scale.metrics) scaling["metrics"].push_back(metric_of(name, metric));
  for (const auto& [name, trigger] : scale.triggers) scaling["triggers"].push_back(trigger_of(name, trigger));
  if (Json behavior = behavior_of(scale); !behavior.empty()) scaling["behavior"] = std::move(behavior);
  out["autoscaling"] = std::move(scaling);
  return ok();
}

// ---- how a new version takes over ----

std::string pause_of(const model::Strategy& strategy) {
  constexpr int64_t kPause = 300;
  return std::to_string(strategy.pause ? seconds(*strategy.pause) : kPause) + "s";
}

Json canary_of(const model::Strategy& strategy) {
  static const std::vector<uint32_t> kSteps = {10, 50};
  Json steps = Json::array();
  for (uint32_t weight : strategy.steps.empty() ? kSteps : strategy.steps) {
    steps.push_back({{"setWeight", weight}});
    if (weight < 100) steps.push_back({{"pause", {{"duration", pause_of(strategy)}}}});
  }
  return {{"canary", {{"steps", std::move(steps)}}}};
}

Result<void> put_strategy(const App& app, const ChartContext& context, Json& out) {
  const std::string& type = app.strategy.type;
  bool exclusive = false;  // a volume that one node holds can't be had by the old and the new pod at once
  for (const auto& [name, volume] : app.volumes) exclusive = exclusive || !starts_with(volume.access, "ReadWriteMany");
  if (type == "canary" || type == "blue-green") {
    if (!context.facilities.has_operator("argo-rollouts"))
      return fail(Code::kInvalid, "strategy: ", type, " needs Argo Rollouts, which this environment does not have")
          .hint("platform.yaml, environments." + app.environment +
                ": operators: [argo-rollouts]; or strategy: rolling");
    if (type == "canary") {
      out["rollout"] = canary_of(app.strategy);
    } else {
      constexpr int64_t kPause = 300;
      out["rollout"] = {
          {"blueGreen", {{"autoPromotionSeconds", app.strategy.pause ? seconds(*app.strategy.pause) : kPause}}}};
    }
  } else if (type == "recreate" || (exclusive && type.empty())) {
    out["strategy"] = {{"type", "Recreate"}};
  } else {
    out["strategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", "25%"}, {"maxUnavailable", 0}}}};
  }
  if (app.stop) out["stopSeconds"] = seconds(*app.stop);
  constexpr int64_t kDrain = 5;  // what proxies take to learn that a pod goes
  if (app.drain) {
    if (app.drain->count() > 0) out["drainSeconds"] = seconds(*app.drain);
  } else if (app.type == AppType::kWeb && !app.ports.empty()) {
    out["drainSeconds"] = app.stop ? std::min(kDrain, seconds(*app.stop)) : kDrain;
  }
  if (app.timeout) out["deadlineSeconds"] = seconds(*app.timeout);
  if (app.retries) out["retries"] = *app.retries;
  if (!app.spread) out["spread"] = false;
  if (app.parallel) out["parallel"] = true;
  if (!app.retain) out["retain"] = false;
  return ok();
}

void put_security(const App& app, Json& out) {
  out["root"] = app.security.root;
  if (app.security.user) out["user"] = *app.security.user;
  if (app.security.group) out["group"] = *app.security.group;
  out["readOnly"] = app.security.read_only;
  Json writable = Json::array({"/tmp"});
  for (const std::string& path : app.security.writable) {
    if (path != "/tmp") writable.push_back(path);
  }
  out["writable"] = std::move(writable);
}

// ---- what lasts ----

void put_volumes(const App& app, const ChartContext& context, Json& out) {
  Json volumes = Json::array();
  auto add = [&](const std::string& name, const std::string& path, const std::string& size, const std::string& access) {
    Json volume = {{"name", name},
                   {"path", path},
                   {"size", size.empty() ? "1Gi" : size},
                   {"access", access.empty() ? "ReadWriteOnce" : access}};
    const std::string& kind = context.facilities.storage.class_name;
    if (!kind.empty()) volume["class"] = kind;
    volumes.push_back(std::move(volume));
  };
  for (const auto& [name, volume] : app.volumes) add(name, volume.path, volume.size, volume.access);
  if (app.type == AppType::kRedis && volumes.empty()) add("data", "/data", app.size, "");
  if (is_set(app) && !volumes.empty() && !context.facilities.storage.tools.empty())
    out["growth"] = {{"image", context.facilities.storage.tools}};
  out["volumes"] = std::move(volumes);
}

void put_files(const ChartContext& context, Json& out) {
  Json files = Json::array();
  for (const auto& [path, content] : context.files) {
    // A key takes letters, digits, '-', '_' and '.': its number keeps those apart that become the same.
    std::string key = "f" + std::to_string(files.size());
    for (char c : path) {
      bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
      key += plain ? c : '-';
    }
    files.push_back({{"key", key.substr(0, 200)}, {"path", path}, {"content", content}});
  }
  out["files"] = std::move(files);
}

// `daily` and its kin as five fields; CloudNativePG and CronJobs take no words.
std::string fields_of(const std::string& schedule) {
  static const std::map<std::string, std::string> kWords = {{"hourly", "0 * * * *"},
                                                            {"daily", "0 2 * * *"},
                                                            {"weekly", "0 2 * * 0"},
                                                            {"monthly", "0 2 1 * *"},
                                                            {"yearly", "0 2 1 1 *"}};
  auto word = kWords.find(starts_with(schedule, "@") ? schedule.substr(1) : schedule);
  return word == kWords.end() ? schedule : word->second;
}

// Two of the longest gaps between runs: then one was missed.
int64_t oldest_backup(const std::string& schedule) {
  constexpr int64_t kDay = 86400;
  std::string fields = fields_of(schedule);
  std::vector<std::string_view> parts;
  for (std::string_view part : split(fields, ' ')) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.size() != 5) return 2 * kDay;
  if (parts[3] != "*") return 2 * 366 * kDay;
  if (parts[2] != "*") return 2 * 31 * kDay;
  if (parts[4] != "*") return 2 * 7 * kDay;
  return 2 * kDay;
}

Result<void> put_backup(const App& app, const ChartContext& context, Json& out) {
  const model::Backup& given = app.backup;
  if (given.schedule.empty()) return ok();
  const model::Facilities::Storage& storage = context.facilities.storage;
  Json backup = {{"schedule", fields_of(given.schedule)}, {"maxAge", oldest_backup(given.schedule)}};
  if (!given.keep.empty()) {
    auto keep = parse_duration(given.keep);
    if (app.type == AppType::kPostgres) {
      constexpr int64_t kDay = 86400;
      backup["keep"] = std::to_string((seconds(*keep) + kDay - 1) / kDay) + "d";
    }
    backup["keepSeconds"] = seconds(*keep);
  }
  if (!given.command.empty()) {
    backup["command"] = given.command;
    if (!given.image.empty()) backup["image"] = given.image;
  } else {
    bool objects = app.type == AppType::kPostgres && storage.objects.is_map();
    if (objects) backup["objects"] = to_json_value(storage.objects);
    if (!storage.snapshot_class.empty()) backup["snapshots"] = storage.snapshot_class;
    if (!objects && storage.snapshot_class.empty())
      return fail(Code::kInvalid, "backup: this environment has neither volume snapshots nor a place for backups")
          .hint("platform.yaml, environments." + app.environment + ": storage: {snapshots: {class: …, image: …}}" +
                (app.type == AppType::kPostgres ? ", or storage: {objects: {destinationPath: …}}"
                                                : "; or backup: {command: …}"));
    if (app.type != AppType::kPostgres) {
      if (storage.snapshot_image.empty())
        return fail(Code::kInvalid, "backup: snapshots by schedule need an image with kubectl and a shell")
            .hint("platform.yaml, environments." + app.environment +
                  ": storage: {snapshots: {class: " + storage.snapshot_class + ", image: …}}");
      backup["image"] = storage.snapshot_image;
    }
  }
  out["backup"] = std::move(backup);
  return ok();
}

Result<Json> further(const std::map<std::string, model::Container>& containers, bool sidecars,
                     const ChartContext& context) {
  Json out = Json::array();
  for (const auto& [name, container] : containers) {
    Json entry = {{"name", name}, {"image", container.image.empty() ? context.image : container.image}};
    if (!container.command.empty()) entry["command"] = container.command;
    if (!container.args.empty()) entry["args"] = container.args;
    TRY_WITH(Json env, "in the container " + name, container_environment(container.env, context));
    if (!env.empty()) entry["env"] = std::move(env);
    Json ports = Json::array();
    for (const model::Port& port : container.ports) {
      ports.push_back({{"name", port.name}, {"containerPort", port.number}, {"protocol", port.protocol}});
    }
    if (!ports.empty()) entry["ports"] = std::move(ports);
    entry["resources"] = resources_of(container.resources, true);
    if (sidecars) entry["restartPolicy"] = "Always";  // Kubernetes' own kind of sidecar: a job with one ends
    out.push_back(std::move(entry));
  }
  return out;
}

void put_run_by_schedule(const App& app, Json& out) {
  if (!app.schedule.empty()) out["schedule"] = fields_of(app.schedule);
  if (!app.timezone.empty()) out["timeZone"] = app.timezone;
  if (app.concurrency.empty()) return;
  std::string word = app.concurrency;
  word[0] = static_cast<char>(word[0] & ~0x20);  // forbid → Forbid
  out["concurrency"] = word;
}

}  // namespace

Json resources_of(const model::Resources& given, bool defaults) {
  Json requests = Json::object();
  Json limits = Json::object();
  auto put = [](Json& to, const char* key, const std::string& value) {
    if (!value.empty()) to[key] = value;
  };
  // The scheduler packs pods by their requests: without any, a busy neighbour starves them.
  put(requests, "cpu", given.cpu.empty() && defaults ? "100m" : given.cpu);
  put(requests, "memory", given.memory.empty() && defaults ? "128Mi" : given.memory);
  put(requests, "ephemeral-storage", given.storage);
  put(limits, "cpu", given.cpu_limit);
  put(limits, "memory", given.memory_limit);
  put(limits, "ephemeral-storage", given.storage_limit);
  Json out = Json::object();
  if (!requests.empty()) out["requests"] = requests;
  if (!limits.empty()) out["limits"] = limits;
  return out;
}

Result<void> put_workload(const App& app, const ChartContext& context, Json& out) {
  out["command"] = app.command;
  out["args"] = app.args;
  out["release"] = app.release;
  out["probes"] = probes_of(app);
  out["resources"] = resources_of(app.resources, app.type != AppType::kPostgres);
  TRY_DO(put_scale(app, context, out));
  TRY_DO(put_strategy(app, context, out));
  put_security(app, out);
  put_volumes(app, context, out);
  put_files(context, out);
  TRY(out["init"], further(app.init, false, context));
  TRY(out["sidecars"], further(app.sidecars, true, context));
  put_run_by_schedule(app, out);
  TRY_DO(put_backup(app, context, out));
  if (app.type == AppType::kPostgres) {
    out["database"] = {{"size", app.size.empty() ? "10Gi" : app.size}, {"instances", app.instances}};
    const std::string& kind = context.facilities.storage.class_name;
    if (!kind.empty()) out["database"]["class"] = kind;
  }
  return ok();
}

}  // namespace autonomous::app
