// Charts in memory for the tests of render/helm.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "render/funcs/yaml_value.h"
#include "render/helm/helm.h"

namespace autonomous::helm::testing {

using Files = std::map<std::string, std::string>;

inline std::shared_ptr<const Chart> chart_of(Files files, HelmVersion helm = HelmVersion::k4) {
  files.try_emplace("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n");
  LoadOptions options;
  options.helm = helm;
  auto chart = load_chart(MemoryTree(std::move(files)), options);
  if (!chart) {
    ADD_FAILURE() << chart.error().message();
    return nullptr;
  }
  return *chart;
}

inline std::string error_of(Files files) {
  files.try_emplace("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n");
  auto chart = load_chart(MemoryTree(std::move(files)));
  return chart ? "" : chart.error().message();
}

// What `helm template x CHART` would print; errors after "Error: ".
inline std::string rendered(Files files, std::string values = "", std::vector<SetFlag> sets = {},
                            HelmVersion helm = HelmVersion::k4) {
  ChartInput input;
  input.release_name = "x";
  input.helm = helm;
  input.chart = chart_of(std::move(files), helm);
  if (input.chart == nullptr) return "";
  if (!values.empty()) input.values.push_back({"values.yaml", std::move(values)});
  input.sets = std::move(sets);
  auto result = render(input);
  return result ? result->manifest : "Error: " + result.error().message();
}

inline std::string yaml_of(render::Value value) {
  auto text = render::write_yaml(value);
  return text ? *text : "Error: " + text.error().message();
}

}  // namespace autonomous::helm::testing
