// Values files: reading them as either helm does, and what a chart keeps of its own.
#pragma once

#include <string_view>

#include "gitops/base/result.h"
#include "render/helm/chart.h"
#include "render/helm/helm.h"
#include "render/helm/work.h"
#include "render/template/value.h"

namespace autonomous::helm {

// A chart's defaults. Nobody writes to them: every render copies first.
struct ChartValues {
  explicit ChartValues(size_t memory) : arena(memory) {}
  render::Arena arena;
  render::Map* map = nullptr;
};

// helm 4: all documents of the text, the later over the earlier. helm 3: the first one. The error is loader.LoadValues'
// (helm 4: "cannot unmarshal yaml document: error converting YAML to JSON: …").
Result<render::Map*> read_values(render::Arena& arena, HelmVersion helm, std::string_view text,
                                 const yaml::Limits& limits);

// values.Options.MergeValues: the files, then the --set flags in helm's order. The error is helm's.
Result<render::Map*> user_values(Work& work, const ChartInput& input);

}  // namespace autonomous::helm
