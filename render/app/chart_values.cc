// An app of the spec → the values of the built-in chart (chart/values.yaml says what each is).
#include <algorithm>

#include "gitops/yaml/json.h"
#include "render/app/chart_parts.h"

namespace autonomous::app {

using model::App;
using model::AppType;

int64_t seconds(Millis time) { return std::max<int64_t>(1, (time.count() + 999) / 1000); }
uint16_t main_port(const App& app) { return app.ports.empty() ? 0 : app.ports.front().number; }
bool is_set(const App& app) { return app.type == AppType::kStateful || app.type == AppType::kRedis; }
bool is_deployed(const App& app) { return app.type == AppType::kWeb || app.type == AppType::kWorker; }

namespace {

// The ports of the app, and the one that is scraped where it isn't among them: monitors find it by its name.
Json ports_of(const App& app) {
  std::vector<model::Port> ports = app.ports;
  if (app.type == AppType::kRedis && ports.empty()) ports.push_back({"redis", 6379, "TCP"});
  bool known = app.metrics.number == 0 || app.type == AppType::kPostgres;
  for (const model::Port& port : ports) known = known || port.number == app.metrics.number;
  if (!known) ports.push_back({"metrics", app.metrics.number, "TCP"});
  Json out = Json::array();
  for (const model::Port& port : ports) {
    out.push_back({{"name", port.name}, {"port", port.number}, {"protocol", port.protocol}});
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
  out["ports"] = ports_of(app);
  TRY_DO(put_environment(app, context, out));
  if (auto put = put_workload(app, context, out); !put) return std::move(put).error().with("in app " + app.name);
  put_surroundings(app, context, out);
  return yaml::from_json(out);
}

}  // namespace autonomous::app
