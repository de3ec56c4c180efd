#include "plugins/argocd/objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace autonomous::argocd {

namespace {

using Ordered = nlohmann::ordered_json;

constexpr char kInCluster[] = "https://kubernetes.default.svc";
constexpr char kApiVersion[] = "argoproj.io/v1alpha1";

Ordered destination(const std::string& cluster, const std::string& ns) {
  Ordered out;
  if (cluster.empty()) {
    out["server"] = kInCluster;
  } else if (cluster.find("://") != std::string::npos) {
    out["server"] = cluster;
  } else {
    out["name"] = cluster;
  }
  out["namespace"] = ns;
  return out;
}

Ordered metadata(const std::string& name, const std::string& ns, const std::string& environment,
                 const std::string& project) {
  Ordered labels;
  labels[std::string(kManagedBy)] = "autonomous";
  labels["app.kubernetes.io/part-of"] = project;
  labels["environment"] = environment;
  return {{"name", name}, {"namespace", ns}, {"labels", labels}};
}

// Prune only what git no longer has; allowEmpty: retiring an app is a release without workloads.
Ordered sync_policy(Ordered options, const std::string& pod_security = "") {
  Ordered out;
  out["automated"] = {{"prune", true}, {"selfHeal", true}, {"allowEmpty", true}};
  out["syncOptions"] = std::move(options);
  // The labels come with the namespace, so that no pod is there before them.
  if (!pod_security.empty()) {
    Ordered labels;
    for (const char* mode : {"enforce", "warn"})
      labels[std::string("pod-security.kubernetes.io/") + mode] = pod_security;
    out["managedNamespaceMetadata"] = {{"labels", labels}};
  }
  out["retry"] = {{"limit", 3}, {"backoff", {{"duration", "2s"}, {"factor", 3}, {"maxDuration", "30s"}}}};
  return out;
}

Ordered group_kind(std::string_view text) {
  const size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return {{"group", "*"}, {"kind", text}};
  return {{"group", text.substr(0, slash)}, {"kind", text.substr(slash + 1)}};
}

// Names may hold `*`.
Ordered own_namespaces(const ports::Root& root) {
  Ordered out = Ordered::array();
  for (const std::string& ns : root.namespaces) out.push_back({{"group", ""}, {"kind", "Namespace"}, {"name", ns}});
  return out;
}

bool is_plain(const std::string& text) {
  static constexpr const char* kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::string low;
  std::transform(text.begin(), text.end(), std::back_inserter(low), lower);
  if (std::find(std::begin(kWords), std::end(kWords), low) != std::end(kWords)) return false;
  auto plain = [&](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' ||
           c == '_' || c == '=';
  };
  const bool begins = !text.empty() && ((lower(text[0]) >= 'a' && lower(text[0]) <= 'z') || text[0] == '/');
  return begins && std::all_of(text.begin(), text.end(), plain);
}

std::string scalar(const Ordered& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) return value.get<std::string>();
  return value.dump();  // JSON's scalars, [] and {} are YAML's
}

void write(const Ordered& value, size_t indent, std::string& out);

void write_member(const Ordered& value, size_t indent, std::string& out) {
  if (value.is_structured() && !value.empty()) {
    out += '\n';
    write(value, value.is_array() ? indent : indent + 2, out);
  } else {
    out += " " + scalar(value) + "\n";
  }
}

void write(const Ordered& value, size_t indent, std::string& out) {
  const std::string pad(indent, ' ');
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      out += pad + (is_plain(key) ? key : Ordered(key).dump()) + ":";
      write_member(member, indent, out);
    }
    return;
  }
  for (const Ordered& item : value) {
    out += pad + "-";
    if (!item.is_object() || item.empty()) {
      write_member(item, indent + 2, out);
      continue;
    }
    std::string block;
    write(item, indent + 2, block);
    out += " " + block.substr(indent + 2);  // the first key stands beside the dash
  }
}

}  // namespace

Ordered application_object(const ports::Application& application, const std::string& argocd_namespace) {
  const std::string& environment = application.environment;
  const std::string& project = application.project;
  const std::string folder = "apps/" + environment + "/" + project + "/" + application.app;
  const ports::Source from = ports::source_of(application);
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "Application"}};
  out["metadata"] =
      metadata(ports::application_name(environment, project, application.app), argocd_namespace, environment, project);
  out["metadata"]["labels"]["app.kubernetes.io/name"] = application.app;
  out["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"] = "/" + folder;
  Ordered source{{"repoURL", from.repo}, {"targetRevision", from.revision}, {"path", from.path}};
  // The folder itself, which is never empty, and of it the manifests: a release without workloads has no manifests/.
  // In the other mode it renders the chart, under the name that the templates were made for.
  if (application.values_mode)
    source["helm"] = {{"releaseName", application.release.empty() ? application.app : application.release}};
  else source["directory"] = {{"recurse", true}, {"include", "manifests/*"}};
  Ordered options = {"CreateNamespace=true"};
  if (!application.takes_over) options.push_back("FailOnSharedResource=true");
  out["spec"] = {{"project", ports::root_name(environment, project)},
                 {"source", source},
                 {"destination", destination(application.cluster, application.ns)},
                 {"syncPolicy", sync_policy(std::move(options), application.pod_security)},
                 {"revisionHistoryLimit", 3}};
  return out;
}

Ordered namespace_object(const ports::Root& root, const std::string& ns, const std::string& argocd_namespace) {
  const std::string folder = ports::namespace_folder(root.environment, root.project, ns);
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "Application"}};
  out["metadata"] = metadata(ports::namespace_name(root.environment, root.project, ns), argocd_namespace,
                             root.environment, root.project);
  // Before the applications; and when the platform wants no quota any more, it goes from the cluster, too.
  out["metadata"]["annotations"] = {{"argocd.argoproj.io/sync-wave", "-1"},
                                    {"argocd.argoproj.io/manifest-generate-paths", "/" + folder}};
  out["metadata"]["finalizers"] = {"resources-finalizer.argocd.argoproj.io"};
  out["spec"] = {
      {"project", ports::namespaces_project(root.environment, root.project)},
      {"source", {{"repoURL", root.repo}, {"targetRevision", "refs/heads/" + root.branch}, {"path", folder}}},
      {"destination", destination(root.cluster, ns)},
      {"syncPolicy", sync_policy({"CreateNamespace=true", "FailOnSharedResource=true"}, root.pod_security)},
      {"revisionHistoryLimit", 3}};
  return out;
}

Ordered namespaces_project_object(const ports::Root& root) {
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "AppProject"}};
  out["metadata"] = {{"name", ports::namespaces_project(root.environment, root.project)}};
  out["metadata"]["labels"][std::string(kManagedBy)] = "autonomous";
  Ordered destinations = Ordered::array();
  for (const std::string& ns : root.namespaces) destinations.push_back(destination(root.cluster, ns));
  out["spec"] = {{"description", "quotas of " + root.project + " in " + root.environment + ", made by autonomous"},
                 {"sourceRepos", {root.repo}},
                 {"destinations", destinations},
                 {"clusterResourceWhitelist", own_namespaces(root)},
                 {"namespaceResourceWhitelist",
                  {{{"group", ""}, {"kind", "ResourceQuota"}}, {{"group", ""}, {"kind", "LimitRange"}}}}};
  return out;
}

Ordered root_object(const ports::Root& root, const std::string& argocd_namespace) {
  const std::string folder = "argocd/" + root.environment + "/" + root.project;
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "Application"}};
  out["metadata"] =
      metadata(ports::root_name(root.environment, root.project), argocd_namespace, root.environment, root.project);
  out["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"] = "/" + folder;
  Ordered source{{"repoURL", root.repo}, {"targetRevision", "refs/heads/" + root.branch}, {"path", folder}};
  source["directory"] = {{"exclude", "_root.yaml"}};
  out["spec"] = {{"project", kRootsProject},
                 {"source", source},
                 {"destination", destination("", argocd_namespace)},
                 {"syncPolicy", sync_policy({"FailOnSharedResource=true"})},
                 {"revisionHistoryLimit", 3}};
  return out;
}

Ordered confinement_object(const ports::Root& root) {
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "AppProject"}};
  out["metadata"] = {{"name", ports::root_name(root.environment, root.project)}};
  out["metadata"]["labels"][std::string(kManagedBy)] = "autonomous";
  Ordered destinations = Ordered::array(), denied = Ordered::array(), allowed = Ordered::array();
  for (const std::string& ns : root.namespaces) destinations.push_back(destination(root.cluster, ns));
  for (const std::string& kind : root.deny_kinds) denied.push_back(group_kind(kind));
  for (const std::string& kind : root.allow_kinds) allowed.push_back(group_kind(kind));
  out["spec"] = {{"description", "apps of " + root.project + " in " + root.environment + ", made by autonomous"},
                 {"sourceRepos", {root.repo}},
                 {"destinations", destinations},
                 {"clusterResourceWhitelist", {{{"group", "*"}, {"kind", "*"}}}}};
  if (!allowed.empty()) {
    // Argo CD makes their namespaces for them, as theirs.
    Ordered in_cluster = own_namespaces(root);
    in_cluster.insert(in_cluster.end(), allowed.begin(), allowed.end());
    out["spec"]["clusterResourceWhitelist"] = in_cluster;
    out["spec"]["namespaceResourceWhitelist"] = allowed;
  }
  if (!denied.empty()) out["spec"]["clusterResourceBlacklist"] = denied;
  // A quota that apps could write would be none.
  if (root.quotas) {
    denied.push_back({{"group", ""}, {"kind", "ResourceQuota"}});
    denied.push_back({{"group", ""}, {"kind", "LimitRange"}});
  }
  if (!denied.empty()) out["spec"]["namespaceResourceBlacklist"] = denied;
  return out;
}

Ordered roots_project_object(const std::vector<std::string>& repos, const std::string& argocd_namespace) {
  Ordered out{{"apiVersion", kApiVersion}, {"kind", "AppProject"}};
  out["metadata"] = {{"name", kRootsProject}};
  out["metadata"]["labels"][std::string(kManagedBy)] = "autonomous";
  out["spec"] = {{"description", "roots of autonomous: Applications and nothing else"},
                 {"sourceRepos", repos},
                 {"destinations", Ordered::array({destination("", argocd_namespace)})},
                 {"clusterResourceWhitelist", Ordered::array()},
                 {"namespaceResourceWhitelist", {{{"group", "argoproj.io"}, {"kind", "Application"}}}}};
  return out;
}

std::string to_yaml(const Ordered& object) {
  std::string out;
  write(object, 0, out);
  return out;
}

}  // namespace autonomous::argocd
