#include "plugins/kubernetes/pods.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::kubernetes {

namespace {

using Json = nlohmann::json;
using ports::Followed;
using ports::ResourceId;

constexpr size_t kMaxMessage = 500;
constexpr size_t kMaxLines = 10;

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

int number(const Json& object, const char* key) {
  const Json& value = at(object, key);
  return value.is_number_integer() ? value.get<int>() : 0;
}

Time time_of(const Json& object, const char* key) {
  Result<Time> time = parse_time(text(object, key));
  return time ? *time : Time{};
}

// "web-5d8f" → "web"; names that controllers make are the owner's with one more part.
std::string without_last_part(const std::string& name) {
  const size_t dash = name.rfind('-');
  return dash == std::string::npos ? "" : name.substr(0, dash);
}

bool is_workload(const Followed& followed, const std::string& ns, std::string_view kind, const std::string& name) {
  return std::any_of(followed.workloads.begin(), followed.workloads.end(), [&](const ResourceId& id) {
    return id.kind == kind && id.name == name && (id.ns.empty() ? followed.ns : id.ns) == ns;
  });
}

// The object is one of the release's workloads, or was made by one.
bool belongs(const Followed& followed, const std::string& ns, const std::string& kind, const std::string& name) {
  if (is_workload(followed, ns, kind, name)) return true;
  const std::string made_by = without_last_part(name);
  if (kind == "ReplicaSet")
    return is_workload(followed, ns, "Deployment", made_by) || is_workload(followed, ns, "Rollout", made_by);
  return kind == "Job" && is_workload(followed, ns, "CronJob", made_by);
}

bool pod_belongs(const Followed& followed, const std::string& ns, const Json& metadata) {
  if (is_workload(followed, ns, "Pod", text(metadata, "name"))) return true;
  for (const Json& owner : at(metadata, "ownerReferences")) {
    if (belongs(followed, ns, text(owner, "kind"), text(owner, "name"))) return true;
  }
  return false;
}

// A container that waits for one of these never starts without a change; others (ContainerCreating) are on their way.
bool is_bad_wait(std::string_view reason) {
  static constexpr std::array<std::string_view, 9> kBad = {
      "ErrImagePull",       "ImagePullBackOff",     "InvalidImageName",           "ErrImageNeverPull",
      "CrashLoopBackOff",   "CreateContainerError", "CreateContainerConfigError", "RunContainerError",
      "RegistryUnavailable"};
  return std::find(kBad.begin(), kBad.end(), reason) != kBad.end();
}

void read_container(const Json& status, const Found& base, std::vector<Found>& out) {
  Found found = base;
  found.trouble.container = one_line(text(status, "name"));
  found.trouble.image = one_line(text(status, "image"));
  found.restarts = number(status, "restartCount");
  const Json& waiting = at(at(status, "state"), "waiting");
  const Json& ended = at(at(status, "state"), "terminated");
  const Json& before = at(at(status, "lastState"), "terminated");
  const Json& exit = ended.is_object() ? ended : before;
  if (exit.is_object() && number(exit, "exitCode") != 0) {
    found.trouble.exit_code = number(exit, "exitCode");
    found.has_log = true;
  }
  if (const std::string reason = words(waiting, "reason"); is_bad_wait(reason)) {
    found.trouble.reason = reason;
    found.trouble.message = words(waiting, "message");
    // "OOMKilled" says more than the back-off that follows it.
    if (const std::string why = words(before, "reason"); !why.empty() && why != "Error")
      found.trouble.reason += " (" + why + ")";
    found.rank = 0;
  } else if (found.trouble.exit_code) {
    found.trouble.reason = words(exit, "reason").empty() ? "Error" : words(exit, "reason");
    found.trouble.message = words(exit, "message");
    found.trouble.since = std::max(found.trouble.since, time_of(exit, "finishedAt"));
    found.rank = 1;
  } else {
    return;
  }
  out.push_back(std::move(found));
}

void read_pod(const Json& pod, const Found& base, std::vector<Found>& out) {
  const Json& status = at(pod, "status");
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const Json& container : at(status, list)) read_container(container, base, out);
  }
  Found found = base;
  if (text(status, "phase") == "Failed") {
    found.trouble.reason = words(status, "reason").empty() ? "Failed" : words(status, "reason");
    found.trouble.message = words(status, "message");
    found.rank = 2;
    out.push_back(found);
  }
  for (const Json& condition : at(status, "conditions")) {
    if (text(condition, "type") != "PodScheduled" || text(condition, "status") != "False") continue;
    found.trouble.reason = words(condition, "reason");
    found.trouble.message = words(condition, "message");
    found.rank = 3;
    out.push_back(found);
  }
}

Time event_time(const Json& event) {
  return std::max({time_of(event, "lastTimestamp"), time_of(event, "eventTime"),
                   time_of(at(event, "series"), "lastObservedTime"), time_of(event, "firstTimestamp")});
}

void read_event(const Followed& followed, const std::string& ns, const Json& event, const std::set<std::string>& pods,
                std::vector<Found>& out) {
  const Json& object = at(event, "involvedObject");
  const std::string kind = text(object, "kind"), name = text(object, "name"), reason = words(event, "reason");
  const bool ours = kind == "Pod" ? pods.count(name) > 0 : belongs(followed, ns, kind, name);
  if (text(event, "type") != "Warning" || !ours || event_time(event) + ports::kSkew < followed.since) return;
  // A probe may fail while a program starts; it is worth telling when it goes on.
  const int times = std::max(number(event, "count"), number(at(event, "series"), "count"));
  if (reason == "Unhealthy" && times < 3) return;
  Found found;
  found.trouble.since = event_time(event);
  found.trouble.object = (kind == "Pod" ? "pod" : one_line(kind)) + " " + one_line(name);
  found.trouble.reason = reason;
  found.trouble.message = words(event, "message");
  found.ns = ns;
  found.rank = kind == "Pod" ? 5 : 4;  // what stops pods from being made comes first
  out.push_back(std::move(found));
}

}  // namespace

std::vector<Found> find_troubles(const Followed& followed, const std::string& ns, const Json& pods,
                                 const Json& events) {
  std::vector<Found> out;
  std::set<std::string> names;
  for (const Json& pod : at(pods, "items")) {
    const Json& metadata = at(pod, "metadata");
    const Time made = time_of(metadata, "creationTimestamp");
    if (!pod_belongs(followed, ns, metadata) || made + ports::kSkew < followed.since) continue;
    if (at(metadata, "deletionTimestamp").is_string()) continue;  // it is being replaced
    Found base;
    base.ns = ns;
    base.pod = text(metadata, "name");
    base.trouble.object = "pod " + one_line(base.pod);
    base.trouble.since = base.trouble.pod_created = made;
    names.insert(base.pod);
    read_pod(pod, base, out);
  }
  for (const Json& event : at(events, "items")) read_event(followed, ns, event, names, out);
  // The oldest of a kind, so that what is shown doesn't jump between pods.
  std::stable_sort(out.begin(), out.end(), [](const Found& a, const Found& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.trouble.since != b.trouble.since) return a.trouble.since < b.trouble.since;
    return a.trouble.object < b.trouble.object;
  });
  return out;
}

std::vector<std::string> last_lines(std::string_view log) {
  std::vector<std::string> out;
  for (std::string_view line : split(log, '\n')) {
    if (!trim(line).empty()) out.push_back(masked(one_line(line)));
  }
  if (out.size() > kMaxLines) out.erase(out.begin(), out.end() - kMaxLines);
  return out;
}

}  // namespace autonomous::kubernetes
