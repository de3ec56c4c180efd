// The table of an app: which keys there are, in which form, and what each means.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/model/app_text.h"
#include "gitops/model/spec.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

Value texts(const std::vector<std::string>& words) {
  Value list;
  list.kind = Value::Kind::kList;
  for (const std::string& word : words) list.items.push_back(Value::scalar(word));
  return list;
}

std::function<Value(Value)> under(std::string key) {
  return [key](Value value) {
    Value map = Value::map();
    map.set(key, std::move(value));
    return map;
  };
}

Shape command_shape() {
  return with_short(list_of(text("a word of a command")), text("a command", check_command), [](Value value) {
    Value list = texts(*split_words(value.text));
    for (Value& item : list.items) item.locate_like(value);
    return list;
  });
}

Shape app_list(std::string noun) {
  return texts_or_one(text(std::move(noun), [](std::string_view name) {
    size_t slash = name.find('/');
    if (slash != std::string_view::npos) {
      std::string why = check_project_name(name.substr(0, slash));
      if (!why.empty()) return why;
    }
    return check_app_name(slash == std::string_view::npos ? name : name.substr(slash + 1));
  }));
}

Shape env_shape() {
  Shape binding = record({{"from",
                           text("app.output",
                                [](std::string_view value) {
                                  auto parsed = parse_binding(value);
                                  return parsed ? std::string() : parsed.error().message();
                                }),
                           "a binding to another app of the project: db.url, db.host, api.url…", true}});
  return map_of(with_short(std::move(binding), text("a text")), "a variable", check_variable);
}

Shape resources_shape() {
  return record({{"cpu", quantity(), "requested: 250m, 1"},
                 {"memory", quantity(), "requested, and the limit: 256Mi, 1Gi"},
                 {"storage", quantity(), "ephemeral storage, requested"},
                 {"limits", record({{"cpu", quantity(), ""}, {"memory", quantity(), ""}, {"storage", quantity(), ""}}),
                  "where they differ from what is requested"}});
}

Shape ports_shape() {
  return map_of(
      with_short(record({{"number", integer(1, 65535), "", true}, {"protocol", choice({"TCP", "UDP", "SCTP"}), ""}}),
                 integer(1, 65535), under("number")),
      "a port's name", check_port_name);
}

Shape image_shape() { return text("an image (registry/name:tag@sha256:…)", check_image_text); }

Shape build_shape() {
  Shape build = record({{"context", path(), "folder that the image is built from; default: the project's root"},
                        {"dockerfile", text("a path below the context"), "default: Dockerfile"},
                        {"target", text(), "stage of the Dockerfile"},
                        {"args", map_of(text()), "build arguments"},
                        {"test", text("a command"), "runs before the image is pushed"},
                        {"command", text("a command"), "builds the image where the operator allows commands"},
                        {"jenkins", text("a Jenkins job (folder/job)"), "an existing job"},
                        {"external", boolean(), "CI calls `autonomous deploy --image …`"}});
  return with_short(std::move(build), choice({"external"}), [](Value) {
    Value map = Value::map();
    map.set("external", Value::scalar("true"));
    return map;
  });
}

Shape health_shape() {
  Shape health =
      record({{"path", text("a path of a URL", check_url_path), "HTTP GET, for readiness and startup"},
              {"port", text("a port's name", check_port_name), "default: the first port"},
              {"kind", choice({"http", "tcp", "grpc", "command"}), "default: http with a path, command with a command"},
              {"command", command_shape(), "exits 0 when ready"},
              {"liveness", text("a path of a URL", check_url_path),
               "restarts the container when it fails; only when asked for"},
              {"startup", duration(), "how long the start may take"},
              {"interval", duration(), ""},
              {"timeout", duration(), ""}});
  return with_short(std::move(health), text("a path of a URL", check_url_path), under("path"));
}

Shape scale_shape() {
  Shape metric = with_short(record({{"target", quantity(), "of each pod", true},
                                    {"kind", choice({"pods", "external"}), "default: pods"},
                                    {"selector", map_of(text()), "labels of the metric"}}),
                            quantity(), under("target"));
  Shape behavior = map_of(any());
  behavior.noun = "HPA v2's behavior";
  Shape trigger = record({{"type", text("a KEDA scaler"), "prometheus, kafka, cron…", true},
                          {"metadata", map_of(text()), "of the scaler", true},
                          {"authentication", text("a TriggerAuthentication"), ""}});
  Shape scale = record({{"min", integer(0, 10000), ""},
                        {"max", integer(1, 10000), ""},
                        {"cpu", integer(1, 1000), "percent of the requested CPU at which pods are added"},
                        {"memory", integer(1, 1000), "percent of the requested memory"},
                        {"metrics", map_of(std::move(metric), "a metric's name"), "custom ones: {queue_length: 30}"},
                        {"up-after", duration(), "how long it must be needed before pods are added; default: at once"},
                        {"down-after", duration(), "before pods are taken away; default: 5m"},
                        {"behavior", std::move(behavior), "HPA v2's behavior, for all else"},
                        {"triggers", map_of(std::move(trigger), "a trigger's name"), "of KEDA, by name"}});
  return with_short(std::move(scale), integer(0, 10000), [](Value value) {
    Value map = Value::map();
    if (value.text != "0") map.set("max", value);
    map.set("min", std::move(value));
    return map;
  });
}

Shape secrets_shape() {
  Shape secrets = map_of(text("where it lives (kv/shop/stripe#key)"), "a variable", check_variable);
  return with_short(std::move(secrets), list_of(text("a variable", check_variable)), [](Value value) {
    Value map = Value::map();
    for (Value& item : value.items) {
      Value place = Value::scalar("");
      place.locate_like(item);
      map.set(item.text, std::move(place));
    }
    return map;
  });
}

Shape routes_shape() {
  Shape paths = texts_or_one(text("a path of a URL", check_url_path));
  Shape route = record({{"path", paths, "default: /"},
                        {"port", text("a port's name", check_port_name), "default: the first port"},
                        {"redirect", text("a host or URL"), "answers with a redirect there"},
                        {"timeout", duration(), ""},
                        {"headers", map_of(text()), "that a request must have"}});
  route = with_short(std::move(route), std::move(paths), [](Value value) {
    Value map = Value::map();
    map.set("path", std::move(value));
    return map;
  });
  route = with_short(std::move(route), text("a path of a URL", check_url_path), [](Value value) {
    Value list;
    list.kind = Value::Kind::kList;
    list.locate_like(value);
    list.items.push_back(std::move(value));
    Value map = Value::map();
    map.set("path", std::move(list));
    return map;
  });
  return with_short(map_of(std::move(route), "a host", check_host), text("a host", check_host), [](Value value) {
    Value slash = Value::scalar("/");
    slash.locate_like(value);
    Value list;
    list.kind = Value::Kind::kList;
    list.locate_like(value);
    list.items.push_back(std::move(slash));
    Value inner = Value::map();
    inner.locate_like(value);
    inner.set("path", std::move(list));
    Value map = Value::map();
    map.set(value.text, std::move(inner));
    return map;
  });
}

Shape containers_shape() {
  return map_of(record({{"image", image_shape(), "default: the app's own"},
                        {"command", command_shape(), ""},
                        {"args", command_shape(), ""},
                        {"env", env_shape(), ""},
                        {"ports", ports_shape(), ""},
                        {"resources", resources_shape(), ""}}),
                "a container's name", check_label_name);
}

Shape alerts_shape() {
  Shape alert = record({{"expr", text("a PromQL expression"), ""},
                        {"for", duration(), ""},
                        {"severity", choice({"info", "warning", "critical"}), "default: warning"},
                        {"summary", text(), ""},
                        {"labels", map_of(text()), ""},
                        {"off", boolean(), "a default alert that isn't wanted"}});
  alert = with_short(std::move(alert), choice({"off"}), [](Value value) {
    value.text = "true";
    Value map = Value::map();
    map.set("off", std::move(value));
    return map;
  });
  return map_of(std::move(alert), "an alert's name");
}

Shape volumes_shape() {
  Shape volume =
      record({{"path", text("an absolute path in the container", check_absolute), "where it is mounted", true},
              {"size", quantity(), "default: 1Gi"},
              {"access", choice({"ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany", "ReadWriteMany"}),
               "default: ReadWriteOnce"}});
  volume.elsewhere = {{"class", "storage classes belong to the platform: platform.yaml, environments.<env>"},
                      {"storage-class", "storage classes belong to the platform: platform.yaml, environments.<env>"}};
  return map_of(std::move(volume), "a volume's name", check_label_name);
}

Shape strategy_shape() {
  Shape kind = choice({"rolling", "recreate", "canary", "blue-green"});
  return with_short(record({{"type", kind, "canary and blue-green need Argo Rollouts", true},
                            {"steps", list_of(integer(1, 100)), "of a canary, percent; default: [10, 50]"},
                            {"pause", duration(), "after each step, or before the switch; default: 5m"}}),
                    kind, under("type"));
}

Shape patches_shape() {
  Shape target = record({{"kind", text("a kind"), "", true},
                         {"name", text("a resource's name"), "default: all of the kind"},
                         {"group", text(), ""}});
  return map_of(record({{"target", std::move(target), "which resources", true},
                        {"patch", any(), "merged over each: null removes", true}}),
                "a patch's name");
}

std::vector<Field> app_fields() {
  Shape images = map_of(
      with_short(
          record({{"image", image_shape(), ""},
                  {"replaces", text("a repository"), "in the manifests; default: the image's own"},
                  {"values", text("a path of values"), "of a chart: <values>.repository and <values>.tag are set"}}),
          image_shape(), under("image")),
      "a name", check_label_name);
  Shape values = map_of(any());
  values.noun = "a map of chart values";
  return {
      {"type", choice({"web", "worker", "cron", "job", "stateful", "postgres", "redis"}), "default: web"},
      {"image", image_shape(), "instead of build: an image that exists"},
      {"build", build_shape(), "how the image is made"},
      {"images", std::move(images), "further images of a chart or of manifests, by name"},
      {"chart", path_or_url(),
       "instead of the built-in chart: a folder, oci://registry.example.com/charts/web or https://charts.example.com/web"},
      {"value-files", texts_or_one(path()),
       "over the chart's values.yaml; {env} is filled in; default: values-{env}.yaml in the chart, where it exists"},
      {"values", std::move(values), "chart values; they win over all files"},
      {"manifests", texts_or_one(glob()), "folder or files of plain manifests, instead of the built-in chart"},
      {"overlays", texts_or_one(path()),
       "folders laid over manifests; {env} is filled in; default: overlays/{env} below them, where it exists"},
      {"paths", texts_or_one(glob()), "what counts as a change; '!' excludes; default: everything"},
      {"port", integer(1, 65535), "the port that the app listens on, injected as PORT"},
      {"ports", ports_shape(), "several: {http: 8080, grpc: 9090}; the first is injected as PORT"},
      {"health", health_shape(), "path, or a map"},
      {"scale", scale_shape(), "a number, or {min, max, cpu}"},
      {"resources", resources_shape(), "what a pod asks for"},
      {"command", command_shape(), "a list, or a text that is split into words; default: the image's"},
      {"args", command_shape(), "default: the image's"},
      {"release", command_shape(), "runs before the new version takes over: migrations"},
      {"env", env_shape(), "literal texts, or {from: db.url}"},
      {"secrets", secrets_shape(), "names, or {NAME: kv/path#key}"},
      {"routes", routes_shape(), "{host: /path}; default: the environment's domain"},
      {"egress", texts_or_one(text("host:port", check_egress)), "where it connects to outside"},
      {"needs", app_list("an app"), "apps that must be healthy first"},
      {"calls", app_list("an app"), "apps that it connects to"},
      {"alerts", alerts_shape(), "Prometheus alerts by name"},
      {"files", map_of(path(), "an absolute path", check_absolute), "{path in the container: path in the project}"},
      {"schedule", text("a schedule", check_cron), "of a cron app"},
      {"timezone", text("a time zone"), "of a schedule; default: UTC"},
      {"concurrency", choice({"allow", "forbid", "replace"}), "of a cron app; default: forbid"},
      {"volumes", volumes_shape(), "of a stateful app, by name"},
      {"version", text("a version"), "of a preset: \"16\"; of a chart that is fetched: 1.2.3"},
      {"size", quantity(), "of a preset's volume"},
      {"instances", integer(1, 100), "of a preset"},
      {"backup",
       record({{"schedule", text("a schedule", check_cron), "", true},
               {"keep", duration(), "default: for ever"},
               {"command", command_shape(), "runs beside the volumes; default: snapshots of them"},
               {"image", image_shape(), "that the command runs in; default: the app's"}}),
       "of a database or a stateful app"},
      {"init", containers_shape(), "containers that run before the app's, by name"},
      {"sidecars", containers_shape(), "containers beside the app's, by name"},
      {"security",
       record({{"user", integer(0, 4294967294), "uid"},
               {"group", integer(0, 4294967294), "gid"},
               {"root", boolean(), "the image runs as root"},
               {"read-only", boolean(), "root file system; default: true"},
               {"writable", list_of(text("an absolute path", check_absolute)), "folders beside /tmp"}}),
       ""},
      {"strategy", strategy_shape(), "how a new version takes over; default: rolling"},
      {"spread", boolean(), "over zones and nodes; default: true"},
      {"start", choice({"ordered", "parallel"}), "of a stateful app's pods; default: ordered"},
      {"retain", boolean(), "claims stay when a stateful app goes; default: true"},
      {"dashboard", boolean(), "in Grafana, where the platform has it; default: true"},
      {"drain", duration(), "how long a pod still serves after it was told to go; default: 5s for web"},
      {"stop", duration(), "time for a graceful end; default: 30s"},
      {"timeout", duration(), "until a release that isn't healthy has failed; of a job: its deadline"},
      {"retries", integer(0, 100), "of a job"},
      {"metrics",
       with_short(record({{"port", integer(1, 65535), ""},
                          {"path", text("a path of a URL", check_url_path), "default: /metrics"}}),
                  integer(1, 65535), under("port")),
       "what Prometheus scrapes"},
      {"labels", map_of(text()), ""},
      {"annotations", map_of(text()), ""},
      {"extra", texts_or_one(glob()), "further manifests"},
      {"patches", patches_shape(), "merged over what was rendered, by name"},
      {"renamed-from", text("app or project/app"), "moves a target: the history and what runs"},
  };
}

Shape make_app_shape() {
  Shape app = record(app_fields());
  app.elsewhere = platform_keys();
  app.elsewhere.erase("instances");
  app.elsewhere["replicas"] = "scale: 3, or scale: {min: 2, max: 10}";
  app.elsewhere["environment"] = "env: {NAME: value}";
  app.elsewhere["domains"] = "routes: {shop.example.com: /}";
  app.elsewhere["domain"] = "routes: {shop.example.com: /}";
  return app;
}

}  // namespace

std::map<std::string, std::string> platform_keys() {
  std::map<std::string, std::string> out;
  for (const char* key :
       {"from",     "domain",  "approvals", "freeze", "rollback",  "instances",  "owners",    "roles",
        "policies", "ticket",  "bake",      "write",  "reconcile", "cluster",    "namespace", "branch",
        "gateway",  "ingress", "tls",       "dns",    "storage",   "monitoring", "operators"}) {
    out[key] = kPlatformOwns;
  }
  return out;
}

const Shape& app_shape() {
  static const Shape shape = make_app_shape();
  return shape;
}

const Shape& overlay_shape() {
  static const Shape shape = overlay_of(make_app_shape());
  return shape;
}

bool is_built_in_only(std::string_view key) {
  static const std::vector<std::string_view> kShared = {
      "type",  "image", "images", "build",   "chart", "value-files", "values",       "manifests", "overlays",
      "paths", "needs", "calls",  "timeout", "extra", "patches",     "renamed-from", "labels",    "annotations"};
  return std::find(kShared.begin(), kShared.end(), key) == kShared.end();
}

}  // namespace autonomous::model
