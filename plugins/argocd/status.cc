#include "plugins/argocd/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::argocd {

namespace {

using Json = nlohmann::json;
using namespace ports;

constexpr size_t kMaxMessage = 1000;

const Json& at(const Json& object, const char* key) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string text(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string words(const Json& object, const char* key) { return masked(one_line(text(object, key), kMaxMessage)); }

Sync sync_of(const std::string& word) {
  if (word == "Synced") return Sync::kSynced;
  return word == "OutOfSync" ? Sync::kOutOfSync : Sync::kUnknown;
}

Health health_of(const std::string& word) {
  for (Health health :
       {Health::kHealthy, Health::kProgressing, Health::kDegraded, Health::kSuspended, Health::kMissing}) {
    if (word == health_name(health)) return health;
  }
  return Health::kUnknown;
}

Operation operation_of(const std::string& word) {
  for (Operation operation :
       {Operation::kRunning, Operation::kTerminating, Operation::kSucceeded, Operation::kFailed, Operation::kError}) {
    if (word == operation_name(operation)) return operation;
  }
  return Operation::kNone;
}

Source source_of_json(const Json& source) {
  return {text(source, "repoURL"), text(source, "path"), text(source, "targetRevision")};
}

ResourceId id_of(const Json& resource) {
  return {text(resource, "group"), text(resource, "kind"), text(resource, "namespace"), text(resource, "name")};
}

void read_operation(const Json& state, AppStatus& out) {
  out.operation = operation_of(text(state, "phase"));
  out.operation_message = words(state, "message");
  const Json& result = at(state, "syncResult");
  out.operation_revision = text(result, "revision");
  if (out.operation_revision.empty()) out.operation_revision = text(at(at(state, "operation"), "sync"), "revision");
  for (const Json& resource : at(result, "resources")) {
    const std::string status = text(resource, "status"), hook = text(resource, "hookPhase");
    if (status != "SyncFailed" && hook != "Failed" && hook != "Error") continue;
    out.operation_results.push_back(
        {id_of(resource), Sync::kOutOfSync, Health::kUnknown, false, words(resource, "message")});
  }
}

// A time of Kubernetes; 1970 where there is none.
Time time_of(const Json& object, const char* key) {
  Result<Time> time = parse_time(text(object, key));
  return time ? *time : Time{};
}

// `info` of a node: [{name: "Status Reason", value: "ImagePullBackOff"}]
std::string info(const Json& node, std::string_view name) {
  for (const Json& entry : at(node, "info")) {
    if (text(entry, "name") == name) return words(entry, "value");
  }
  return "";
}

}  // namespace

AppStatus read_application(const Json& application) {
  AppStatus out;
  out.found = application.is_object();
  const Json& status = at(application, "status");
  const Json& sync = at(status, "sync");
  out.name = text(at(application, "metadata"), "name");
  out.source = source_of_json(at(at(application, "spec"), "source"));
  out.compared = source_of_json(at(at(sync, "comparedTo"), "source"));
  out.sync = sync_of(text(sync, "status"));
  out.revision = text(sync, "revision");
  out.health = health_of(text(at(status, "health"), "status"));
  out.health_message = words(at(status, "health"), "message");
  out.operation_waits = at(application, "operation").is_object();
  read_operation(at(status, "operationState"), out);
  for (const Json& resource : at(status, "resources")) {
    const Json& health = at(resource, "health");
    out.resources.push_back({id_of(resource), sync_of(text(resource, "status")), health_of(text(health, "status")),
                             health.is_object(), words(health, "message")});
  }
  for (const Json& condition : at(status, "conditions")) {
    out.conditions.emplace_back(text(condition, "type"), words(condition, "message"));
  }
  return out;
}

std::vector<Trouble> read_troubles(const Json& tree) {
  std::vector<Trouble> out;
  for (const Json& node : at(tree, "nodes")) {
    if (text(node, "kind") != "Pod" || !text(node, "group").empty()) continue;
    const Json& health = at(node, "health");
    if (health_of(text(health, "status")) != Health::kDegraded) continue;
    Trouble trouble;
    trouble.pod_created = trouble.since = time_of(node, "createdAt");
    trouble.object = "pod " + one_line(text(node, "name"));
    trouble.reason = info(node, "Status Reason");
    if (trouble.reason.empty()) trouble.reason = "Degraded";
    trouble.message = words(health, "message");
    if (const Json& images = at(node, "images"); images.is_array() && images.size() == 1 && images[0].is_string()) {
      trouble.image = one_line(images[0].get<std::string>());
    }
    out.push_back(std::move(trouble));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Trouble& a, const Trouble& b) { return a.pod_created > b.pod_created; });
  return out;
}

}  // namespace autonomous::argocd
