#include "daemon/pipeline/import_text.h"

#include <set>

#include "gitops/base/text.h"
#include "gitops/model/platform.h"

namespace autonomous::daemon {

namespace {

std::string flow(const std::vector<std::pair<std::string, std::string>>& keys) {
  std::string out = "{";
  for (const auto& [key, value] : keys) out += (out.size() > 1 ? ", " : "") + key + ": " + value;
  return out + "}";
}

}  // namespace

std::string yaml_text(const std::string& text) {
  static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-.";
  if (!text.empty() && text[0] != '-' && text[0] != '.' && text.find_first_not_of(kPlain) == std::string::npos)
    return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string spec_text(const std::string& project, const SaidAll& all) {
  std::string out =
      "# What was imported, as it ran: nothing differs until you change it here.\nversion: 1\nproject: " + project +
      "\napps:\n";
  std::set<std::string> environments;
  for (const auto& [app, said] : all) {
    for (const auto& [environment, unused] : said) environments.insert(environment);
    out += "  " + app + ": " + flow(said.begin()->second.keys) + "\n";
  }
  std::string overlays;
  for (const std::string& environment : environments) {
    std::string apps;
    for (const auto& [app, said] : all) {
      auto own = said.find(environment);
      if (own == said.end()) apps += "      " + app + ": null  # it runs elsewhere only\n";
      else if (own->second.keys != said.begin()->second.keys)
        apps += "      " + app + ": " + flow(own->second.keys) + "\n";
    }
    if (!apps.empty()) overlays += "  " + environment + ":\n    apps:\n" + apps;
  }
  return out + (overlays.empty() ? "" : "environments:\n" + overlays);
}

std::string namespace_template(const std::string& project, const std::string& environment,
                               const std::map<std::string, std::string>& namespaces) {
  std::vector<std::string> candidates = {
      "{project}-{env}", "{project}",       "{env}-{project}",       "{app}", "{app}-{env}",
      "{env}-{app}",     "{project}-{app}", "{project}-{app}-{env}", "{env}"};
  for (const auto& [app, ns] : namespaces) candidates.push_back(ns);
  std::string best;
  size_t most = 0;
  for (const std::string& candidate : candidates) {
    size_t fits = 0;
    for (const auto& [app, ns] : namespaces)
      fits += model::expand(candidate, {environment, project, app}) == ns ? 1 : 0;
    if (fits <= most) continue;
    most = fits;
    best = candidate;
  }
  return best;
}

std::string platform_text(const std::string& project, const std::map<std::string, SaidEnvironment>& environments,
                          const std::string& kubernetes) {
  std::string out =
      "version: 1\n"
      "# Argo CD reconciles once it is named here, and the daemon has its token (plugins/README.md):\n"
      "# instances: {argocd: {kind: argocd, url: \"https://argocd.example.com\"}}\n"
      "projects: {" +
      project +
      ": {}}\n"
      "environments:\n";
  for (const auto& [name, said] : environments) {
    out += "  " + name + ":\n    from: branch main" +
           (environments.size() > 1 ? "  # or `from: <another environment>`, by promotion, once it has what that has"
                                    : "") +
           "\n";
    if (!said.ns.empty() && said.ns != "{project}-{env}") out += "    namespace: " + yaml_text(said.ns) + "\n";
    if (!said.cluster.empty()) out += "    cluster: " + yaml_text(said.cluster) + "\n";
    if (!kubernetes.empty()) out += "    kubernetes: " + yaml_text(kubernetes) + "\n";
  }
  return out;
}

}  // namespace autonomous::daemon
