// The pure part of preflight: what is known of an image, a cluster and of others, against what was rendered.
#include <algorithm>

#include "daemon/pipeline/json_peek.h"
#include "daemon/pipeline/preflight.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using Json = nlohmann::json;

std::string short_name(const app::Resource& resource) { return resource.kind + "/" + resource.name; }

Error at_setting(Error error, const model::App& app, const char* key) {
  const model::Value* value = app.merged.find(key);
  return value != nullptr ? Error(std::move(error).at(value->place())) : error;
}

// Every pod's spec in a document: whatever has a list of containers.
void find_pods(const Json& value, std::vector<Json>& pods) {
  if (value.is_array()) {
    for (const Json& item : value) find_pods(item, pods);
  }
  if (!value.is_object()) return;
  if (at_key(value, "containers").is_array()) pods.push_back(value);
  for (const auto& [key, member] : value.items()) find_pods(member, pods);
}

// Whether a container with the image has to run as nobody in particular, but not as root.
bool wants_non_root(const Json& pod, const std::string& image) {
  const Json& of_pod = at_key(pod, "securityContext");
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : items_at(pod, list)) {
      if (text_at(container, "image") != image) continue;
      const Json& own = at_key(container, "securityContext");
      const Json& non_root =
          at_key(own, "runAsNonRoot").is_null() ? at_key(of_pod, "runAsNonRoot") : at_key(own, "runAsNonRoot");
      bool has_user = !at_key(own, "runAsUser").is_null() || !at_key(of_pod, "runAsUser").is_null();
      if (non_root.is_boolean() && non_root.get<bool>() && !has_user) return true;
    }
  }
  return false;
}

void check_user(const model::App& app, const std::string& reference, const ports::ImageFacts& facts,
                const std::vector<app::Resource>& resources, Preflight& out) {
  std::string user = facts.user.substr(0, facts.user.find(':'));
  bool number = !user.empty() && user.find_first_not_of("0123456789") == std::string::npos;
  bool root = user.empty() || user == "root" || (number && user.find_first_not_of('0') == std::string::npos);
  if (number && !root) return;
  for (const app::Resource& resource : resources) {
    if (std::find(resource.images.begin(), resource.images.end(), reference) == resource.images.end()) continue;
    std::vector<Json> pods;
    find_pods(document_of(resource.text), pods);
    bool wanted =
        std::any_of(pods.begin(), pods.end(), [&](const Json& pod) { return wants_non_root(pod, reference); });
    if (!wanted) continue;
    std::string why =
        root ? "runs as root" : "runs as the user '" + one_line(user, 40) + "', of which Kubernetes knows no number";
    Error error =
        fail(Code::kInvalid, "the image ", reference, " ", why, ", and ", short_name(resource),
             " asks for runAsNonRoot: its container would not start")
            .hint(app.rendering == model::Rendering::kBuiltIn
                      ? "say as whom: security: {user: 1000}; or USER with a number in the image; "
                        "security: {root: true} where it has to be root and the platform lets it"
                      : "say as whom: securityContext: {runAsUser: 1000}; or USER with a number in the image");
    out.errors.push_back(at_setting(std::move(error), app, "image"));
    return;
  }
}

void check_port(const model::App& app, const std::string& reference, const ports::ImageFacts& facts, Preflight& out) {
  if (app.rendering != model::Rendering::kBuiltIn || app.ports.empty() || facts.listens.empty()) return;
  std::string ours = std::to_string(app.ports.front().number);
  std::vector<std::string> theirs;
  for (const std::string& port : facts.listens) theirs.push_back(port.substr(0, port.find('/')));
  if (std::find(theirs.begin(), theirs.end(), ours) != theirs.end()) return;
  out.warnings.push_back("the image " + reference + " says that it listens on " + one_line(join(theirs, ", "), 100) +
                         ", and the app's port is " + ours +
                         ": where it does not read PORT, say port: " + one_line(theirs.front(), 20));
}

void check_machine(const model::App& app, const std::string& reference, const ports::ImageFacts& facts,
                   const std::set<std::string>& nodes, Preflight& out) {
  if (nodes.empty() || facts.architectures.empty()) return;
  std::vector<std::string> missing;
  for (const std::string& node : nodes) {
    bool there = std::find(facts.architectures.begin(), facts.architectures.end(), node) != facts.architectures.end();
    if (!there) missing.push_back(node);
  }
  std::string built = one_line(join(facts.architectures, ", "), 100), lacks = join(missing, ", ");
  if (missing.size() == nodes.size()) {
    Error error = fail(Code::kInvalid, "the image ", reference, " is built for ", built,
                       ", and the nodes of the cluster are ", lacks, ": its container would not start")
                      .hint("build it for " + lacks + ": docker buildx build --platform linux/" + missing.front());
    out.errors.push_back(at_setting(std::move(error), app, "image"));
  } else if (!missing.empty()) {
    out.warnings.push_back("the image " + reference + " is built for " + built + "; on the cluster's " + lacks +
                           " nodes it would not start: build it for them, too, or say a nodeSelector (patches:)");
  }
}

// What the platform says in place of a kind that it lacks.
std::string setting_for(const std::string& group) {
  static const std::map<std::string, std::string> kSettings = {
      {"gateway.networking.k8s.io", "or leave `gateway:` out, for Ingresses"},
      {"monitoring.coreos.com", "or leave `monitoring:` out"},
      {"external-secrets.io", "or another `secrets: {by: …}`"},
      {"secrets.hashicorp.com", "or another `secrets: {by: …}`"},
      {"cert-manager.io", "or leave `tls:` out"},
      {"argoproj.io", "or leave argo-rollouts out of `operators:`, and canaries out of the apps"},
      {"keda.sh", "or leave keda out of `operators:`"},
      {"autoscaling.k8s.io", "or leave vertical-pod-autoscaler out of `operators:`"},
      {"snapshot.storage.k8s.io", "or leave `storage: {snapshots: …}` out"}};
  auto found = kSettings.find(group);
  return found == kSettings.end() ? "" : "; " + found->second + " (platform.yaml)";
}

void add_own_kinds(const app::Resource& resource, std::set<std::string>& kinds) {
  if (resource.kind != "CustomResourceDefinition") return;
  Json spec = at_key(document_of(resource.text), "spec");
  for (const Json& version : items_at(spec, "versions"))
    kinds.insert(text_at(spec, "group") + "/" + text_at(version, "name") + " " +
                 text_at(at_key(spec, "names"), "kind"));
}

// Kind → the fields that stay as they were made.
const std::vector<std::string>& fixed_fields(const app::Resource& resource) {
  static const std::map<std::string, std::vector<std::string>> kFields = {
      {"apps/Deployment", {"/spec/selector"}},
      {"apps/DaemonSet", {"/spec/selector"}},
      {"apps/StatefulSet", {"/spec/selector", "/spec/serviceName", "/spec/podManagementPolicy"}},
      {"batch/Job", {"/spec/template", "/spec/selector", "/spec/completionMode"}},
      {"rbac.authorization.k8s.io/RoleBinding", {"/roleRef"}},
      {"rbac.authorization.k8s.io/ClusterRoleBinding", {"/roleRef"}},
      {"storage.k8s.io/StorageClass", {"/provisioner", "/parameters", "/volumeBindingMode"}}};
  static const std::vector<std::string> kNone;
  auto found = kFields.find(resource.group + "/" + resource.kind);
  return found == kFields.end() ? kNone : found->second;
}

// Argo CD deletes it, and makes it anew.
bool is_replaced(const Json& document) {
  std::string options = text_at(at_key(at_key(document, "metadata"), "annotations"), "argocd.argoproj.io/sync-options");
  return options.find("Replace=true") != std::string::npos && options.find("Force=true") != std::string::npos;
}

Json value_at(const Json& document, const std::string& pointer) {
  Json::json_pointer where(pointer);
  return document.is_object() && document.contains(where) ? document.at(where) : Json();
}

bool same_object(const app::Resource& a, const app::Resource& b) {
  return a.group == b.group && a.kind == b.kind && a.ns == b.ns && a.name == b.name;
}

}  // namespace

void Preflight::add(Preflight other) {
  std::move(other.errors.begin(), other.errors.end(), std::back_inserter(errors));
  std::move(other.warnings.begin(), other.warnings.end(), std::back_inserter(warnings));
  for (std::string& each : other.unchecked) {
    if (std::find(unchecked.begin(), unchecked.end(), each) == unchecked.end()) unchecked.push_back(std::move(each));
  }
}

Preflight check_image(const model::App& app, const std::string& reference, const ports::ImageFacts& facts,
                      const std::vector<app::Resource>& resources, const std::set<std::string>& nodes, bool main) {
  Preflight out;
  check_user(app, reference, facts, resources, out);
  if (main) check_port(app, reference, facts, out);
  check_machine(app, reference, facts, nodes, out);
  return out;
}

Preflight check_kinds(const std::vector<app::Resource>& resources, const std::set<std::string>& kinds) {
  std::set<std::string> known = kinds;
  for (const app::Resource& resource : resources) add_own_kinds(resource, known);
  Preflight out;
  std::set<std::string> said;
  for (const app::Resource& resource : resources) {
    std::string wanted = resource.api_version + " " + resource.kind;
    if (known.contains(wanted) || !said.insert(wanted).second) continue;
    std::string other;
    for (const std::string& kind : known) {
      if (starts_with(kind, resource.group + "/") && ends_with(kind, " " + resource.kind))
        other = "; it has " + kind.substr(0, kind.find(' '));
    }
    out.errors.push_back(fail(Code::kInvalid, short_name(resource), ": the cluster has no kind ", wanted, other)
                             .at(resource.place)
                             .hint("install what defines it first" + setting_for(resource.group)));
  }
  return out;
}

Preflight check_immutable(const std::vector<app::Resource>& before, const std::vector<app::Resource>& after) {
  Preflight out;
  for (const app::Resource& now : after) {
    const std::vector<std::string>& fields = fixed_fields(now);
    if (fields.empty() || now.hook) continue;
    auto was = std::find_if(before.begin(), before.end(), [&](const auto& one) { return same_object(one, now); });
    if (was == before.end()) continue;
    Json old_one = document_of(was->text), new_one = document_of(now.text);
    if (is_replaced(new_one)) continue;
    for (const std::string& field : fields) {
      if (value_at(old_one, field) == value_at(new_one, field)) continue;
      std::string name = field.substr(1);
      std::replace(name.begin(), name.end(), '/', '.');
      std::string kind = to_lower(now.kind), orphan = now.group == "apps" ? " --cascade=orphan" : "";
      out.errors.push_back(
          fail(Code::kConflict, short_name(now), ": ", name, " would change, and Kubernetes lets nobody change it")
              .at(now.place)
              .hint("give it another name; or kubectl delete " + kind + " " + now.name + orphan + ", and retry" +
                    (orphan.empty() ? "" : " (its pods go on meanwhile)")));
    }
  }
  return out;
}

std::vector<std::string> cannot_be_undone(const std::vector<app::Resource>& now,
                                          const std::vector<app::Resource>& then) {
  std::vector<std::string> out;
  for (const app::Resource& job : now) {
    if (!job.hook || job.kind != "Job") continue;
    bool same = std::any_of(then.begin(), then.end(),
                            [&](const app::Resource& one) { return same_object(one, job) && one.text == job.text; });
    if (!same) out.push_back(short_name(job) + " of the release that is left ran: what it did to the data stays");
  }
  return out;
}

}  // namespace autonomous::daemon
