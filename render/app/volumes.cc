#include "render/app/volumes.h"

#include <algorithm>
#include <map>

#include "gitops/base/text.h"
#include "gitops/model/quantity.h"
#include "render/app/scan.h"

namespace autonomous::app {

namespace {

struct Volume {
  std::string size, kind, access;  // kind: its class
};
using Volumes = std::map<std::string, Volume>;  // by the template's name; "" for the resource's own

std::string scalar(const Json& value) {
  return one_line(value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump(), 200);
}

Volume claim_of(const Json& spec) {
  return {scalar(value_at(spec, {"resources", "requests", "storage"})), scalar(value_at(spec, {"storageClassName"})),
          scalar(value_at(spec, {"accessModes"}))};
}

bool is_set(const Resource& resource) { return resource.kind == "StatefulSet" && resource.group == "apps"; }
bool is_database(const Resource& resource) {
  return resource.kind == "Cluster" && resource.group == "postgresql.cnpg.io";
}
bool is_claim(const Resource& resource) { return resource.kind == "PersistentVolumeClaim" && resource.group.empty(); }

Volumes volumes_of(const Resource& resource, const Json& value) {
  Volumes out;
  const Json& spec = value_at(value, {"spec"});
  if (is_claim(resource)) out[""] = claim_of(spec);
  if (is_database(resource)) {
    out[""] = {scalar(value_at(spec, {"storage", "size"})), scalar(value_at(spec, {"storage", "storageClass"})), ""};
    const Json& wal = value_at(spec, {"walStorage"});
    if (wal.is_object()) out["wal"] = {scalar(value_at(wal, {"size"})), scalar(value_at(wal, {"storageClass"})), ""};
  }
  const Json& templates = value_at(spec, {"volumeClaimTemplates"});
  if (is_set(resource) && templates.is_array()) {
    for (const Json& each : templates)
      out[scalar(value_at(each, {"metadata", "name"}))] = claim_of(value_at(each, {"spec"}));
  }
  return out;
}

// How many of a set's pods there may be, for the steps by hand.
std::string last_pod(const Json& set) {
  const Json& replicas = value_at(set, {"spec", "replicas"});
  return replicas.is_number_integer() && replicas.get<int64_t>() > 0 ? std::to_string(replicas.get<int64_t>() - 1)
                                                                     : "N";
}

class Planner {
 public:
  Planner(const std::vector<Resource>& after, bool built_in) : after_(after), built_in_(built_in) {}

  Result<void> compare(const Resource& was, const Resource& is) {
    TRY(Json old_value, parse_document(was.text, was.place));
    TRY(Json new_value, parse_document(is.text, is.place));
    const Volumes before = volumes_of(was, old_value), now = volumes_of(is, new_value);
    std::vector<std::string> changes, commands;
    for (const auto& [name, volume] : now) {
      auto old = before.find(name);
      if (old == before.end()) {
        if (is_set(is)) changes.push_back("volume " + name + " is new");
        continue;
      }
      compare_volume(is, name, old->second, volume, changes);
      if (is_set(is) && old->second.size != volume.size)
        commands.push_back("kubectl -n NAMESPACE patch pvc " + name + "-" + is.name + "-{0.." + last_pod(new_value) +
                           "} -p '{\"spec\": {\"resources\": {\"requests\": {\"storage\": \"" + volume.size +
                           "\"}}}}'");
    }
    for (const auto& [name, volume] : before) {
      if (is_set(is) && !now.contains(name)) changes.push_back("volume " + name + " goes, its claims stay");
    }
    if (changes.empty()) return ok();
    if (is_set(is)) return change_set(is, new_value, join(changes, ", "), commands);
    plan_.steps.push_back(describe(is) + ": " + join(changes, ", ") +
                          (is_database(is) ? ": its operator expands it" : ": it is expanded in place") +
                          "; a rollback cannot make it smaller");
    return ok();
  }

  VolumePlan take() { return std::move(plan_); }

 private:
  void compare_volume(const Resource& resource, const std::string& name, const Volume& before, const Volume& now,
                      std::vector<std::string>& changes) {
    const std::string which = name.empty() ? "" : "volume " + name + " ";
    auto refuse = [&](const std::string& what) {
      plan_.errors.push_back(
          fail(Code::kInvalid, describe(resource), ": ", which, what)
              .at(resource.place)
              .hint("make a volume of another name (or another app), copy what is in it, and take the old one away"));
    };
    if (before.kind != now.kind)
      refuse("cannot change its class from '" + before.kind + "' to '" + now.kind + "': the claims are there already");
    if (before.access != now.access) refuse("cannot change how it is accessed: the claims are there already");
    auto was = model::parse_quantity(before.size), is = model::parse_quantity(now.size);
    if (!was || !is || *was == *is) return;  // what is no quantity, the API server refuses
    if (*is < *was) return refuse("cannot shrink from " + before.size + " to " + now.size);
    changes.push_back(which + "grows from " + before.size + " to " + now.size);
  }

  Result<void> change_set(const Resource& set, const Json& value, const std::string& changes,
                          std::vector<std::string> commands) {
    const std::string what = describe(set) + ": " + changes;
    auto grows = [&](const Resource& resource) {
      return resource.kind == "Job" && resource.name.starts_with(set.name + "-volumes-");
    };
    auto job = std::find_if(after_.begin(), after_.end(), grows);
    if (built_in_ && job != after_.end()) {
      plan_.steps.push_back(what + ": the Job " + job->name +
                            " expands the claims and takes the set away without its pods, then the sync makes it "
                            "again; a rollback leaves the claims as big as they are");
      return ok();
    }
    commands.push_back("kubectl -n NAMESPACE delete statefulset " + set.name + " --cascade=orphan");
    const std::string by_hand = join(commands, "; ");
    if (scalar(value_at(value, {"metadata", "annotations", std::string(kVolumesByHand).c_str()})) == "by-hand") {
      plan_.steps.push_back(what + ": by hand, and until then the sync fails: " + by_hand);
      return ok();
    }
    const std::string tools =
        built_in_ ? "`storage: {tools: an image with kubectl}` in platform.yaml lets the release do it; or annotate "
                  : "annotate ";
    plan_.errors.push_back(
        fail(Code::kInvalid, what, ", and Kubernetes lets no set change its claims")
            .at(set.place)
            .hint(tools + "the set with " + std::string(kVolumesByHand) + ": by-hand, push, and then: " + by_hand));
    return ok();
  }

  const std::vector<Resource>& after_;
  bool built_in_;
  VolumePlan plan_;
};

}  // namespace

Result<VolumePlan> plan_volumes(const std::vector<Resource>& before, const std::vector<Resource>& after,
                                bool built_in) {
  Planner planner(after, built_in);
  for (const Resource& is : after) {
    if (!is_set(is) && !is_claim(is) && !is_database(is)) continue;
    auto same = [&](const Resource& was) {
      return was.group == is.group && was.kind == is.kind && was.ns == is.ns && was.name == is.name;
    };
    auto was = std::find_if(before.begin(), before.end(), same);
    if (was != before.end()) TRY_DO(planner.compare(*was, is));
  }
  return planner.take();
}

}  // namespace autonomous::app
