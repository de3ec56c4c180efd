// The built-in chart: what an app becomes that brings neither a chart nor manifests of its own. An ordinary Helm chart,
// embedded, versioned; every version that was ever shipped stays, because releases pin it. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/tree.h"
#include "gitops/model/facilities.h"
#include "gitops/model/spec.h"

namespace autonomous::app {

inline constexpr std::string_view kChartName = "autonomous-app";

struct BuiltInChart {
  std::string version;  // "1.0.0"
  std::string digest;   // sha256:… over its files
  std::shared_ptr<const FileTree> files;
};
// The newest. Made once, shared.
const BuiltInChart& built_in_chart();
// kNotFound for a version that was never shipped.
Result<const BuiltInChart*> built_in_chart(std::string_view version);

// What the chart is told about where it is rendered.
struct ChartContext {
  std::string ns;       // the target's namespace
  std::string image;    // the main image, as it runs
  std::string domain;   // the environment's pattern filled in; "" = no default route
  std::string secrets;  // likewise: the path of secrets in the store; "" = none
  std::string role;     // likewise: the app's role in Vault; "" = the app's name
  bool strict_network = false;
  model::Facilities facilities;
  std::map<std::string, std::string> files;  // App::files: path in the container → content
  // The project's other apps in this environment, by name: bindings to an app that isn't here are taken for a
  // database's.
  std::map<std::string, const model::App*> others;
  // Namespaces of the apps that this one needs or calls ("app" or "project/app", as written) where it isn't `ns`.
  std::map<std::string, std::string> namespaces;
};
// The chart's values for an app, as YAML; deterministic. kInvalid, naming the key, where the platform lacks what the
// app asks for (a canary without Argo Rollouts, …).
Result<std::string> built_in_values(const model::App& app, const ChartContext& context);

}  // namespace autonomous::app
