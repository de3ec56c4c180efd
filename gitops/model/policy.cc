#include "gitops/model/policy.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/model/image.h"
#include "gitops/model/quantity.h"
#include "gitops/model/zone.h"
#include "re2/re2.h"

namespace autonomous::model {

namespace {

constexpr uint32_t kWeekMinutes = 7 * 1440;
constexpr size_t kMaxTicket = 200;

// "registry.example.com", "ghcr.io/acme", "docker.io/library/nginx": a registry, or a folder or repository of one.
bool comes_from(const ImageRef& image, std::string_view registry) {
  while (ends_with(registry, "/")) registry.remove_suffix(1);
  const std::string name = image.name();
  return name.size() > registry.size() && starts_with(name, registry) && name[registry.size()] == '/';
}

// "ClusterRole" names the kind in any group, "rbac.authorization.k8s.io/ClusterRole" in that one.
bool names_kind(std::string_view pattern, const PolicyResource& resource) {
  size_t slash = pattern.rfind('/');
  if (slash == std::string_view::npos) return pattern == resource.kind || pattern == "*";
  const std::string_view kind = pattern.substr(slash + 1);
  return pattern.substr(0, slash) == resource.group && (kind == resource.kind || kind == "*");
}

const std::string* naming(const std::vector<std::string>& patterns, const PolicyResource& resource) {
  for (const std::string& pattern : patterns) {
    if (names_kind(pattern, resource)) return &pattern;
  }
  return nullptr;
}

void check_kind(const Policies& policies, const PolicyResource& resource, const std::string& name,
                std::vector<Violation>& out) {
  if (const std::string* pattern = naming(policies.deny_kinds, resource)) {
    out.push_back({"kinds.deny", name, "this environment denies '" + *pattern + "'"});
  } else if (!policies.allow_kinds.empty() && naming(policies.allow_kinds, resource) == nullptr) {
    out.push_back({"kinds.allow", name, "this environment allows only " + join(policies.allow_kinds, ", ")});
  }
}

void check_asks(const Policies& policies, const PolicyResource& resource, const std::string& name,
                std::vector<Violation>& out) {
  struct Limit {
    const char* rule;
    std::string most;
  };
  const std::string pods = policies.max_pods == 0 ? "" : std::to_string(policies.max_pods);
  const Limit limits[] = {
      {"cpu", policies.max_cpu}, {"memory", policies.max_memory}, {"storage", policies.max_storage}, {"pods", pods}};
  for (const Ask& ask : resource.asks) {
    const Limit& limit = limits[static_cast<size_t>(ask.what)];
    if (limit.most.empty()) continue;
    const std::string rule = std::string("max.") + limit.rule;
    const std::string of = ask.where.empty() ? "" : ask.where + ": ";
    auto amount = parse_quantity(ask.amount);
    auto most = parse_quantity(limit.most);
    if (!amount) {
      out.push_back({rule, name, of + amount.error().message()});
    } else if (most && *amount > *most) {
      out.push_back({rule, name,
                     of + one_line(ask.amount, 40) + " " + limit.rule + " is more than this environment allows (" +
                         limit.most + ")"});
    }
  }
}

bool in_weekly(const FreezeWindow& window, uint32_t minute) {
  const uint32_t from = window.from_minute % kWeekMinutes;
  if (from < window.to_minute) return minute >= from && minute < window.to_minute;
  return minute >= from || minute < window.to_minute;
}

Time weekly_end(const FreezeWindow& window, const Zone& zone, Time now, uint32_t minute) {
  uint32_t left = (window.to_minute + kWeekMinutes - minute) % kWeekMinutes;
  if (left == 0) left = kWeekMinutes;
  Time end = std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(left);
  // The window ends by the wall clock: where the offset changes until then, so does the distance.
  return end - std::chrono::seconds(zone.offset_at(end) - zone.offset_at(now));
}

}  // namespace

std::vector<Violation> check_image(const Policies& policies, std::string_view image, std::string_view resource) {
  std::vector<Violation> out;
  const std::string name(resource);
  auto parsed = ImageRef::parse(image);
  if (!parsed) {
    out.push_back({"image", name, parsed.error().message()});
    return out;
  }
  auto allowed = [&](const std::string& registry) { return comes_from(*parsed, registry); };
  if (!policies.registries.empty() && std::none_of(policies.registries.begin(), policies.registries.end(), allowed)) {
    out.push_back({"registries", name,
                   "image '" + one_line(image, 200) + "' comes from " + parsed->registry +
                       "; this environment takes images from " + join(policies.registries, ", ")});
  }
  if (policies.digests && parsed->digest.empty()) {
    out.push_back({"digests", name, "image '" + one_line(image, 200) + "' has no digest"});
  }
  return out;
}

std::vector<Violation> check_resources(const Policies& policies, const std::vector<PolicyResource>& resources) {
  std::vector<Violation> out;
  for (const PolicyResource& resource : resources) {
    const std::string name = resource.kind + "/" + resource.name;
    check_kind(policies, resource, name, out);
    if (!policies.pod_security.empty() && resource.group.empty() && resource.kind == "Namespace")
      out.push_back({"pod-security", name, "namespaces and what they enforce are the platform's"});
    check_asks(policies, resource, name, out);
    for (const std::string& label : policies.required_labels) {
      if (std::find(resource.labels.begin(), resource.labels.end(), label) == resource.labels.end()) {
        out.push_back({"labels", name, "the label '" + label + "' is missing"});
      }
    }
    for (const std::string& image : resource.images) {
      for (Violation& violation : check_image(policies, image, name)) out.push_back(std::move(violation));
    }
  }
  return out;
}

std::optional<Violation> check_ticket(const Environment& environment, std::string_view ticket) {
  if (environment.ticket.empty()) return std::nullopt;
  const std::string wanted = "'" + environment.name + "' wants a ticket like " + environment.ticket;
  if (ticket.empty()) return Violation{"ticket", "", wanted + " (--ticket)"};
  RE2::Options options;
  options.set_log_errors(false);
  RE2 pattern(environment.ticket, options);
  const bool good = pattern.ok() && ticket.size() <= kMaxTicket &&
                    RE2::FullMatch(re2::StringPiece(ticket.data(), ticket.size()), pattern);
  if (good) return std::nullopt;
  return Violation{"ticket", "", wanted + ", not '" + one_line(ticket, 60) + "'"};
}

Result<std::optional<Frozen>> frozen(const Environment& environment, Time now) {
  std::optional<Frozen> out;
  for (const FreezeWindow& window : environment.freeze) {
    Time until = window.to;
    if (window.weekly) {
      TRY(Zone zone, Zone::load(window.zone));
      const uint32_t minute = zone.minute_of_week(now);
      if (!in_weekly(window, minute)) continue;
      until = weekly_end(window, zone, now, minute);
    } else if (now < window.from || now >= window.to) {
      continue;
    }
    if (!out || out->until < until) out = Frozen{window.text, window.because, until};
  }
  return out;
}

uint32_t approvals_needed(const Environment& environment, Intent intent) {
  if (intent == Intent::kRollback && environment.rollback.approvals) return *environment.rollback.approvals;
  return environment.approvals.count;
}

bool freeze_applies(const Environment& environment, Intent intent) {
  return intent == Intent::kRelease || !environment.rollback.in_freeze;
}

Result<void> check_zone(std::string_view zone) {
  TRY_DO(Zone::load(zone));
  return ok();
}

}  // namespace autonomous::model
