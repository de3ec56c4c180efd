// The objects that we make in Argo CD: Applications, roots, and the AppProjects that confine them. Pure; the same input
// gives the same bytes, because the texts are committed.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "plugins/ports/reconciler.h"

namespace autonomous::argocd {

// The AppProject of all roots: allows nothing but Applications.
inline constexpr std::string_view kRootsProject = "autonomous-roots";
// On every Application that we make; the watch selects by it.
inline constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";

nlohmann::ordered_json application_object(const ports::Application& application, const std::string& argocd_namespace);
nlohmann::ordered_json root_object(const ports::Root& root, const std::string& argocd_namespace);
// What the applications of one (environment, project) may do: our repository, their namespaces, allowed kinds.
nlohmann::ordered_json confinement_object(const ports::Root& root);
// What brings the quota of a namespace there, and what may be brought: quotas, default requests, and the namespace.
nlohmann::ordered_json namespace_object(const ports::Root& root, const std::string& ns,
                                        const std::string& argocd_namespace);
nlohmann::ordered_json namespaces_project_object(const ports::Root& root);
nlohmann::ordered_json roots_project_object(const std::vector<std::string>& repos, const std::string& argocd_namespace);

// Block style, strings quoted where they need it.
std::string to_yaml(const nlohmann::ordered_json& object);

}  // namespace autonomous::argocd
