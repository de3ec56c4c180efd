// The parts of the built-in chart's values, each from what the spec and the platform say. Inside render/app only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "render/app/chart.h"

namespace autonomous::app {

using Json = nlohmann::ordered_json;

int64_t seconds(Millis time);  // rounded up, at least 1
uint16_t main_port(const model::App& app);
bool is_set(const model::App& app);       // its pods have names and volumes: StatefulSet
bool is_deployed(const model::App& app);  // Deployment or Rollout

// chart_env.cc: `config` (texts), `env` (from elsewhere), `secrets`.
Result<void> put_environment(const model::App& app, const ChartContext& context, Json& out);
// Environment of a further container, inline.
Result<Json> container_environment(const std::map<std::string, model::EnvValue>& env, const ChartContext& context);

// chart_workload.cc: probes, scale, strategy, security, volumes, files, backup.
Result<void> put_workload(const model::App& app, const ChartContext& context, Json& out);
Json resources_of(const model::Resources& given, bool defaults);

// chart_platform.cc: routes, network, monitoring, alerts.
void put_surroundings(const model::App& app, const ChartContext& context, Json& out);

}  // namespace autonomous::app
