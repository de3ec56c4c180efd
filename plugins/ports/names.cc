// The words of the ports' enumerations, and names that follow from design.md §4.
#include "plugins/ports/reconciler.h"

namespace autonomous::ports {

std::string_view sync_name(Sync sync) {
  switch (sync) {
    case Sync::kSynced: return "Synced";
    case Sync::kOutOfSync: return "OutOfSync";
    case Sync::kUnknown: break;
  }
  return "Unknown";
}

std::string_view health_name(Health health) {
  switch (health) {
    case Health::kHealthy: return "Healthy";
    case Health::kProgressing: return "Progressing";
    case Health::kDegraded: return "Degraded";
    case Health::kSuspended: return "Suspended";
    case Health::kMissing: return "Missing";
    case Health::kUnknown: break;
  }
  return "Unknown";
}

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::kRunning: return "Running";
    case Operation::kTerminating: return "Terminating";
    case Operation::kSucceeded: return "Succeeded";
    case Operation::kFailed: return "Failed";
    case Operation::kError: return "Error";
    case Operation::kNone: break;
  }
  return "None";
}

std::string ResourceId::str() const {
  std::string out = group.empty() ? kind : group + "/" + kind;
  out += ' ';
  if (!ns.empty()) out += ns + "/";
  return out + name;
}

std::string Trouble::line() const {
  std::string out = object;
  if (!container.empty()) out += ", container " + container;
  out += ": " + reason;
  if (exit_code) out += ", exit code " + std::to_string(*exit_code);
  if (!message.empty()) out += ": " + message;
  if (!last_lines.empty()) out += "; its last line: " + last_lines.back();
  return out;
}

std::string application_name(std::string_view environment, std::string_view project, std::string_view app) {
  std::string out(environment);
  return out.append(".").append(project).append(".").append(app);
}

std::string root_name(std::string_view environment, std::string_view project) {
  return std::string(environment).append(".").append(project);
}

Source source_of(const Application& application) {
  std::string path = "apps/" + application.environment + "/" + application.project + "/" + application.app;
  if (application.values_mode) path += "/chart";
  return {application.repo, std::move(path), "refs/heads/" + application.branch};
}

std::optional<Trouble> first_trouble(const std::vector<Trouble>& troubles, Time since) {
  for (const Trouble& trouble : troubles) {
    if (trouble.pod_created == Time{} || trouble.pod_created + kSkew >= since) return trouble;
  }
  return std::nullopt;
}

std::string application_path(std::string_view environment, std::string_view project, std::string_view app) {
  std::string out = "argocd/";
  return out.append(environment).append("/").append(project).append("/").append(app).append(".yaml");
}

std::string root_path(std::string_view environment, std::string_view project) {
  return application_path(environment, project, "_root");
}

std::string namespace_name(std::string_view environment, std::string_view project, std::string_view ns) {
  return root_name(environment, project).append(".namespace.").append(ns);
}

std::string namespaces_project(std::string_view environment, std::string_view project) {
  return root_name(environment, project) + ".namespaces";
}

std::string namespace_folder(std::string_view environment, std::string_view project, std::string_view ns) {
  std::string out = "argocd/";
  return out.append(environment).append("/").append(project).append("/_namespace.").append(ns);
}

}  // namespace autonomous::ports
