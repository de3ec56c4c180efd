// Which subcharts take part, under which names, and which of their values their parents import: a port of helm's
// dependencies.go (helm 3's where the two differ in what they share).
#include "render/funcs/semver.h"
#include "render/helm/work.h"

#include <set>

#include "gitops/base/text.h"

namespace autonomous::helm {

namespace {

bool fits(const WorkDependency& wanted, const WorkChart& chart) {
  return chart.name == wanted.spec.name &&
         render::is_compatible_range(wanted.spec.version, chart.chart->metadata.version);
}

// processDependencyTags: one true tag enables; else one false tag disables.
void apply_tags(Work& work, WorkChart& chart, Map* values) {
  Map* tags = find_table(values, "tags");
  if (tags == nullptr) return;
  for (auto& wanted : chart.requirements) {
    bool has_true = false;
    bool has_false = false;
    for (const std::string& tag : wanted->spec.tags) {
      const Value* value = tags->find(tag);
      if (value == nullptr) continue;
      if (value->is_bool()) {
        (value->boolean() ? has_true : has_false) = true;
      } else if (work.helm == HelmVersion::k3) {
        work.log("dependencies.go:95",
                 "Warning: Tag '" + tag + "' for chart " + wanted->spec.name + " returned non-bool value");
      } else {
        work.slog("WARN", "returned non-bool value", {"tag", tag, "chart", wanted->spec.name});
      }
    }
    wanted->spec.enabled = has_true || !has_false;
  }
}

// Values.PathValue: what lies at the path, unless it is a table.
const Value* path_value(Map* values, std::string_view path) {
  size_t dot = path.rfind('.');
  Map* table = dot == std::string_view::npos ? values : find_table(values, path.substr(0, dot));
  if (table == nullptr) return nullptr;
  const Value* value = table->find(dot == std::string_view::npos ? path : path.substr(dot + 1));
  bool is_table = value != nullptr && value->is_map() && value->type() == render::Type::kMap;
  return is_table ? nullptr : value;
}

// processDependencyConditions: the first path that holds a bool decides, whatever the tags said.
void apply_conditions(Work& work, WorkChart& chart, Map* values, const std::string& prefix) {
  for (auto& wanted : chart.requirements) {
    for (std::string_view path : split(trim(wanted->spec.condition), ',')) {
      if (path.empty()) continue;
      const Value* value = path_value(values, prefix + std::string(path));
      if (value == nullptr) continue;
      if (value->is_bool()) {
        wanted->spec.enabled = value->boolean();
        break;
      }
      if (work.helm == HelmVersion::k3) {
        work.log("dependencies.go:64", "Warning: Condition path '" + std::string(path) + "' for chart " +
                                           wanted->spec.name + " returned non-bool value");
      } else {
        work.slog("WARN", "returned non-bool value", {"path", path, "chart", wanted->spec.name});
      }
    }
  }
}

// getAliasDependency: a copy of the chart that the dependency means, under its alias.
WorkChart* alias_dependency(Work& work, const WorkChart& parent, const WorkDependency& wanted) {
  for (const WorkChart* candidate : parent.dependencies) {
    if (!fits(wanted, *candidate)) continue;
    WorkChart* copy = work.copy(*candidate);
    if (work.helm == HelmVersion::k4) {
      // helm 4 also copies what the two copies would otherwise both change.
      for (auto& requirement : copy->requirements) requirement = std::make_shared<WorkDependency>(*requirement);
      std::vector<WorkChart*> children;
      for (const WorkChart* child : candidate->dependencies) children.push_back(work.copy(*child));
      copy->set_dependencies(std::move(children));
    }
    if (!wanted.spec.alias.empty()) copy->name = wanted.spec.alias;
    return copy;
  }
  return nullptr;
}

std::vector<WorkChart*> resolve(Work& work, WorkChart& chart) {
  std::vector<WorkChart*> found;
  for (WorkChart* child : chart.dependencies) {
    bool listed = false;
    for (const auto& wanted : chart.requirements) listed = listed || fits(*wanted, *child);
    if (!listed) found.push_back(child);
  }
  for (auto& wanted : chart.requirements) {
    if (WorkChart* child = alias_dependency(work, chart, *wanted)) found.push_back(child);
    if (!wanted->spec.alias.empty()) wanted->spec.name = wanted->spec.alias;
  }
  return found;
}

// processDependencyEnabled
Result<void> process_enabled(Work& work, WorkChart& chart, Map* values, const std::string& path) {
  if (!chart.has_requirements) return ok();
  chart.set_dependencies(resolve(work, chart));
  for (auto& wanted : chart.requirements) wanted->spec.enabled = true;
  TRY(Map * merged, coalesce_values(work, chart, values));
  apply_tags(work, chart, merged);
  apply_conditions(work, chart, merged, path);

  std::set<std::string_view> disabled;
  for (const auto& wanted : chart.requirements) {
    if (!wanted->spec.enabled) disabled.insert(wanted->spec.name);
  }
  std::vector<WorkChart*> stays;
  for (WorkChart* child : chart.dependencies) {
    if (!disabled.contains(child->name)) stays.push_back(child);
  }
  std::vector<std::shared_ptr<WorkDependency>> wanted_still;
  for (const auto& wanted : chart.requirements) {
    if (!disabled.contains(wanted->spec.name)) wanted_still.push_back(wanted);
  }
  for (WorkChart* child : stays) TRY_DO(process_enabled(work, *child, merged, path + child->name + "."));
  chart.has_requirements = !wanted_still.empty();  // Go appends to nil: an empty list is nil again
  chart.requirements = std::move(wanted_still);
  chart.set_dependencies(std::move(stays));
  return ok();
}

// pathToMap: data under a dotted path; "." is the root.
Map* path_to_map(Work& work, std::string_view path, Map* data) {
  if (path == ".") return data;
  std::vector<std::string_view> parts = split(path, '.');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    Map* outer = work.new_map();
    outer->set(work.keep(*part), Value::of(data));
    data = outer;
  }
  return data;
}

void warn_missing(Work& work, const WorkDependency& wanted, const ImportValue& item, const std::string& missing) {
  std::string error = "\"" + missing + "\" is not a table";
  if (work.helm == HelmVersion::k3) {
    work.log(item.is_export ? "dependencies.go:287" : "dependencies.go:270",
             item.is_export ? "Warning: ImportValues missing table: " + error
                            : "Warning: ImportValues missing table from chart " + wanted.spec.name + ": " + error);
  } else if (item.is_export) {
    work.slog("WARN", "ImportValues missing table", {"error", error});
  } else {
    work.slog("WARN", "ImportValues missing table from chart", {"chart", wanted.spec.name, "error", error});
  }
}

// processImportValues; the parent's own values win over what it imports.
Result<void> import_values(Work& work, WorkChart& chart) {
  if (!chart.has_requirements) return ok();
  TRY(Map * merged, merge_values(work, chart, nullptr));
  Map* imported = work.new_map();
  for (auto& wanted : chart.requirements) {
    std::vector<ImportValue> rewritten;
    const std::vector<ImportValue> items = wanted->processed ? wanted->imported : wanted->spec.import_values;
    for (const ImportValue& item : items) {
      // What helm wrote back as map[string]string is neither a string nor a map[string]any the second time.
      if (wanted->processed) continue;
      std::string child = item.is_export ? "exports." + item.child : item.child;
      rewritten.push_back({child, item.is_export ? "." : item.parent, false});
      std::string missing;
      Map* table = find_table(merged, wanted->spec.name + "." + child, &missing);
      if (table == nullptr) {
        warn_missing(work, *wanted, item, missing);
        continue;
      }
      imported = merge_tables(work, imported, item.is_export ? table : path_to_map(work, item.parent, table));
    }
    wanted->imported = std::move(rewritten);
    wanted->processed = true;
  }
  merged = render::deep_copy(work.arena, Value::of(merged)).map();
  chart.values = merge_tables(work, merged, imported);
  return ok();
}

Result<void> import_all(Work& work, WorkChart& chart) {
  for (WorkChart* child : chart.dependencies) TRY_DO(import_all(work, *child));
  return import_values(work, chart);
}

}  // namespace

Result<void> process_dependencies(Work& work, WorkChart& chart, Map* values) {
  TRY_DO(process_enabled(work, chart, values, ""));
  return import_all(work, chart);
}

Result<void> check_dependencies(const Chart& chart) {
  std::vector<std::string> missing;
  for (const Dependency& wanted : chart.metadata.dependencies) {
    bool found = false;
    for (const auto& child : chart.dependencies) found = found || child->metadata.name == wanted.name;
    if (!found) missing.push_back(wanted.name);
  }
  if (missing.empty()) return ok();
  return fail(Code::kInvalid, "found in Chart.yaml, but missing in charts/ directory: ", join(missing, ", "));
}

}  // namespace autonomous::helm
