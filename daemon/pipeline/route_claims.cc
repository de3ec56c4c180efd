#include "daemon/pipeline/route_claims.h"

#include <algorithm>

#include "daemon/pipeline/json_peek.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxRouteFile = 16u << 20;
constexpr size_t kMaxTrees = 50'000;

Result<std::vector<RouteClaim>> claims_in(const FileTree& tree) {
  std::vector<app::Resource> routes;
  TRY(auto entries, tree.list("manifests"));
  for (const FileEntry& entry : entries) {
    std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (!starts_with(name, "httproute.gateway.networking.k8s.io-") && !starts_with(name, "ingress.networking.k8s.io-"))
      continue;
    TRY(std::string text, tree.read(entry.path, kMaxRouteFile));
    TRY(auto found, app::split_manifests(text, entry.path));
    std::move(found.begin(), found.end(), std::back_inserter(routes));
  }
  return route_claims(routes);
}

}  // namespace

bool share_a_cluster(const model::Environment& a, const model::Environment& b) {
  if (a.name == b.name) return true;
  return !a.reconcile.empty() && a.reconcile == b.reconcile && a.cluster == b.cluster;
}

std::vector<RouteClaim> route_claims(const std::vector<app::Resource>& resources) {
  std::vector<RouteClaim> out;
  for (const app::Resource& resource : resources) {
    bool route = resource.group == "gateway.networking.k8s.io" && resource.kind == "HTTPRoute";
    bool ingress = resource.group == "networking.k8s.io" && resource.kind == "Ingress";
    if (!route && !ingress) continue;
    const std::string by = resource.kind + "/" + resource.name;
    Json spec = at_key(document_of(resource.text), "spec");
    for (const Json& rule : items_at(spec, "rules")) {
      if (ingress) {
        for (const Json& path : items_at(at_key(rule, "http"), "paths")) {
          std::string text = text_at(path, "path");
          out.push_back({text_at(rule, "host"), text.empty() ? "/" : text, by});
        }
        continue;
      }
      std::vector<std::string> paths;
      std::vector<Json> matches = items_at(rule, "matches");
      if (matches.empty()) paths.emplace_back("/");
      for (const Json& match : matches) {
        bool narrower = !items_at(match, "headers").empty() || !items_at(match, "queryParams").empty() ||
                        !text_at(match, "method").empty();
        std::string text = text_at(at_key(match, "path"), "value");
        if (!narrower) paths.push_back(text.empty() ? "/" : text);
      }
      for (const Json& host : items_at(spec, "hostnames")) {
        if (!host.is_string()) continue;
        for (const std::string& path : paths) out.push_back({host.get<std::string>(), path, by});
      }
    }
  }
  std::erase_if(out, [](const RouteClaim& claim) { return claim.host.empty(); });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Preflight check_hosts(const model::App& app, const std::vector<RouteClaim>& ours, const RouteClaims& taken,
                      const std::set<model::Target>& coming) {
  Preflight out;
  for (const auto& [target, claims] : taken) {
    for (const RouteClaim& theirs : claims) {
      auto same = std::find_if(ours.begin(), ours.end(), [&](const RouteClaim& claim) {
        return claim.host == theirs.host && claim.path == theirs.path;
      });
      if (same == ours.end()) continue;
      Error error = fail(Code::kConflict, same->by, ": ", theirs.host, theirs.path, " is taken by ", target.str(), " (",
                         theirs.by, coming.contains(target) ? "), which is on its way" : ")")
                        .hint(app.rendering == model::Rendering::kBuiltIn
                                  ? "routes: {another.example.com: " + theirs.path + "}, or another path"
                                  : "another host, or another path");
      const model::Value* routes = app.merged.find("routes");
      out.errors.push_back(routes != nullptr ? Error(std::move(error).at(routes->place())) : error);
    }
  }
  return out;
}

bool overlap(const std::vector<RouteClaim>& a, const std::vector<RouteClaim>& b) {
  return std::any_of(a.begin(), a.end(), [&](const RouteClaim& one) {
    return std::any_of(b.begin(), b.end(),
                       [&](const RouteClaim& other) { return one.host == other.host && one.path == other.path; });
  });
}

Result<RouteTable::Claims> RouteTable::of(store::Reader& reader, const git::Oid& tree) {
  {
    std::lock_guard lock(mutex_);
    if (auto known = by_tree_.find(tree); known != by_tree_.end()) return known->second;
  }
  TRY(auto files, reader.repository().tree_of(tree));
  TRY(auto claims, claims_in(*files));
  auto kept = std::make_shared<const std::vector<RouteClaim>>(std::move(claims));
  std::lock_guard lock(mutex_);
  if (by_tree_.size() > kMaxTrees) by_tree_.clear();
  by_tree_[tree] = kept;
  return kept;
}

Result<RouteClaims> RouteTable::in_the_way(store::Reader& reader, const store::State& state,
                                           const model::Platform& platform, const model::Target& target,
                                           const std::vector<RouteClaim>& ours) {
  RouteClaims out;
  const model::Environment* own = model::find_environment(platform, target.environment);
  for (const auto& [other, record] : state.targets) {
    auto live = record->live();
    if (other == target || !live || live->trigger == model::Trigger::kRetire || record->moved_away) continue;
    const model::Environment* environment = model::find_environment(platform, other.environment);
    if (own == nullptr || environment == nullptr || !share_a_cluster(*own, *environment)) continue;
    TRY(Claims claims, of(reader, live->target_tree));
    if (overlap(*claims, ours)) out[other] = *claims;
  }
  return out;
}

}  // namespace autonomous::daemon
