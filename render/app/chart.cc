#include "render/app/chart.h"

#include "gitops/base/digest.h"
#include "render/app/chart_files.h"

namespace autonomous::app {
namespace {

BuiltInChart make(std::string version, const std::vector<EmbeddedFile>& files) {
  auto tree = std::make_shared<MemoryTree>();
  Sha256 digest;
  for (const EmbeddedFile& file : files) {
    tree->put(std::string(file.path), std::string(file.content));
    digest.add_field(file.path).add_field(file.content);
  }
  return {std::move(version), "sha256:" + digest.finish_hex(), std::move(tree)};
}

// Oldest first: releases pin a version, so none is ever taken out.
const std::vector<BuiltInChart>& all() {
  static const std::vector<BuiltInChart> kCharts = {make("1.0.0", chart_1_0_0())};
  return kCharts;
}

}  // namespace

const BuiltInChart& built_in_chart() { return all().back(); }

Result<const BuiltInChart*> built_in_chart(std::string_view version) {
  for (const BuiltInChart& chart : all()) {
    if (chart.version == version) return &chart;
  }
  return fail(Code::kNotFound, "the built-in chart has no version ", version);
}

}  // namespace autonomous::app
