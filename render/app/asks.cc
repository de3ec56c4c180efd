#include "render/app/asks.h"

namespace autonomous::app {

namespace {

using model::Ask;

// Numbers are quantities, too: `cpu: 2`.
std::string amount_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : "";
}

const Json* dig(const Json& from, std::initializer_list<const char*> keys) {
  const Json* at = &from;
  for (const char* key : keys) {
    if (!at->is_object()) return nullptr;
    auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

void add(std::vector<Ask>& out, Ask::What what, const std::string& where, const Json* value) {
  if (value == nullptr) return;
  std::string amount = amount_of(*value);
  if (!amount.empty()) out.push_back({what, where, std::move(amount)});
}

void container(const Json& value, std::vector<Ask>& out) {
  std::string where = "container " + text_of(value, "name");
  for (const char* side : {"requests", "limits"}) {
    add(out, Ask::What::kCpu, where, dig(value, {"resources", side, "cpu"}));
    add(out, Ask::What::kMemory, where, dig(value, {"resources", side, "memory"}));
  }
}

// Containers stand wherever a pod's template does: in a Deployment, a CronJob, somebody's own resource.
void walk(const Json& value, std::vector<Ask>& out) {
  if (value.is_array()) {
    for (const Json& item : value) walk(item, out);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& entry : value.items()) {
    bool containers = entry.key() == "containers" || entry.key() == "initContainers";
    if (containers && entry.value().is_array()) {
      for (const Json& each : entry.value()) {
        if (each.is_object()) container(each, out);
      }
    } else if (entry.key() == "volumeClaimTemplates" && entry.value().is_array()) {
      for (const Json& each : entry.value()) {
        const Json* name = dig(each, {"metadata", "name"});
        add(out, Ask::What::kStorage, "volume " + (name == nullptr ? "" : amount_of(*name)),
            dig(each, {"spec", "resources", "requests", "storage"}));
      }
    } else {
      walk(entry.value(), out);
    }
  }
}

}  // namespace

std::vector<Ask> find_asks(const Json& resource, const std::string& kind) {
  std::vector<Ask> out;
  walk(resource, out);
  if (kind == "PersistentVolumeClaim")
    add(out, Ask::What::kStorage, "", dig(resource, {"spec", "resources", "requests", "storage"}));
  for (const char* key : {"replicas", "maxReplicas", "maxReplicaCount", "instances", "parallelism"})
    add(out, Ask::What::kPods, "", dig(resource, {"spec", key}));
  if (kind == "Cluster") {  // CloudNativePG: a pod's resources and a volume an instance
    add(out, Ask::What::kStorage, "", dig(resource, {"spec", "storage", "size"}));
    for (const char* side : {"requests", "limits"}) {
      add(out, Ask::What::kCpu, "", dig(resource, {"spec", "resources", side, "cpu"}));
      add(out, Ask::What::kMemory, "", dig(resource, {"spec", "resources", side, "memory"}));
    }
  }
  return out;
}

}  // namespace autonomous::app
