// An app of the spec → the values of the built-in chart (chart/values.yaml says what each is).
#include <nlohmann/json.hpp>

#include "gitops/base/text.h"
#include "gitops/yaml/json.h"
#include "render/app/chart.h"

namespace autonomous::app {
namespace {

using Json = nlohmann::ordered_json;
using model::App;
using model::AppType;

int64_t seconds(Millis time) { return std::max<int64_t>(1, (time.count() + 999) / 1000); }

// Kubernetes expands $(NAME) in values; what the spec says is meant literally.
std::string literal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '(') out += '$';
    out += text[i];
  }
  return out;
}

Json secret_reference(const std::string& secret, const std::string& key) {
  return {{"valueFrom", {{"secretKeyRef", {{"name", secret}, {"key", key}}}}}};
}

uint16_t main_port(const App& app) { return app.ports.empty() ? 0 : app.ports.front().number; }

// What one app tells another. A database's come from the Secret that its operator keeps (CloudNativePG: <app>-app).
Result<Json> bound(const std::string& from, const ChartContext& context) {
  TRY(model::Binding binding, model::parse_binding(from));
  auto found = context.others.find(binding.app);
  const App* other = found == context.others.end() ? nullptr : found->second;
  if (other == nullptr || other->type == AppType::kPostgres) {
    static const std::map<std::string, std::string> kKeys = {{"url", "uri"},           {"host", "host"},
                                                             {"port", "port"},         {"user", "user"},
                                                             {"password", "password"}, {"name", "dbname"}};
    auto key = kKeys.find(binding.output);
    if (key == kKeys.end())
      return fail(Code::kInvalid, "a database has no output `", binding.output,
                  "`: it is url, host, port, user, password or name");
    return secret_reference(binding.app + "-app", key->second);
  }
  std::string port = std::to_string(other->type == AppType::kRedis ? 6379 : main_port(*other));
  std::string scheme = other->type == AppType::kRedis ? "redis://" : "http://";
  if (binding.output == "host") return Json{{"value", binding.app}};
  if (binding.output == "port") return Json{{"value", port}};
  if (binding.output == "url") return Json{{"value", scheme + binding.app + ":" + port}};
  return fail(Code::kInvalid, "`", binding.app, "` has no output `", binding.output, "`: it is url, host or port");
}

Result<Json> environment(const std::map<std::string, model::EnvValue>& env, const ChartContext& context) {
  Json out = Json::array();
  for (const auto& [name, value] : env) {
    Json entry = {{"name", name}};
    if (value.from.empty()) {
      entry["value"] = literal(value.text);
    } else {
      TRY_WITH(Json source, "in env." + name, bound(value.from, context));
      entry.update(source);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

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

Json ports_of(const std::vector<model::Port>& ports) {
  Json out = Json::array();
  for (const model::Port& port : ports) {
    out.push_back({{"name", port.name}, {"port", port.number}, {"protocol", port.protocol}});
  }
  return out;
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

// ---- what has its own section in the values ----

void put_scale(const App& app, Json& out) {
  out["replicas"] = app.type == AppType::kRedis ? app.instances : app.scale.min;
  if (app.scale.max <= app.scale.min) return;
  Json scaling = {{"min", app.scale.min}, {"max", app.scale.max}};
  if (app.scale.cpu) scaling["cpu"] = *app.scale.cpu;
  if (app.scale.memory) scaling["memory"] = *app.scale.memory;
  constexpr int kTarget = 70;
  if (!app.scale.cpu && !app.scale.memory) scaling["cpu"] = kTarget;
  out["autoscaling"] = std::move(scaling);
}

void put_strategy(const App& app, Json& out) {
  bool exclusive = false;  // a volume that one node holds can't be had by the old and the new pod at once
  for (const auto& [name, volume] : app.volumes) exclusive = exclusive || !starts_with(volume.access, "ReadWriteMany");
  if (app.strategy == "recreate" || (exclusive && app.strategy.empty())) {
    out["strategy"] = {{"type", "Recreate"}};
  } else {
    out["strategy"] = {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", "25%"}, {"maxUnavailable", 0}}}};
  }
  if (app.stop) out["stopSeconds"] = seconds(*app.stop);
  if (app.timeout) out["deadlineSeconds"] = seconds(*app.timeout);
  if (app.retries) out["retries"] = *app.retries;
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

void put_volumes(const App& app, Json& out) {
  Json volumes = Json::array();
  for (const auto& [name, volume] : app.volumes) {
    std::string access = volume.access.empty() ? "ReadWriteOnce" : volume.access;
    std::string size = volume.size.empty() ? "1Gi" : volume.size;
    volumes.push_back({{"name", name}, {"path", volume.path}, {"size", size}, {"access", access}});
  }
  if (app.type == AppType::kRedis && volumes.empty()) {
    volumes.push_back({{"name", "data"},
                       {"path", "/data"},
                       {"size", app.size.empty() ? "1Gi" : app.size},
                       {"access", "ReadWriteOnce"}});
  }
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

void put_secrets(const App& app, const ChartContext& context, Json& out) {
  if (app.secrets.empty()) return;
  Json data = Json::array();
  bool found = true;
  for (const auto& [name, written] : app.secrets) {
    std::string place = written.empty() ? context.secrets : written;
    size_t hash = place.find('#');
    std::string property = hash == std::string::npos ? name : place.substr(hash + 1);
    found = found && !place.empty();
    data.push_back({{"name", name}, {"key", place.substr(0, hash)}, {"property", property}});
    Json entry = {{"name", name}};
    entry.update(secret_reference(app.name + "-secrets", name));
    out["env"].push_back(std::move(entry));
  }
  Json secrets = {{"data", std::move(data)}};
  if (found) secrets["store"] = {{"kind", "ClusterSecretStore"}, {"name", "vault"}};
  out["secrets"] = std::move(secrets);
}

void put_routes(const App& app, const ChartContext& context, Json& out) {
  Json routes = Json::array();
  for (const model::Route& route : app.routes) {
    std::string port = !route.port.empty() ? route.port : app.ports.empty() ? "" : app.ports.front().name;
    uint16_t number = main_port(app);
    for (const model::Port& each : app.ports) number = each.name == port ? each.number : number;
    Json entry = {{"host", route.host}, {"paths", route.paths}, {"port", port}, {"number", number}};
    if (!route.redirect.empty()) entry["redirect"] = route.redirect;
    if (!route.timeout.empty()) entry["timeout"] = route.timeout;
    if (!route.headers.empty()) entry["headers"] = route.headers;
    routes.push_back(std::move(entry));
  }
  if (routes.empty() && app.type == AppType::kWeb && !context.domain.empty() && !app.ports.empty()) {
    routes.push_back(
        {{"host", context.domain}, {"paths", {"/"}}, {"port", app.ports.front().name}, {"number", main_port(app)}});
  }
  out["routes"] = std::move(routes);
}

void put_network(const App& app, const ChartContext& context, Json& out) {
  if (!context.strict_network) return;
  Json ports = Json::array();
  for (const std::string& egress : app.egress) {
    size_t colon = egress.rfind(':');
    int64_t port = colon == std::string::npos ? 443 : std::strtol(egress.c_str() + colon + 1, nullptr, 10);
    if (std::find(ports.begin(), ports.end(), Json(port)) == ports.end()) ports.push_back(port);
  }
  Json calls = Json::array();
  for (const auto& list : {app.needs, app.calls}) {
    for (const std::string& name : list) {
      if (std::find(calls.begin(), calls.end(), Json(name)) == calls.end()) calls.push_back(name);
    }
  }
  out["network"] = {{"strict", true}, {"ports", std::move(ports)}, {"calls", std::move(calls)}};
}

void put_alerts(const App& app, Json& out) {
  Json alerts = Json::array();
  for (const auto& [name, alert] : app.alerts) {
    Json labels = alert.labels;
    labels["severity"] = alert.severity.empty() ? "warning" : alert.severity;
    Json entry = {{"alert", name}, {"expr", alert.expr}, {"labels", std::move(labels)}};
    if (!alert.wait.empty()) entry["for"] = alert.wait;
    if (!alert.summary.empty()) entry["annotations"] = {{"summary", alert.summary}};
    alerts.push_back(std::move(entry));
  }
  out["alerts"] = std::move(alerts);
}

Result<Json> further(const std::map<std::string, model::Container>& containers, bool sidecars,
                     const ChartContext& context) {
  Json out = Json::array();
  for (const auto& [name, container] : containers) {
    Json entry = {{"name", name}, {"image", container.image}};
    if (!container.command.empty()) entry["command"] = container.command;
    if (!container.args.empty()) entry["args"] = container.args;
    TRY_WITH(Json env, "in the container " + name, environment(container.env, context));
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

// What a preset runs where the spec doesn't say.
std::string image_of(const App& app, const ChartContext& context) {
  if (!context.image.empty()) return context.image;
  if (app.type == AppType::kPostgres)
    return "ghcr.io/cloudnative-pg/postgresql:" + (app.version.empty() ? "17" : app.version);
  if (app.type == AppType::kRedis) return "docker.io/library/redis:" + (app.version.empty() ? "8" : app.version);
  return "";
}

}  // namespace

Result<std::string> built_in_values(const App& app, const ChartContext& context) {
  Json out = {{"type", std::string(model::app_type_name(app.type))},
              {"project", app.project},
              {"environment", app.environment}};
  out["image"] = image_of(app, context);
  if (out["image"] == "") return fail(Code::kInvalid, "app ", app.name, ": no image is known");
  out["labels"] = app.labels;
  out["annotations"] = app.annotations;
  std::vector<model::Port> ports = app.ports;
  if (app.type == AppType::kRedis && ports.empty()) ports.push_back({"redis", 6379, "TCP"});
  out["ports"] = ports_of(ports);

  TRY_WITH(Json env, "in app " + app.name, environment(app.env, context));
  bool own_port = app.env.count("PORT") > 0;
  if (!own_port && main_port(app) != 0)
    env.insert(env.begin(), Json{{"name", "PORT"}, {"value", std::to_string(main_port(app))}});
  out["env"] = std::move(env);
  put_secrets(app, context, out);

  out["command"] = app.command;
  out["args"] = app.args;
  out["release"] = app.release;
  out["probes"] = probes_of(app);
  out["resources"] = resources_of(app.resources, app.type != AppType::kPostgres);
  put_scale(app, out);
  put_strategy(app, out);
  put_security(app, out);
  put_volumes(app, out);
  put_files(context, out);
  TRY(out["init"], further(app.init, false, context));
  TRY(out["sidecars"], further(app.sidecars, true, context));
  put_routes(app, context, out);
  put_network(app, context, out);
  put_alerts(app, out);
  if (!app.schedule.empty()) out["schedule"] = app.schedule;
  if (!app.timezone.empty()) out["timeZone"] = app.timezone;
  if (!app.concurrency.empty()) {
    std::string word = app.concurrency;
    word[0] = static_cast<char>(word[0] & ~0x20);  // forbid → Forbid
    out["concurrency"] = word;
  }
  if (app.metrics.number != 0) out["metrics"] = {{"port", app.metrics.number}, {"path", app.metrics_path}};
  if (app.type == AppType::kPostgres) {
    out["database"] = {
        {"version", app.version}, {"size", app.size.empty() ? "10Gi" : app.size}, {"instances", app.instances}};
  }
  return yaml::from_json(out);
}

}  // namespace autonomous::app
