#include "daemon/pipeline/laid_apps.h"

#include <algorithm>
#include <set>
#include <utility>

namespace autonomous::daemon {

std::shared_ptr<const model::App> LaidApps::find(const std::string& name) {
  auto [known, fresh] = apps_.try_emplace(name);
  if (fresh) known->second = lay(name);
  return known->second;
}

std::shared_ptr<const model::App> LaidApps::lay(const std::string& name) {
  std::string file = "config/" + environment_.name + "/" + project_ + "/" + name + ".yaml";
  model::Parsed<model::Value> overlay;
  if (view_.tree && view_.tree->stat(file)) {
    auto text = view_.tree->read(file, 1 << 20);
    if (!text) {
      errors_.push_back(std::move(text).error());
      return nullptr;
    }
    overlay = model::parse_overlay(*text, file);
    errors_.insert(errors_.end(), overlay.errors.begin(), overlay.errors.end());
    if (!overlay) return nullptr;
  }
  model::Layers layers{environment_.defaults.is_null() ? nullptr : &environment_.defaults, overlay.value.get()};
  auto effective = model::effective(spec_, project_, environment_.name, name, layers, names_);
  errors_.insert(errors_.end(), effective.errors.begin(), effective.errors.end());
  warnings_.insert(warnings_.end(), effective.warnings.begin(), effective.warnings.end());
  return effective ? std::make_shared<model::App>(effective->app) : nullptr;
}

std::optional<Neighbours> LaidApps::around(const std::string& name, const model::App& app) {
  Neighbours neighbours;
  for (const std::string& other : neighbours_of(app)) {
    if (!std::binary_search(names_.begin(), names_.end(), other)) continue;  // the spec's own check says it
    auto found = find(other);
    if (!found) return std::nullopt;
    neighbours.emplace(other, std::move(found));
  }
  add_callers(name, neighbours);
  return neighbours;
}

// Under a strict network a policy names who may come in. An app that is wrong calls nobody until it is right.
void LaidApps::add_callers(const std::string& name, Neighbours& out) {
  if (!environment_.policies.strict_network) return;
  if (!callers_) {
    callers_.emplace();
    for (const std::string& caller : names_) {
      auto app = find(caller);
      if (!app) continue;
      for (const std::string& called : neighbours_of(*app)) (*callers_)[called].push_back(caller);
    }
  }
  for (const std::string& caller : (*callers_)[name]) out.emplace(caller, find(caller));
}

std::set<std::string> neighbours_of(const model::App& app) {
  std::set<std::string> out;
  auto bindings = [&](const std::map<std::string, model::EnvValue>& env) {
    for (const auto& [name, value] : env) {
      auto binding = value.from.empty() ? Result<model::Binding>(model::Binding{}) : model::parse_binding(value.from);
      if (binding && !binding->app.empty()) out.insert(binding->app);
    }
  };
  bindings(app.env);
  for (const auto* containers : {&app.init, &app.sidecars}) {
    for (const auto& [name, container] : *containers) bindings(container.env);
  }
  for (const auto* names : {&app.needs, &app.calls}) out.insert(names->begin(), names->end());
  return out;
}

}  // namespace autonomous::daemon
