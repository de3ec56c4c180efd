#include "daemon/pipeline/claiming.h"

#include "daemon/pipeline/namespaces.h"
#include "daemon/pipeline/outgoing.h"
#include "gitops/git/repository.h"
#include "render/app/demand.h"

namespace autonomous::daemon {

namespace {

// The one that a renamed app goes on after stands in nobody's way.
bool is_itself(const model::Target& other, const model::Target& target, const std::optional<Moving>& move) {
  return other == target || (move && move->moved.from.target == other);
}

// What is out, the record says.
bool is_out(const store::State& state, const model::Target& target, const Claim& claim) {
  store::TargetPtr record = state.find(target);
  auto live = record ? record->live() : nullptr;
  return live && live->target_tree.hex() == claim.tree;
}

std::map<model::Target, Claim> coming_to(const AssembleOptions& options, const model::Target& target,
                                         const store::State& state, const std::optional<Moving>& move,
                                         const Outgoing::Concerns& concerns) {
  if (options.outgoing == nullptr) return {};
  return options.outgoing->others(target, [&](const model::Target& other, const Claim& claim) {
    return !is_itself(other, target, move) && concerns(other, claim) && !is_out(state, other, claim);
  });
}

Result<Preflight> hosts_are_free(const AssembleOptions& options, store::Reader& reader, const Wish& wish,
                                 const store::State& state, const std::optional<Moving>& move,
                                 const std::vector<RouteClaim>& routes) {
  const model::Platform& platform = *wish.view->platform;
  const model::Environment* own = model::find_environment(platform, wish.target.environment);
  TRY(RouteClaims taken, options.routes->in_the_way(reader, state, platform, wish.target, routes));
  if (move) taken.erase(move->moved.from.target);
  std::set<model::Target> coming;
  for (auto& [other, claim] : coming_to(options, wish.target, state, move, [&](const auto& target, const Claim& claim) {
         if (!overlap(claim.routes, routes) && !taken.contains(target)) return false;
         const model::Environment* theirs = model::find_environment(platform, target.environment);
         return theirs != nullptr && share_a_cluster(*own, *theirs);
       })) {
    coming.insert(other);
    taken[other] = std::move(claim.routes);
  }
  return check_hosts(*wish.app, routes, taken, coming);
}

Result<Preflight> there_is_room(const AssembleOptions& options, store::Reader& reader, const Wish& wish,
                                const store::State& state, const std::optional<Moving>& move,
                                const Rendering& rendering) {
  Preflight out;
  const model::Platform& platform = *wish.view->platform;
  const model::Environment& environment = *model::find_environment(platform, wish.target.environment);
  Demands::Coming coming;
  for (const auto& [other, claim] :
       coming_to(options, wish.target, state, move, [&](const auto& target, const Claim& claim) {
         return target.environment == wish.target.environment && claim.ns == rendering.ns;
       }))
    coming[other] = claim.demand;
  std::set<model::Target> itself{wish.target};
  if (move) itself.insert(move->moved.from.target);
  TRY(Demands::Others others, options.demands->others(reader, state, environment, rendering.ns, itself, coming));
  out.errors = check_quota(platform, environment, wish.names.value_or(wish.target), rendering.demand, others);
  if (others.unknown > 0)
    out.warnings.push_back("the quota was checked without " + std::to_string(others.unknown) +
                           " other apps of the namespace, which Argo CD renders");
  for (const app::Resource& resource : rendering.resources) {
    if (resource.kind == "DaemonSet" && resource.group == "apps")
      out.warnings.push_back("DaemonSet/" + resource.name +
                             " counts once in the quota: on how many nodes it will run is not known here");
  }
  return out;
}

}  // namespace

Result<Preflight> claim_room(const AssembleOptions& options, const Wish& wish, const store::State& state,
                             const std::optional<Moving>& move, const Rendering& rendering, const std::string& tree,
                             bool may_claim) {
  Preflight out;
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr) return out;
  Claim claim{tree, rendering.ns, {}, {}};
  if (options.routes != nullptr) claim.routes = route_claims(rendering.resources);
  const bool counts = options.demands != nullptr && !rendering.demand.empty();
  if (counts) {
    TRY(auto asked, app::demand_of(rendering.resources, demand_rules(*environment, false)));
    for (const model::ResourceDemand& each : asked) claim.demand += each.demand;
  }
  std::unique_lock<std::mutex> lock;
  if (options.outgoing != nullptr) lock = options.outgoing->lock();
  if (claim.any()) {
    TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
    if (!claim.routes.empty()) {
      TRY(Preflight found, hosts_are_free(options, reader, wish, state, move, claim.routes));
      out.add(std::move(found));
    }
    if (counts) {
      TRY(Preflight found, there_is_room(options, reader, wish, state, move, rendering));
      out.add(std::move(found));
    }
  }
  if (options.outgoing != nullptr && may_claim && out.errors.empty())
    options.outgoing->put(wish.target, std::move(claim));
  return out;
}

Result<void> claim_again(const AssembleOptions& options, const Wish& wish, const store::State& state,
                         store::Reader& reader, const git::Oid& tree) {
  if (options.outgoing == nullptr) return ok();
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr) return ok();
  const model::Target names = names_of(state, wish.target, nullptr);
  Claim claim{tree.hex(), model::namespace_of(*environment, names), {}, {}};
  if (options.routes != nullptr) {
    TRY(RouteTable::Claims routes, options.routes->of(reader, tree));
    claim.routes = *routes;
  }
  if (options.demands != nullptr && environment->mode != "values" &&
      has_quota(*wish.view->platform, *environment, names.project)) {
    TRY(claim.demand, options.demands->of(reader, *environment, tree));
  }
  auto lock = options.outgoing->lock();
  options.outgoing->put(wish.target, std::move(claim));
  return ok();
}

}  // namespace autonomous::daemon
