#include "render/app/context.h"

namespace autonomous::app {

namespace {

model::Target target_of(const model::App& app, const std::string& name) {
  size_t slash = name.find('/');
  if (slash == std::string::npos) return {app.environment, app.project, name};
  return {app.environment, name.substr(0, slash), name.substr(slash + 1)};
}

}  // namespace

Result<ChartContext> chart_context(const model::Environment& environment, const model::App& app, std::string image,
                                   const FileTree& project, const std::map<std::string, const model::App*>& others,
                                   uint64_t max_file) {
  model::Target target{app.environment, app.project, app.name};
  ChartContext out;
  out.ns = model::namespace_of(environment, target);
  out.image = std::move(image);
  out.domain = model::expand(environment.domain, target);
  out.secrets = model::expand(environment.secrets, target);
  out.role = model::expand(environment.facilities.delivery.role, target);
  out.strict_network = environment.policies.strict_network;
  out.facilities = environment.facilities;
  for (const auto& [path, file] : app.files) {
    TRY_WITH(out.files[path], "while reading a file of app " + app.name, project.read(file, max_file));
  }
  auto place = [&](const std::string& name) {
    auto other = others.find(name);  // it may bear another name than it has (renamed-from)
    bool renamed = other != others.end() && !other->second->known_as.empty();
    model::Target where = target_of(app, name);
    if (other != others.end()) where.project = other->second->project;
    if (renamed) where.app = other->second->name;
    std::string ns = model::namespace_of(environment, where);
    if (ns == out.ns) return;
    if (renamed) out.namespaces[other->second->name] = ns;
    out.namespaces[name] = std::move(ns);
  };
  for (const auto& [name, other] : others) {
    if (name == (app.known_as.empty() ? app.name : app.known_as)) continue;
    out.others[name] = other;
    place(name);
  }
  for (const auto* list : {&app.needs, &app.calls}) {
    for (const std::string& name : *list) place(name);
  }
  return out;
}

}  // namespace autonomous::app
