#include "plugins/ports/blame.h"

#include <algorithm>
#include <iterator>

#include "gitops/base/text.h"

namespace autonomous::ports {

bool is_infrastructure(std::string_view words) {
  static constexpr std::string_view kSigns[] = {
      // the way there
      "connection refused", "connection reset", "i/o timeout", "no such host", "tls handshake",
      "x509:", "context deadline exceeded", "timed out waiting for", "no route to host", "server misbehaving",
      // a server in trouble
      "service unavailable", "internal server error", "bad gateway", "gateway timeout", "too many requests",
      "toomanyrequests", "currently unable to handle", "etcdserver", "registryunavailable",
      // not let in
      "unauthorized", "authentication required",
      // no room
      "exceeded quota", "insufficient ", "nodes are available", "failedscheduling", "unschedulable", "no space left",
      "evicted", "preempt", "nodelost"};
  const std::string lower = to_lower(words);
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

bool blames_artifact(const std::optional<AppStatus>& status, const std::optional<Trouble>& trouble) {
  if (!status || !status->found) return false;
  if (status->operation == Operation::kFailed || status->operation == Operation::kError) {
    std::string words = status->operation_message;
    for (const ResourceStatus& result : status->operation_results) words += " " + result.message;
    return !is_infrastructure(words);
  }
  if (trouble) return !is_infrastructure(trouble->reason + " " + trouble->message);
  // Applied as we made it, and not well: a rollout that hangs, or what its resources say of themselves.
  const bool unwell = status->health == Health::kDegraded || status->health == Health::kProgressing;
  if (status->sync != Sync::kSynced || !unwell) return false;
  std::string words = status->health_message;
  for (const ResourceStatus& resource : status->resources) {
    if (resource.has_health && resource.health == status->health) words += " " + resource.message;
  }
  return !is_infrastructure(words);
}

}  // namespace autonomous::ports
