#include "render/helm/engine.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "render/helm/match.h"

namespace autonomous::helm {

namespace {

size_t depth_of(std::string_view name) { return static_cast<size_t>(std::count(name.begin(), name.end(), '/')); }

// sortTemplates: the deepest first, within a depth the last name first; so a parent's definition replaces a child's.
std::vector<const Renderable*> in_order(const std::vector<Renderable>& templates) {
  std::vector<std::pair<size_t, const Renderable*>> by_depth;
  by_depth.reserve(templates.size());
  for (const Renderable& one : templates) by_depth.emplace_back(depth_of(one.name), &one);
  std::sort(by_depth.begin(), by_depth.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->name > b.second->name;
  });
  std::vector<const Renderable*> order;
  order.reserve(templates.size());
  for (const auto& [depth, one] : by_depth) order.push_back(one);
  return order;
}

Result<std::shared_ptr<const render::ParsedFile>> parsed(const Renderable& one, HelmVersion helm) {
  std::string key = (helm == HelmVersion::k4 ? "4" : "3") + one.name;
  std::lock_guard lock(one.cache->mutex);
  auto& slot = one.cache->files[key];
  if (slot != nullptr) return slot;
  auto file = render::parse_template(one.name, one.file->data, helm_library(helm));
  if (!file) return fail(Code::kInvalid, parse_error_text(one.name, file.error().message()));
  slot = *file;
  return slot;
}

void drop_no_value(std::string& text) {
  constexpr std::string_view kNoValue = "<no value>";
  size_t at = text.find(kNoValue);
  if (at == std::string::npos) return;
  std::string out;
  size_t from = 0;
  for (; at != std::string::npos; at = text.find(kNoValue, from)) {
    out.append(text, from, at - from);
    from = at + kNoValue.size();
  }
  out.append(text, from, std::string::npos);
  text = std::move(out);
}

}  // namespace

std::shared_ptr<ParsedTemplates> make_parsed_templates() { return std::make_shared<ParsedTemplates>(); }

Result<std::vector<RenderedFile>> execute_templates(const std::vector<Renderable>& templates, Arena& arena,
                                                    HelmVersion helm, const render::Options& options,
                                                    const render::Limits& limits) {
  std::vector<const Renderable*> order = in_order(templates);
  render::TemplateSet set(helm_library(helm), "gotpl");
  for (const Renderable* one : order) {
    TRY(auto file, parsed(*one, helm));
    set.add(std::move(file));
  }
  render::Type values = helm == HelmVersion::k4 ? render::Type::kValues4 : render::Type::kValues3;
  render::Execution execution(set, arena, options, limits);
  std::vector<RenderedFile> out;
  for (const Renderable* one : order) {
    if (base_name(one->name).front() == '_') continue;
    Map* about = Map::make(arena, 2);
    about->set("Name", Value::of(one->name));
    about->set("BasePath", Value::of(one->base_path));
    one->scope->set("Template", Value::of(about, values));
    if (!execution.run(one->name, Value::of(one->scope, values))) {
      const render::Failure& failure = execution.failure();
      return Error(failure.limit() ? Code::kLimit : Code::kInvalid, execution_error_text(helm, one->name, failure));
    }
    std::string text(execution.output());
    drop_no_value(text);
    out.push_back({one->name, std::move(text)});
  }
  return out;
}

}  // namespace autonomous::helm
