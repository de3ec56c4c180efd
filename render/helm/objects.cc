// What a template sees: .Chart, .Files, .Release, .Values, .Subcharts, made for every chart of the tree
// (recAllTpls in helm's engine.go; MetadataAsMap in chart/common.go).
#include "gitops/base/text.h"
#include "render/helm/engine.h"
#include "render/helm/match.h"

namespace autonomous::helm {

namespace {

using render::Field;
using render::Struct;
using render::Type;

// Texts of the chart live longer than the render: they are not copied.
Value text(const std::string& from) { return Value::of(std::string_view(from)); }

Value list_of(Arena& arena, const std::vector<Value>& items, Type type = Type::kList) {
  auto kept = arena.copy(std::span<const Value>(items));
  return Value::of(std::span<const Value>(kept), type);
}

std::vector<Value> texts(const std::vector<std::string>& from) {
  std::vector<Value> items;
  for (const std::string& one : from) items.push_back(text(one));
  return items;
}

Value annotations_of(Arena& arena, const Metadata& metadata) {
  if (!metadata.has_annotations) return Value::typed_nil(Type::kStringMap);
  Map* map = Map::make(arena, metadata.annotations.size());
  for (const auto& [key, value] : metadata.annotations) map->set(key, text(value));
  return Value::of(map, Type::kStringMap);
}

Value imports_of(Arena& arena, const std::vector<ImportValue>& imports) {
  std::vector<Value> items;
  for (const ImportValue& one : imports) {
    Map* map = Map::make(arena, 2);
    map->set("child", text(one.child));
    map->set("parent", text(one.parent));
    items.push_back(Value::of(map, Type::kStringMap));
  }
  return list_of(arena, items);
}

// ---- helm 4: maps with Go's field names
// ------------------------------------------------------------------------------

Value dependency_map(Arena& arena, const WorkDependency& dependency) {
  const Dependency& spec = dependency.spec;
  Map* map = Map::make(arena, 8);
  map->set("Alias", text(spec.alias));
  map->set("Condition", text(spec.condition));
  map->set("Enabled", Value::of(spec.enabled));
  map->set("ImportValues", imports_of(arena, dependency.imported));
  map->set("Name", text(spec.name));
  map->set("Repository", text(spec.repository));
  map->set("Tags", list_of(arena, texts(spec.tags)));
  map->set("Version", text(spec.version));
  return Value::of(map);
}

Value maintainer_map(Arena& arena, const Maintainer& maintainer) {
  Map* map = Map::make(arena, 3);
  map->set("Email", text(maintainer.email));
  map->set("Name", text(maintainer.name));
  map->set("URL", text(maintainer.url));
  return Value::of(map);
}

Value chart_map(Arena& arena, const WorkChart& chart) {
  const Metadata& md = chart.chart->metadata;
  std::vector<Value> maintainers;
  for (const Maintainer& one : md.maintainers) maintainers.push_back(maintainer_map(arena, one));
  std::vector<Value> dependencies;
  for (const auto& one : chart.requirements) dependencies.push_back(dependency_map(arena, *one));
  Map* map = Map::make(arena, 20);
  map->set("APIVersion", text(md.api_version));
  map->set("Annotations", annotations_of(arena, md));
  map->set("AppVersion", text(md.app_version));
  map->set("Condition", text(md.condition));
  map->set("Dependencies", list_of(arena, dependencies));
  map->set("Deprecated", Value::of(md.deprecated));
  map->set("Description", text(md.description));
  map->set("Home", text(md.home));
  map->set("Icon", text(md.icon));
  map->set("IsRoot", Value::of(chart.is_root()));
  map->set("Keywords", list_of(arena, texts(md.keywords)));
  map->set("KubeVersion", text(md.kube_version));
  map->set("Maintainers", list_of(arena, maintainers));
  map->set("Name", text(chart.name));
  map->set("Sources", list_of(arena, texts(md.sources)));
  map->set("Tags", text(md.tags));
  map->set("Type", text(md.type));
  map->set("Version", text(md.version));
  return Value::of(map);
}

// ---- helm 3: structs with Go's types and JSON names
// ------------------------------------------------------------------

Field field(std::string_view name, std::string_view json, Value value, bool omit_empty = true) {
  Field out;
  out.name = name;
  out.json = json;
  out.omit_empty = omit_empty;
  out.value = value;
  return out;
}

const Struct* structure(Arena& arena, const std::vector<Field>& fields) {
  auto kept = arena.copy(std::span<const Field>(fields));
  return arena.make<Struct>(std::span<const Field>(kept), nullptr);
}

Value strings_or_nil(Arena& arena, const std::vector<std::string>& from) {
  return from.empty() ? Value::typed_nil(Type::kStrings) : list_of(arena, texts(from), Type::kStrings);
}

Value maintainer_struct(Arena& arena, const Maintainer& one) {
  return Value::of(structure(arena, {field("Name", "name", text(one.name)), field("Email", "email", text(one.email)),
                                     field("URL", "url", text(one.url))}),
                   Type::kMaintainerPointer);
}

Value dependency_struct(Arena& arena, const WorkDependency& one) {
  const Dependency& spec = one.spec;
  Value imports = one.imported.empty() ? Value::typed_nil(Type::kList) : imports_of(arena, one.imported);
  return Value::of(
      structure(arena, {field("Name", "name", text(spec.name), false), field("Version", "version", text(spec.version)),
                        field("Repository", "repository", text(spec.repository), false),
                        field("Condition", "condition", text(spec.condition)),
                        field("Tags", "tags", strings_or_nil(arena, spec.tags)),
                        field("Enabled", "enabled", Value::of(spec.enabled)),
                        field("ImportValues", "import-values", imports), field("Alias", "alias", text(spec.alias))}),
      Type::kDependencyPointer);
}

Value chart_struct(Arena& arena, const WorkChart& chart) {
  const Metadata& md = chart.chart->metadata;
  std::vector<Value> maintainers;
  for (const Maintainer& one : md.maintainers) maintainers.push_back(maintainer_struct(arena, one));
  std::vector<Value> dependencies;
  for (const auto& one : chart.requirements) dependencies.push_back(dependency_struct(arena, *one));
  Value metadata = Value::of(
      structure(arena, {field("Name", "name", text(chart.name)), field("Home", "home", text(md.home)),
                        field("Sources", "sources", strings_or_nil(arena, md.sources)),
                        field("Version", "version", text(md.version)),
                        field("Description", "description", text(md.description)),
                        field("Keywords", "keywords", strings_or_nil(arena, md.keywords)),
                        field("Maintainers", "maintainers",
                              maintainers.empty() ? Value::typed_nil(Type::kMaintainers)
                                                  : list_of(arena, maintainers, Type::kMaintainers)),
                        field("Icon", "icon", text(md.icon)), field("APIVersion", "apiVersion", text(md.api_version)),
                        field("Condition", "condition", text(md.condition)), field("Tags", "tags", text(md.tags)),
                        field("AppVersion", "appVersion", text(md.app_version)),
                        field("Deprecated", "deprecated", Value::of(md.deprecated)),
                        field("Annotations", "annotations", annotations_of(arena, md)),
                        field("KubeVersion", "kubeVersion", text(md.kube_version)),
                        field("Dependencies", "dependencies",
                              dependencies.empty() ? Value::typed_nil(Type::kDependencies)
                                                   : list_of(arena, dependencies, Type::kDependencies)),
                        field("Type", "type", text(md.type))}),
      Type::kChartMetadata);
  Field embedded = field("Metadata", "", metadata, false);
  embedded.embedded = true;
  return Value::of(structure(arena, {embedded, field("IsRoot", "", Value::of(chart.is_root()), false)}),
                   Type::kHelm3Chart);
}

// ---- the scopes
// ------------------------------------------------------------------------------------------------------

Value files_of(Arena& arena, const Chart& chart) {
  Map* map = Map::make(arena, chart.files.size());
  for (const ChartFile& file : chart.files) {
    // A text among the bytes is the reason why there are none.
    map->append(render::Key(file.name), file.refused ? text(file.data) : Value::of_bytes(file.data));
  }
  map->sort();
  return Value::of(map, Type::kFiles);
}

bool is_library(const Chart& chart) { return to_lower(chart.metadata.type) == "library"; }

Map* scope_of(Work& work, const WorkChart& chart, Map* outer, std::vector<Renderable>& out) {
  Arena& arena = work.arena;
  bool four = work.helm == HelmVersion::k4;
  Type values_type = four ? Type::kValues4 : Type::kValues3;
  Map* subcharts = work.new_map();
  Map* scope = Map::make(arena, 8);
  scope->set("Chart", four ? chart_map(arena, chart) : chart_struct(arena, chart));
  scope->set("Files", files_of(arena, *chart.chart));
  scope->set("Release", outer->get("Release"));
  scope->set("Capabilities", outer->get("Capabilities"));
  scope->set("Subcharts", Value::of(subcharts));
  Value values = Value::of(work.new_map(), values_type);
  if (chart.is_root()) {
    values = outer->get("Values");
  } else if (Map* own = find_table(outer, "Values." + chart.name)) {
    values = Value::of(own, values_type);
  }
  scope->set("Values", values);
  for (const WorkChart* child : chart.dependencies) {
    subcharts->set(arena.copy(std::string_view(child->name)), Value::of(scope_of(work, *child, scope, out)));
  }
  std::string path = chart.full_path();
  for (const ChartFile& file : chart.chart->templates) {
    if (is_library(*chart.chart) && base_name(file.name).front() != '_') continue;
    out.push_back(
        {clean_path(path + "/" + file.name), &file, chart.chart->parsed.get(), scope, clean_path(path + "/templates")});
  }
  return scope;
}

}  // namespace

std::vector<Renderable> all_templates(Work& work, const WorkChart& root, Map* top) {
  std::vector<Renderable> all;
  scope_of(work, root, top, all);
  // Two charts of one name in one folder: Go's map keeps what came last.
  std::unordered_map<std::string_view, size_t> last;
  for (size_t i = 0; i < all.size(); ++i) last[all[i].name] = i;
  if (last.size() == all.size()) return all;
  std::vector<Renderable> out;
  for (size_t i = 0; i < all.size(); ++i) {
    if (last[all[i].name] == i) out.push_back(all[i]);
  }
  return out;
}

}  // namespace autonomous::helm
