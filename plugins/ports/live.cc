#include "plugins/ports/live.h"

#include <algorithm>

namespace autonomous::ports {

namespace {

using Verdict = Live::Verdict;

std::string short_oid(const std::string& oid) { return oid.empty() ? "no revision" : oid.substr(0, 7); }

Live progressing(std::string why, std::string resource = "", std::string message = "") {
  return {Verdict::kProgressing, std::move(why), std::move(resource), std::move(message)};
}

Live failed(std::string why, std::string resource = "", std::string message = "") {
  return {Verdict::kFailed, std::move(why), std::move(resource), std::move(message)};
}

// URLs that lead to the same repository.
std::string_view plain_url(std::string_view url) {
  while (!url.empty() && url.back() == '/') url.remove_suffix(1);
  if (url.size() > 4 && url.substr(url.size() - 4) == ".git") url.remove_suffix(4);
  return url;
}

bool same_source(const Source& a, const Source& b) {
  return plain_url(a.repo) == plain_url(b.repo) && a.path == b.path && a.revision == b.revision;
}

bool ours_at(const Released& released, const History& history, const std::string& revision) {
  return !revision.empty() && history.descends(released.commit, revision);
}

std::string first_condition(const AppStatus& status) {
  for (const auto& [type, message] : status.conditions) {
    if (type.find("Error") != std::string::npos || type.find("Warning") != std::string::npos)
      return type + ": " + message;
  }
  return "";
}

// Without a namespace in the manifest the reconciler puts in the target's.
bool same_resource(const ResourceId& expected, const ResourceId& seen) {
  return expected.group == seen.group && expected.kind == seen.kind && expected.name == seen.name &&
         (expected.ns.empty() || expected.ns == seen.ns);
}

const ResourceStatus* with_health(const AppStatus& status, Health health) {
  for (const ResourceStatus& resource : status.resources) {
    if (resource.has_health && resource.health == health) return &resource;
  }
  return nullptr;
}

bool running(const AppStatus& status) {
  return status.operation_waits || status.operation == Operation::kRunning ||
         status.operation == Operation::kTerminating;
}

// The operation that ended applied our release, or a later commit with the same tree.
bool operation_was_ours(const Released& released, const AppStatus& status, const History& history) {
  return ours_at(released, history, status.operation_revision) &&
         history.tree_at(status.operation_revision) == released.tree;
}

Live sync_failed(const AppStatus& status) {
  const std::string said = "the sync failed: " + status.operation_message;
  if (status.operation_results.empty()) return failed(said, "", status.operation_message);
  const ResourceStatus& first = status.operation_results.front();
  return failed("the sync failed: " + first.id.str() + ": " + first.message, first.id.str(), first.message);
}

Live out_of_sync(const Released& released, const AppStatus& status, const History& history) {
  const bool applied = status.operation == Operation::kSucceeded && operation_was_ours(released, status, history);
  for (const ResourceStatus& resource : status.resources) {
    if (resource.sync != Sync::kOutOfSync) continue;
    if (!applied) return progressing("waits for the sync of " + resource.id.str(), resource.id.str());
    return progressing("OutOfSync although the sync succeeded: " + resource.id.str(), resource.id.str(),
                       "something changes it back, or it holds a field that the cluster doesn't keep");
  }
  return progressing("OutOfSync: waits for the sync");
}

// The first of our manifests that the reconciler doesn't hold.
const ResourceId* missing(const Released& released, const AppStatus& status) {
  for (const ResourceId& expected : released.manifests) {
    const bool there =
        std::any_of(status.resources.begin(), status.resources.end(),
                    [&](const ResourceStatus& resource) { return same_resource(expected, resource.id); });
    if (!there) return &expected;
  }
  return nullptr;
}

Live by_health(const AppStatus& status, Time now) {
  if (status.health == Health::kHealthy) return {Verdict::kHealthy, "", "", ""};
  const std::string health(health_name(status.health));
  const ResourceStatus* culprit = with_health(status, status.health);
  const std::string resource = culprit ? culprit->id.str() : "";
  const std::string message = culprit && !culprit->message.empty() ? culprit->message : status.health_message;
  std::string why = resource.empty() ? health : resource + " is " + health;
  if (!message.empty()) why += ": " + message;
  if (status.health == Health::kDegraded && now - status.health_since >= kDegradedLasts)
    return failed(why, resource, message);
  return progressing(why, resource, message);
}

// Without the deadline.
Live judge_now(const Released& released, const std::optional<AppStatus>& status, const History& history, Time now) {
  if (!status) return progressing("the reconciler hasn't told anything about " + released.application + " yet");
  if (!status->found) {
    const std::string said = first_condition(*status);
    return progressing(
        "the reconciler has no Application " + released.application + " yet" + (said.empty() ? "" : ": " + said), "",
        said);
  }
  if (!same_source(status->source, released.source)) {
    return progressing("the Application follows another source: " + status->source.repo + " " + status->source.path +
                       " " + status->source.revision);
  }
  if (!same_source(status->compared, released.source))
    return progressing("the Application wasn't compared with our source yet");
  if (!ours_at(released, history, status->revision)) {
    const std::string said = first_condition(*status);
    if (!said.empty()) return progressing(said, "", said);
    return progressing("compared at " + short_oid(status->revision) + ", which doesn't hold the release yet");
  }
  if (history.tree_at(status->revision) != released.tree) {
    return {Verdict::kSuperseded, "the target's files are other ones at " + short_oid(status->revision), "", ""};
  }
  if (running(*status)) {
    return progressing(status->operation_message.empty() ? "syncing" : "syncing: " + status->operation_message);
  }
  const bool broken = status->operation == Operation::kFailed || status->operation == Operation::kError;
  if (broken && operation_was_ours(released, *status, history)) return sync_failed(*status);
  if (status->sync == Sync::kOutOfSync) return out_of_sync(released, *status, history);
  if (status->sync == Sync::kUnknown) {
    const std::string said = first_condition(*status);
    return progressing(said.empty() ? "whether it is in sync is unknown" : said, "", said);
  }
  if (const ResourceId* absent = missing(released, *status)) {
    return progressing("the Application doesn't hold " + absent->str() + " yet", absent->str());
  }
  if (released.renders && status->resources.empty())
    return progressing("the Application holds no resources: the chart renders to nothing, or was not rendered yet");
  return by_health(*status, now);
}

}  // namespace

Live judge(const Released& released, const std::optional<AppStatus>& status, const History& history, Time now) {
  Live live = judge_now(released, status, history, now);
  if (live.verdict != Verdict::kProgressing || now < released.deadline) return live;
  return failed("not live by the deadline: " + live.why, live.resource, live.message);
}

}  // namespace autonomous::ports
