#include "gitops/model/spec.h"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

#include "gitops/base/text.h"
#include "gitops/model/app_read.h"
#include "gitops/model/shape.h"
#include "gitops/model/spec_shape.h"

namespace autonomous::model {

namespace {

constexpr uint64_t kMaxSpecBytes = 1u << 20;
constexpr size_t kMaxApps = 1000;  // the work of judging grows with their product
constexpr size_t kMaxEnvironments = 50;

std::string folder_of(std::string_view file) {
  size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(file.substr(0, slash));
}

// A file, checked by the table alone.
Parsed<Value> read_one(std::string_view text, std::string_view file, const Shape& shape, const std::string& folder) {
  Parsed<Value> out = parse_yaml(text, file);
  if (!out) return out;
  ShapeCheck check{out.errors, folder};
  check_shape(shape, *out.value, "", check);
  if (!out.errors.empty()) out.value.reset();
  return out;
}

std::vector<std::string> keys_of(const Value* map) {
  std::vector<std::string> out;
  if (map == nullptr) return out;
  for (const Member& member : map->members) out.push_back(member.key);
  std::sort(out.begin(), out.end());
  return out;
}

// An error of the base shows up in every environment: it is told once.
void add_new(std::vector<Error>& to, std::set<std::string>& seen, std::vector<Error>& from) {
  for (Error& error : from) {
    if (seen.insert(error.line()).second) to.push_back(std::move(error));
  }
}

void judge_strangers(const Value& root, std::vector<Error>& errors) {
  const Value* environments = root.find("environments");
  const Value* apps = root.find("apps");
  if (environments == nullptr) return;
  const std::vector<std::string> known = keys_of(apps);
  for (const Member& environment : environments->members) {
    const Value* overlays = environment.value.find("apps");
    if (overlays == nullptr) continue;
    for (const Member& overlay : overlays->members) {
      if (std::find(known.begin(), known.end(), overlay.key) != known.end()) continue;
      bool whole = false;
      for (const char* key : {"type", "image", "build", "chart", "manifests"})
        whole = whole || overlay.value.find(key) != nullptr;
      if (whole) continue;
      std::string near = nearest(overlay.key, known);
      errors.push_back(shape_error(
          overlay.place(), "environments." + environment.key + ".apps",
          "there is no app '" + overlay.key + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?")));
    }
  }
}

// needs: is an order, so it must not go round.
void judge_order(const Value& root, std::vector<Error>& errors) {
  const Value* apps = root.find("apps");
  if (apps == nullptr) return;
  std::map<std::string, int> state;  // 1: on the way, 2: done
  std::vector<std::string> way;
  std::function<void(const Member&)> visit = [&](const Member& app) {
    state[app.key] = 1;
    way.push_back(app.key);
    if (const Value* needs = app.value.find("needs")) {
      for (const Value& need : needs->items) {
        auto next = std::find_if(apps->members.begin(), apps->members.end(),
                                 [&](const Member& m) { return m.key == need.text; });
        if (next == apps->members.end()) continue;
        int& seen = state[need.text];
        if (seen == 1) {
          auto from = std::find(way.begin(), way.end(), need.text);
          std::vector<std::string> circle(from, way.end());
          circle.push_back(need.text);
          errors.push_back(shape_error(need.place(), "apps." + app.key + ".needs",
                                       "the apps wait for each other: " + join(circle, " → "))
                               .hint("calls: [" + need.text + "] is network only, and may be a circle"));
        } else if (seen == 0) {
          visit(*next);
        }
      }
    }
    way.pop_back();
    state[app.key] = 2;
  };
  for (const Member& app : apps->members) {
    if (state[app.key] == 0) visit(app);
  }
}

void judge_size(const Value& root, std::vector<Error>& errors) {
  const Value* apps = root.find("apps");
  const Value* environments = root.find("environments");
  if (apps != nullptr && apps->members.size() > kMaxApps) {
    errors.push_back(
        shape_error(apps->place(), "apps", "at most " + std::to_string(kMaxApps) + " apps fit one project"));
  }
  if (environments != nullptr && environments->members.size() > kMaxEnvironments) {
    errors.push_back(shape_error(environments->place(), "environments",
                                 "at most " + std::to_string(kMaxEnvironments) + " are allowed"));
  }
}

void judge_spec(const Spec& spec, Parsed<Spec>& out) {
  judge_size(spec.root, out.errors);
  if (!out.errors.empty()) return;
  judge_strangers(spec.root, out.errors);
  judge_order(spec.root, out.errors);
  if (!out.errors.empty()) return;
  std::set<std::string> errors, warnings;
  std::vector<std::string> environments = spec.environments();
  environments.insert(environments.begin(), "");
  for (const std::string& environment : environments) {
    const std::vector<std::string> apps = environment.empty() ? spec.apps() : spec.apps(environment);
    for (const std::string& app : apps) {
      auto judged = judge_effective(spec, environment, app, apps);
      add_new(out.errors, errors, judged.errors);
      add_new(out.warnings, warnings, judged.warnings);
    }
  }
}

Spec make_spec(Value root, std::string_view file) {
  Spec spec;
  spec.project = text_of(root, "project");
  spec.platform = text_of(root, "platform");
  spec.files.emplace_back(file);
  spec.root = std::move(root);
  return spec;
}

Parsed<Spec> finish(Spec spec, Parsed<Spec> out) {
  if (out.errors.empty()) judge_spec(spec, out);
  // In the order of the file, whatever order the checks went in.
  std::stable_sort(out.errors.begin(), out.errors.end(), [](const Error& a, const Error& b) {
    if (a.place() == nullptr || b.place() == nullptr) return a.place() == nullptr && b.place() != nullptr;
    return std::tie(a.place()->file, a.place()->line, a.place()->column) <
           std::tie(b.place()->file, b.place()->line, b.place()->column);
  });
  if (out.errors.empty()) out.value = std::make_unique<Spec>(std::move(spec));
  return out;
}

Value* ensure_map(Value& parent, std::string_view key, const Value& like) {
  if (Value* found = parent.find(key)) return found;
  Value map = Value::map();
  map.locate_like(like);
  return &parent.set(key, std::move(map));
}

void add_apps(Value& to, const Value& apps, const Value* defaults, const std::string& name,
              std::vector<Error>& errors) {
  for (const Member& app : apps.members) {
    auto old = std::find_if(to.members.begin(), to.members.end(), [&](const Member& m) { return m.key == app.key; });
    if (old != to.members.end()) {
      Place first = old->place();
      errors.push_back(shape_error(
          app.place(), name, "app '" + app.key + "' is also in " + first.file + ":" + std::to_string(first.line)));
      continue;
    }
    Member member = app;
    if (defaults != nullptr && app.value.is_map()) {
      // Defaults of an included file are for its own apps only.
      Value merged = *defaults;
      merged.locate_like(app.value);
      merge(merged, app.value);
      member.value = std::move(merged);
    }
    to.members.push_back(std::move(member));
  }
}

// Apps of an included file count changes of its own folder, where they don't say otherwise.
void default_paths(Value& apps, const std::string& folder) {
  if (folder.empty()) return;
  for (Member& app : apps.members) {
    if (!app.value.is_map() || app.value.find("paths") != nullptr) continue;
    Value list;
    list.kind = Value::Kind::kList;
    list.locate_like(app.value);
    list.items.push_back(Value::scalar(folder));
    app.value.set("paths", std::move(list));
  }
}

void include_one(Spec& spec, Value file, const std::string& folder, std::vector<Error>& errors) {
  for (const char* key : {"include", "platform"}) {
    if (const Value* value = file.find(key))
      errors.push_back(shape_error(value->place(), key, "only the first file may have it"));
  }
  if (const Value* project = file.find("project"); project != nullptr && project->text != spec.project) {
    errors.push_back(
        shape_error(project->place(), "project", "this file is included by project '" + spec.project + "'"));
  }
  if (Value* apps = file.find("apps")) {
    default_paths(*apps, folder);
    add_apps(*ensure_map(spec.root, "apps", *apps), *apps, file.find("defaults"), "apps", errors);
  }
  const Value* environments = file.find("environments");
  if (environments == nullptr) return;
  for (const Member& environment : environments->members) {
    const Value* apps = environment.value.find("apps");
    if (const Value* defaults = environment.value.find("defaults")) {
      errors.push_back(shape_error(defaults->place(), "environments." + environment.key,
                                   "defaults of an environment belong to the first file"));
    }
    if (apps == nullptr) continue;
    Value* into = ensure_map(*ensure_map(spec.root, "environments", *environments), environment.key, environment.value);
    add_apps(*ensure_map(*into, "apps", *apps), *apps, nullptr, "environments." + environment.key + ".apps", errors);
  }
}

Result<std::vector<std::string>> included_files(const FileTree& tree, const Spec& spec, std::vector<Error>& errors) {
  std::vector<std::string> out;
  const Value* include = spec.root.find("include");
  if (include == nullptr || include->items.empty()) return out;
  TRY(std::vector<FileEntry> entries, tree.list());
  for (const Value& pattern : include->items) {
    size_t before = out.size();
    for (const FileEntry& entry : entries) {
      if (entry.kind != FileKind::kFile && entry.kind != FileKind::kExecutable) continue;
      if (entry.path == spec.files.front() || !glob_matches(pattern.text, entry.path)) continue;
      out.push_back(entry.path);
    }
    if (out.size() == before)
      errors.push_back(shape_error(pattern.place(), "include", "no file matches '" + pattern.text + "'"));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

std::vector<std::string> Spec::apps() const { return keys_of(root.find("apps")); }

std::vector<std::string> Spec::apps(std::string_view environment) const {
  std::vector<std::string> base = apps();
  std::set<std::string> out(base.begin(), base.end());
  const Value* environments = root.find("environments");
  const Value* overlay = environments != nullptr ? environments->find(environment) : nullptr;
  const Value* overlays = overlay != nullptr ? overlay->find("apps") : nullptr;
  if (overlays != nullptr) {
    for (const Member& app : overlays->members) {
      if (app.value.is_null()) {
        out.erase(app.key);
      } else {
        out.insert(app.key);
      }
    }
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> Spec::environments() const { return keys_of(root.find("environments")); }

Parsed<Spec> parse_spec(std::string_view text, std::string_view file) {
  Parsed<Spec> out;
  Parsed<Value> value = read_one(text, file, spec_shape(), folder_of(file));
  out.errors = std::move(value.errors);
  if (!value) return out;
  return finish(make_spec(std::move(*value.value), file), std::move(out));
}

Parsed<Spec> load_spec(const FileTree& tree, std::string_view file) {
  Parsed<Spec> out;
  auto text = tree.read(file, kMaxSpecBytes);
  if (!text) {
    out.errors.push_back(std::move(text).error());
    return out;
  }
  Parsed<Value> value = read_one(*text, file, spec_shape(), folder_of(file));
  out.errors = std::move(value.errors);
  if (!value) return out;
  Spec spec = make_spec(std::move(*value.value), file);
  auto files = included_files(tree, spec, out.errors);
  if (!files) {
    out.errors.push_back(std::move(files).error());
    return out;
  }
  for (const std::string& path : *files) {
    auto content = tree.read(path, kMaxSpecBytes);
    if (!content) {
      out.errors.push_back(std::move(content).error());
      continue;
    }
    Parsed<Value> one = read_one(*content, path, spec_shape(), folder_of(path));
    for (Error& error : one.errors) out.errors.push_back(std::move(error));
    spec.files.push_back(path);
    if (one) include_one(spec, std::move(*one.value), folder_of(path), out.errors);
  }
  return finish(std::move(spec), std::move(out));
}

Parsed<Value> parse_overlay(std::string_view text, std::string_view file) {
  return read_one(text, file, overlay_shape(), "");
}

}  // namespace autonomous::model
