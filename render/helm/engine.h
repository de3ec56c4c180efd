// The engine: all templates of a chart and its subcharts as one set, each with its own view of the values, parsed and
// executed in helm's order (pkg/engine).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/helm.h"
#include "render/helm/work.h"
#include "render/template/engine.h"

namespace autonomous::helm {

// Templates of a chart that were parsed before, by helm's version and full name. Any thread.
struct ParsedTemplates {
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<const render::ParsedFile>> files;
};
std::shared_ptr<ParsedTemplates> make_parsed_templates();

// One template with what it sees.
struct Renderable {
  std::string name;  // full: web/charts/db/templates/service.yaml
  const ChartFile* file = nullptr;
  ParsedTemplates* cache = nullptr;
  Map* scope = nullptr;   // `.`, shared by the templates of one chart
  std::string base_path;  // web/charts/db/templates
};

// allTemplates: `top` holds Release, Capabilities and Values.
std::vector<Renderable> all_templates(Work& work, const WorkChart& root, Map* top);

struct RenderedFile {
  std::string name;
  std::string text;
};

// The functions and methods that templates of a helm version have. Built once, immutable.
const render::Library& helm_library(HelmVersion helm);

// Executes every template that is no partial. The error's message is helm's.
Result<std::vector<RenderedFile>> execute_templates(const std::vector<Renderable>& templates, Arena& arena,
                                                    HelmVersion helm, const render::Options& options,
                                                    const render::Limits& limits);

// helm's rewriting of text/template's errors.
std::string parse_error_text(std::string_view filename, const std::string& error);
std::string execution_error_text(HelmVersion helm, std::string_view filename, const render::Failure& failure);

}  // namespace autonomous::helm
