#include "daemon/pipeline/preflight.h"

#include <algorithm>

#include "daemon/pipeline/preflight_secrets.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/model/image.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kAnswer{5'000};  // of a registry or a cluster: a release does not wait longer for advice
constexpr uint64_t kMaxManifestFile = 16u << 20;

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

// The first of the environment's instances of one of these kinds that can be used.
template <typename Port>
Port* instance_for(const std::function<Port*(const std::string&)>& named, const model::Platform& platform,
                   const model::Environment& environment, const std::set<std::string>& kinds) {
  for (const std::string& name : environment.instances) {
    auto instance = platform.instances.find(name);
    if (instance == platform.instances.end() || !kinds.contains(instance->second.kind) || !named) continue;
    if (Port* port = named(name)) return port;
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

}  // namespace

Result<Preflight> preflight(const Ctx& ctx, const PreflightOptions& options, const Looked& looked) {
  const Wish& wish = looked.wish;
  const model::Platform& platform = *wish.view->platform;
  const model::Environment* environment = model::find_environment(platform, wish.target.environment);
  if (environment == nullptr) return Preflight{};
  std::set<std::string> nodes, images;
  Preflight out = look_at_cluster(ctx, instance_for(options.cluster, platform, *environment, {"kubernetes"}),
                                  looked.resources, nodes);
  for (const app::Resource& resource : looked.resources) images.insert(resource.images.begin(), resource.images.end());
  for (const std::string& image : images) out.add(look_at_image(ctx, options, looked, image, nodes));
  out.add(look_at_secrets(ctx, instance_for(options.secrets, platform, *environment, {"vault", "openbao"}), *wish.app,
                          *environment, wish.names.value_or(wish.target)));
  if (!looked.before) return out;
  if (environment->mode == "values") {
    out.unchecked.emplace_back("fields that cannot change (Argo CD renders)");
    return out;
  }
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY(Preflight found, look_at_before(reader, looked));
  out.add(std::move(found));
  return out;
}

}  // namespace autonomous::daemon
