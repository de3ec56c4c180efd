#include "daemon/pipeline/volume_changes.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

Result<app::VolumePlan> volume_plan(store::Reader& reader, const model::ReleaseId& live,
                                    const std::map<std::string, std::string>& files, bool built_in, uint64_t max_file) {
  static constexpr std::string_view kKinds[] = {"statefulset.apps-", "persistentvolumeclaim-",
                                                "cluster.postgresql.cnpg.io-"};
  TRY(auto tree, reader.files(live));
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
      if (!tree->stat(path)) continue;
      TRY(std::string was, tree->read(path, max_file));
      if (was == text) continue;
      TRY_DO(add(before, was, path));
    } else if (!named("job.batch-")) {
      continue;
    }
    TRY_DO(add(after, text, path));
  }
  return app::plan_volumes(before, after, built_in);
}

std::string prose_of(const std::vector<std::string>& steps) {
  return steps.empty() ? "" : "Volumes:\n" + join(steps, "\n");
}

}  // namespace autonomous::daemon
