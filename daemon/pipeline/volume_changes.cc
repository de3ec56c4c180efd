#include "daemon/pipeline/volume_changes.h"

#include <algorithm>

#include "daemon/pipeline/preflight.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"
#include "render/app/chart.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

Result<app::VolumePlan> volume_plan(const FileTree& live, const std::map<std::string, std::string>& files,
                                    bool built_in, uint64_t max_file) {
  static constexpr std::string_view kKinds[] = {"statefulset.apps-", "persistentvolumeclaim-",
                                                "cluster.postgresql.cnpg.io-"};
  std::vector<app::Resource> before, after;
  auto add = [](std::vector<app::Resource>& to, const std::string& text, const std::string& path) -> Result<void> {
    TRY(auto resources, app::split_manifests(text, path));
    std::move(resources.begin(), resources.end(), std::back_inserter(to));
    return ok();
  };
  for (const auto& [path, text] : files) {
    auto named = [&, &path = path](std::string_view kind) {
      return path.starts_with("manifests/" + std::string(kind));
    };
    if (std::any_of(std::begin(kKinds), std::end(kKinds), named)) {
      if (!live.stat(path)) continue;
      TRY(std::string was, live.read(path, max_file));
      if (was == text) continue;
      TRY_DO(add(before, was, path));
    } else if (!named("job.batch-")) {
      continue;
    }
    TRY_DO(add(after, text, path));
  }
  return app::plan_volumes(before, after, built_in);
}

bool is_built_in(const std::optional<model::ChartFact>& chart) {
  if (!chart || chart->name != app::kChartName) return false;
  auto ours = app::built_in_chart(chart->version);
  return ours && (*ours)->digest == chart->digest;
}

std::string prose_of(const std::vector<std::string>& steps) {
  return steps.empty() ? "" : "Volumes:\n" + join(steps, "\n");
}

Result<ChangePlan> plan_change(const FileTree& live, const std::map<std::string, std::string>& files,
                               uint64_t max_file) {
  bool built_in = false;
  if (auto written = files.find("release.yaml"); written != files.end()) {
    TRY(store::ReleaseInputs inputs, store::parse_release_yaml(written->second));
    built_in = is_built_in(inputs.chart);
  }
  TRY(app::VolumePlan volumes, volume_plan(live, files, built_in, max_file));
  ChangePlan out{std::move(volumes.steps), std::move(volumes.errors)};
  std::vector<app::Resource> before, after;
  for (const auto& [path, text] : files) {
    if (!starts_with(path, "manifests/") || !live.stat(path)) continue;
    TRY(std::string was, live.read(path, max_file));
    if (was == text) continue;
    TRY(auto old_ones, app::split_manifests(was, path));
    TRY(auto new_ones, app::split_manifests(text, path));
    std::move(old_ones.begin(), old_ones.end(), std::back_inserter(before));
    std::move(new_ones.begin(), new_ones.end(), std::back_inserter(after));
  }
  Preflight fixed = check_immutable(before, after);
  std::move(fixed.errors.begin(), fixed.errors.end(), std::back_inserter(out.refused));
  return out;
}

}  // namespace autonomous::daemon
