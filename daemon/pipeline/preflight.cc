#include "daemon/pipeline/preflight.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/model/image.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kAnswer{5'000};  // of a registry or a cluster: a release does not wait longer for advice
constexpr uint64_t kMaxManifestFile = 16u << 20;
constexpr size_t kMaxTrees = 50'000;

// Groups that every cluster has; of the others nobody knows without asking.
bool is_everywhere(const std::string& group) {
  static const std::set<std::string> kGroups = {"",
                                                "apps",
                                                "batch",
                                                "autoscaling",
                                                "policy",
                                                "networking.k8s.io",
                                                "rbac.authorization.k8s.io",
                                                "storage.k8s.io",
                                                "scheduling.k8s.io",
                                                "coordination.k8s.io",
                                                "discovery.k8s.io",
                                                "apiextensions.k8s.io",
                                                "admissionregistration.k8s.io",
                                                "certificates.k8s.io",
                                                "apiregistration.k8s.io",
                                                "node.k8s.io",
                                                "events.k8s.io"};
  return kGroups.contains(group);
}

ports::Cluster* cluster_for(const PreflightOptions& options, const model::Platform& platform,
                            const model::Environment& environment) {
  for (const std::string& name : environment.instances) {
    auto instance = platform.instances.find(name);
    if (instance == platform.instances.end() || instance->second.kind != "kubernetes" || !options.cluster) continue;
    if (ports::Cluster* cluster = options.cluster(name)) return cluster;
  }
  return nullptr;
}

// The cluster's kinds, and what its nodes are.
Preflight look_at_cluster(const Ctx& ctx, ports::Cluster* cluster, const std::vector<app::Resource>& resources,
                          std::set<std::string>& nodes) {
  Preflight out;
  bool special = std::any_of(resources.begin(), resources.end(),
                             [](const app::Resource& resource) { return !is_everywhere(resource.group); });
  if (cluster == nullptr) {
    if (special) out.unchecked.emplace_back("kinds of the cluster (no instance of kind kubernetes)");
    return out;
  }
  auto facts = cluster->facts(ctx.within(kAnswer));
  if (!facts) {
    out.unchecked.push_back("kinds of the cluster (" + shorten(facts.error().line(), 200) + ")");
    return out;
  }
  nodes = facts->architectures;
  return check_kinds(resources, facts->kinds);
}

Preflight look_at_image(const Ctx& ctx, const PreflightOptions& options, const Looked& looked,
                        const std::string& reference, const std::set<std::string>& nodes) {
  Preflight out;
  auto image = model::ImageRef::parse(reference);
  if (!image) return out;  // the manifest is what a chart made of it; Kubernetes will say so
  ports::Images* registry = options.images ? options.images(image->registry) : nullptr;
  if (registry == nullptr) {
    out.unchecked.push_back("images of " + image->registry + " (no instance of kind registry)");
    return out;
  }
  std::string wanted = !image->digest.empty() ? image->digest : image->tag.empty() ? "latest" : image->tag;
  auto facts = registry->look(ctx.within(kAnswer), image->repository, wanted);
  if (facts) {
    return check_image(*looked.wish.app, reference, *facts, looked.resources, nodes, reference == looked.main_image);
  }
  if (facts.error().code() == Code::kNotFound) {
    out.errors.push_back(fail(Code::kInvalid, "the image ", reference, " is not in the registry")
                             .hint("push it first; or `image:` names another"));
  } else {
    out.unchecked.push_back("the image " + reference + " (" + shorten(facts.error().line(), 200) + ")");
  }
  return out;
}

// What differs of the objects that stand now.
Result<Preflight> look_at_before(store::Reader& reader, const Looked& looked) {
  std::vector<app::Resource> before, after;
  TRY(auto tree, reader.files(*looked.before));
  for (const app::Resource& resource : looked.resources) {
    std::string path = store::manifest_file(resource.kind, resource.group, resource.ns, resource.name, looked.ns);
    if (!tree->stat(path)) continue;
    TRY(std::string was, tree->read(path, kMaxManifestFile));
    if (was == resource.text) continue;
    TRY(auto found, app::split_manifests(was, path));
    std::move(found.begin(), found.end(), std::back_inserter(before));
    after.push_back(resource);
  }
  return check_immutable(before, after);
}

bool share_a_cluster(const model::Environment& a, const model::Environment& b) {
  if (a.name == b.name) return true;
  return !a.reconcile.empty() && a.reconcile == b.reconcile && a.cluster == b.cluster;
}

Result<std::vector<RouteClaim>> claims_in(const FileTree& tree) {
  std::vector<app::Resource> routes;
  TRY(auto entries, tree.list("manifests"));
  for (const FileEntry& entry : entries) {
    std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (!starts_with(name, "httproute.gateway.networking.k8s.io-") && !starts_with(name, "ingress.networking.k8s.io-"))
      continue;
    TRY(std::string text, tree.read(entry.path, kMaxManifestFile));
    TRY(auto found, app::split_manifests(text, entry.path));
    std::move(found.begin(), found.end(), std::back_inserter(routes));
  }
  return route_claims(routes);
}

}  // namespace

Result<std::map<model::Target, std::vector<RouteClaim>>> RouteTable::others(store::Reader& reader,
                                                                            const store::State& state,
                                                                            const model::Platform& platform,
                                                                            const model::Target& target) {
  std::map<model::Target, std::vector<RouteClaim>> out;
  const model::Environment* own = model::find_environment(platform, target.environment);
  std::lock_guard lock(mutex_);
  if (by_tree_.size() > kMaxTrees) by_tree_.clear();
  for (const auto& [other, record] : state.targets) {
    auto live = record->live();
    if (other == target || !live || live->trigger == model::Trigger::kRetire || record->moved_away) continue;
    const model::Environment* environment = model::find_environment(platform, other.environment);
    if (own == nullptr || environment == nullptr || !share_a_cluster(*own, *environment)) continue;
    auto [known, fresh] = by_tree_.try_emplace(live->target_tree);
    if (fresh) {
      auto claims = [&]() -> Result<std::vector<RouteClaim>> {
        TRY(auto tree, reader.repository().tree_of(live->target_tree));
        return claims_in(*tree);
      }();
      if (!claims) {
        by_tree_.erase(known);
        return std::move(claims).error();
      }
      known->second = *std::move(claims);
    }
    if (!known->second.empty()) out[other] = known->second;
  }
  return out;
}

Result<Preflight> preflight(const Ctx& ctx, const PreflightOptions& options, const Looked& looked,
                            const store::State& state) {
  const Wish& wish = looked.wish;
  const model::Platform& platform = *wish.view->platform;
  const model::Environment* environment = model::find_environment(platform, wish.target.environment);
  if (environment == nullptr) return Preflight{};
  std::set<std::string> nodes, images;
  Preflight out = look_at_cluster(ctx, cluster_for(options, platform, *environment), looked.resources, nodes);
  for (const app::Resource& resource : looked.resources) images.insert(resource.images.begin(), resource.images.end());
  for (const std::string& image : images) out.add(look_at_image(ctx, options, looked, image, nodes));
  if (!wish.app->secrets.empty())
    out.unchecked.emplace_back("whether the store has the secrets (nothing here reads it)");
  std::vector<RouteClaim> claims = route_claims(looked.resources);
  bool compares = looked.before || (!claims.empty() && options.routes != nullptr);
  if (!compares) return out;
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  if (looked.before && environment->mode != "values") {
    TRY(Preflight found, look_at_before(reader, looked));
    out.add(std::move(found));
  } else if (looked.before) {
    out.unchecked.emplace_back("fields that cannot change (Argo CD renders)");
  }
  if (!claims.empty() && options.routes != nullptr) {
    TRY(auto taken, options.routes->others(reader, state, platform, wish.target));
    if (looked.before) taken.erase(looked.before->target);
    out.add(check_hosts(*wish.app, claims, taken));
  }
  return out;
}

}  // namespace autonomous::daemon
