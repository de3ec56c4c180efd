#include "render/app/demand.h"

#include <algorithm>
#include <map>

#include "gitops/base/text.h"
#include "gitops/model/quantity.h"
#include "render/app/scan.h"

namespace autonomous::app {

namespace {

using model::Demand;

// Nothing where it is none: the API server says that.
long double quantity(const Json& value) {
  auto parsed = model::parse_quantity(value.is_string()   ? value.get<std::string>()
                                      : value.is_number() ? value.dump()
                                                          : "");
  return parsed ? *parsed : 0;
}

uint64_t count(const Json& value, uint64_t otherwise) {
  return value.is_number_integer() && value.get<int64_t>() >= 0 ? static_cast<uint64_t>(value.get<int64_t>())
                                                                : otherwise;
}

class Reader {
 public:
  explicit Reader(const DemandRules& rules) : rules_(rules) {}

  // A pod's containers, or what its init containers ask for where that is more; init containers that stay count as
  // containers (Kubernetes' rule for sidecars).
  Demand pod(const Json& spec) const {
    Demand sum, first;
    for (const Json& each : list(spec, "containers")) sum += container(each);
    for (const Json& each : list(spec, "initContainers")) {
      const Demand one = container(each);
      if (text_of(each, "restartPolicy") == "Always") {
        sum += one;
      } else {
        first.cpu = std::max(first.cpu, one.cpu);
        first.memory = std::max(first.memory, one.memory);
      }
    }
    return {std::max(sum.cpu, first.cpu), std::max(sum.memory, first.memory), 0, 1};
  }

  uint64_t surge(const std::string& kind, const Json& spec, uint64_t replicas) const {
    if (!rules_.surge || replicas == 0) return 0;
    if (kind == "Rollout" && value_at(spec, {"strategy", "blueGreen"}).is_object()) return replicas;
    if (kind != "Deployment" && kind != "Rollout") return 0;
    if (text_of(value_at(spec, {"strategy"}).is_object() ? value_at(spec, {"strategy"}) : Json::object(), "type") ==
        "Recreate")
      return 0;
    const Json& said = kind == "Deployment" ? value_at(spec, {"strategy", "rollingUpdate", "maxSurge"})
                                            : value_at(spec, {"strategy", "canary", "maxSurge"});
    if (said.is_number_integer()) return count(said, 0);
    const std::string text = said.is_string() ? said.get<std::string>() : "25%";
    const uint64_t percent = std::min<uint64_t>(std::strtoul(text.c_str(), nullptr, 10), 100);
    return (replicas * percent + 99) / 100;
  }

 private:
  static const Json& list(const Json& spec, const char* key) {
    static const Json kNone = Json::array();
    const Json& found = value_at(spec, {key});
    return found.is_array() ? found : kNone;
  }

  Demand container(const Json& value) const {
    auto of = [&](const char* name, const std::string& otherwise) {
      for (const char* side : {"requests", "limits"}) {  // a limit without a request is one
        const Json& said = value_at(value, {"resources", side, name});
        if (!said.is_null()) return quantity(said);
      }
      return otherwise.empty() ? 0 : quantity(otherwise);
    };
    return {of("cpu", rules_.request_cpu), of("memory", rules_.request_memory), 0, 0};
  }

  const DemandRules& rules_;
};

// kind/name → the least that its autoscaler keeps.
std::map<std::string, uint64_t> least_of(const std::vector<std::pair<const Resource*, Json>>& all) {
  std::map<std::string, uint64_t> out;
  for (const auto& [resource, value] : all) {
    const bool keda = resource->kind == "ScaledObject";
    if (!keda && resource->kind != "HorizontalPodAutoscaler") continue;
    const Json& target = value_at(value, {"spec", "scaleTargetRef"});
    if (!target.is_object()) continue;
    const std::string kind = text_of(target, "kind").empty() ? "Deployment" : text_of(target, "kind");
    out[kind + "/" + text_of(target, "name")] =
        count(value_at(value, {"spec", keda ? "minReplicaCount" : "minReplicas"}), keda ? 0 : 1);
  }
  return out;
}

Demand claims(const Json& spec) {
  Demand out;
  const Json& templates = value_at(spec, {"volumeClaimTemplates"});
  for (const Json& each : templates.is_array() ? templates : Json::array())
    out.storage += quantity(value_at(each, {"spec", "resources", "requests", "storage"}));
  return out;
}

Demand database(const Json& spec) {
  Demand one{0, 0, quantity(value_at(spec, {"storage", "size"})) + quantity(value_at(spec, {"walStorage", "size"})), 1};
  for (const char* side : {"requests", "limits"}) {
    if (one.cpu == 0) one.cpu = quantity(value_at(spec, {"resources", side, "cpu"}));
    if (one.memory == 0) one.memory = quantity(value_at(spec, {"resources", side, "memory"}));
  }
  return one.times(count(value_at(spec, {"instances"}), 1));
}

bool is_replicated(const std::string& kind) {
  return kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet" || kind == "Rollout" ||
         kind == "ReplicationController";
}

}  // namespace

Result<std::vector<model::ResourceDemand>> demand_of(const std::vector<Resource>& resources, const DemandRules& rules) {
  std::vector<std::pair<const Resource*, Json>> all;
  for (const Resource& resource : resources) {
    TRY(Json value, parse_document(resource.text, resource.place));
    all.emplace_back(&resource, std::move(value));
  }
  const std::map<std::string, uint64_t> least = least_of(all);
  const Reader reader(rules);
  std::vector<model::ResourceDemand> out;
  std::optional<model::ResourceDemand> job;
  for (const auto& [resource, value] : all) {
    const std::string name = resource->kind + "/" + resource->name;
    const Json& spec = value_at(value, {"spec"});
    Demand demand;
    if (is_replicated(resource->kind)) {
      auto scaled = least.find(name);
      const uint64_t floor = scaled == least.end() ? 0 : scaled->second;
      const uint64_t replicas = std::max(count(value_at(spec, {"replicas"}), scaled == least.end() ? 1 : floor), floor);
      demand = reader.pod(value_at(spec, {"template", "spec"}))
                   .times(replicas + reader.surge(resource->kind, spec, replicas));
      demand += claims(spec).times(replicas);
    } else if (resource->kind == "DaemonSet") {
      demand = reader.pod(value_at(spec, {"template", "spec"}));
    } else if (resource->kind == "Pod") {
      demand = reader.pod(spec);
    } else if (resource->kind == "CronJob") {
      demand = reader.pod(value_at(spec, {"jobTemplate", "spec", "template", "spec"}));
    } else if (resource->kind == "PersistentVolumeClaim") {
      demand.storage = quantity(value_at(spec, {"resources", "requests", "storage"}));
    } else if (resource->kind == "Cluster" && resource->group == "postgresql.cnpg.io") {
      demand = database(spec);
    } else if (resource->kind == "Job") {
      demand = reader.pod(value_at(spec, {"template", "spec"})).times(count(value_at(spec, {"parallelism"}), 1));
      if (!job || demand.cpu > job->demand.cpu) job = model::ResourceDemand{name, demand};
      continue;
    } else {
      continue;
    }
    out.push_back({name, demand});
  }
  if (job) out.push_back(*std::move(job));
  return out;
}

}  // namespace autonomous::app
