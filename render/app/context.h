// What the built-in chart is told about where it is rendered, from the platform and the project. Pure, but for the
// tree.
#pragma once

#include <map>
#include <string>

#include "gitops/base/tree.h"
#include "gitops/model/platform.h"
#include "render/app/chart.h"

namespace autonomous::app {

// The context of `app` in `environment`. `others`: the project's other apps there, by name; they must outlive the
// result. `image`: the main image as it runs. Reads the app's `files:` from `project`, at most `max_file` bytes each.
Result<ChartContext> chart_context(const model::Environment& environment, const model::App& app, std::string image,
                                   const FileTree& project, const std::map<std::string, const model::App*>& others,
                                   uint64_t max_file = 1u << 20);

}  // namespace autonomous::app
