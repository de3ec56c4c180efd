#include "daemon/pipeline/namespaces.h"

#include <algorithm>
#include <set>

#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/take_on.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

namespace {

// What a container gets where the platform has a quota and says nothing: without requests no pod would be let in.
constexpr std::string_view kRequestCpu = "50m", kRequestMemory = "64Mi";
constexpr size_t kMaxKnown = 20'000;
constexpr const char* kLevels[] = {"", "restricted", "baseline", "privileged"};

// Quantities, which were checked with platform.yaml, in quotes.
void put(std::string& out, const std::string& pad, std::string_view key, const std::string& value) {
  if (!value.empty()) out.append(pad).append(key).append(": \"").append(value).append("\"\n");
}

std::string head(std::string_view kind, const std::string& ns) {
  return "apiVersion: v1\nkind: " + std::string(kind) + "\nmetadata:\n  name: autonomous\n  namespace: " + ns +
         "\n  labels:\n    app.kubernetes.io/managed-by: autonomous\nspec:\n";
}

std::string resource_quota(const model::Quota& quota, const std::string& ns) {
  std::string out = head("ResourceQuota", ns) + "  hard:\n";
  put(out, "    ", "requests.cpu", quota.cpu);
  put(out, "    ", "requests.memory", quota.memory);
  put(out, "    ", "requests.storage", quota.storage);
  if (quota.pods != 0) put(out, "    ", "pods", std::to_string(quota.pods));
  return out;
}

app::DemandRules rules_of(const model::Policies& policies, bool surge) {
  return {policies.request_cpu.empty() ? std::string(kRequestCpu) : policies.request_cpu,
          policies.request_memory.empty() ? std::string(kRequestMemory) : policies.request_memory, surge};
}

std::string limit_range(const model::Policies& policies, const std::string& ns) {
  const app::DemandRules rules = rules_of(policies, false);
  std::string out = head("LimitRange", ns) + "  limits:\n  - type: Container\n    defaultRequest:\n";
  put(out, "      ", "cpu", rules.request_cpu);
  put(out, "      ", "memory", rules.request_memory);
  if (!policies.max_cpu.empty() || !policies.max_memory.empty()) {
    out += "    max:\n";
    put(out, "      ", "cpu", policies.max_cpu);
    put(out, "      ", "memory", policies.max_memory);
  }
  if (!policies.max_storage.empty()) {
    out += "  - type: PersistentVolumeClaim\n    max:\n";
    put(out, "      ", "storage", policies.max_storage);
  }
  return out;
}

// nullopt: there is none.
Result<std::optional<std::string>> text_at(const git::Repository& repository, const git::Oid& commit,
                                           const std::string& path) {
  auto entry = repository.entry(commit, path);
  if (!entry) {
    if (entry.error().code() == Code::kNotFound) return std::optional<std::string>();
    return std::move(entry).error();
  }
  TRY(std::string text, repository.blob(entry->oid));
  return std::optional(std::move(text));
}

ports::Application application_of(const AssembleOptions& options, const model::Environment& environment,
                                  const model::Target& target, const std::string& level) {
  return {target.environment,
          target.project,
          target.app,
          options.gitops_url,
          options.branch,
          model::namespace_of(environment, target),
          environment.cluster,
          environment.mode == "values",
          level};
}

// The target's Application, where nothing but the level of pod security differs from what stands there.
std::optional<std::string> relabelled(const AssembleOptions& options, const ports::Reconciler& reconciler,
                                      const model::Environment& environment, const model::Target& target,
                                      const std::string& now) {
  auto with = [&](const std::string& level) {
    return reconciler.application_file(application_of(options, environment, target, level));
  };
  std::string wanted = with(environment.policies.pod_security);
  if (wanted == now) return std::nullopt;
  for (const char* level : kLevels) {
    if (with(level) == now) return wanted;
  }
  return std::nullopt;
}

}  // namespace

app::DemandRules demand_rules(const model::Environment& environment, bool surge) {
  return rules_of(environment.policies, surge);
}

bool has_quota(const model::Platform& platform, const model::Environment& environment, std::string_view project) {
  const model::Policies& policies = environment.policies;
  return !policies.request_cpu.empty() || !policies.request_memory.empty() ||
         model::quota_of(platform, environment, project).any();
}

std::map<std::string, std::optional<std::string>> namespace_files(const ports::Reconciler& reconciler,
                                                                  const ports::Root& root,
                                                                  const model::Platform& platform,
                                                                  const model::Environment& environment,
                                                                  const std::string& ns) {
  const std::string folder = ports::namespace_folder(root.environment, root.project, ns);
  const model::Quota quota = model::quota_of(platform, environment, root.project);
  std::map<std::string, std::optional<std::string>> out{{folder + ".yaml", std::nullopt},
                                                        {folder + "/limitrange.yaml", std::nullopt},
                                                        {folder + "/resourcequota.yaml", std::nullopt}};
  if (!root.quotas) return out;
  out[folder + ".yaml"] = reconciler.namespace_file(root, ns);
  out[folder + "/limitrange.yaml"] = limit_range(environment.policies, ns);
  if (quota.any()) out[folder + "/resourcequota.yaml"] = resource_quota(quota, ns);
  return out;
}

std::vector<store::TakeOn> namespace_changes(const AssembleOptions& options, const PlatformView& view,
                                             const store::State& state) {
  std::vector<store::TakeOn> out;
  auto repository = git::Repository::open(options.repository);
  if (!repository || !options.reconciler || !view.platform) return out;
  auto commit = repository->commit(view.commit);
  if (!commit) return out;
  std::set<std::string> seen;  // namespaces of an (environment, project): the first target speaks for it
  for (const auto& [target, known] : state.targets) {
    const model::Environment* environment = model::find_environment(*view.platform, target.environment);
    if (!known->taken_on || environment == nullptr || environment->reconcile.empty()) continue;
    const ports::Reconciler* reconciler = options.reconciler(environment->reconcile);
    if (reconciler == nullptr) continue;
    store::TakeOn change;
    const model::Target names = names_of(state, target, nullptr);
    const std::string ns = model::namespace_of(*environment, names);
    const ports::Root root = root_of(options.gitops_url, options.branch, *view.platform, *environment, target, state);
    std::map<std::string, std::optional<std::string>> wanted;
    // What came from another project lives where that says what may be asked for.
    bool own = names.project == target.project;
    if (own && seen.insert(target.environment + "/" + target.project + "/" + ns).second)
      wanted = namespace_files(*reconciler, root, *view.platform, *environment, ns);
    const std::string application = store::application_file(target);
    auto stands = text_at(*repository, state.deploy, application);
    if (stands && *stands) {
      auto text = relabelled(options, *reconciler, *environment, target, **stands);
      if (text) change.files[application] = std::move(*text);
    }
    for (auto& [path, text] : wanted) {
      auto now = text_at(*repository, state.deploy, path);
      if (now && *now != text) change.files[path] = std::move(text);
    }
    if (change.files.empty()) continue;
    change.target = target;
    change.what = "namespace " + ns + " changed";
    change.because = "main " + view.commit.short_hex() + ": " + commit->subject();
    change.author = {commit->author.name, commit->author.email, Time(std::chrono::seconds(commit->author.seconds))};
    out.push_back(std::move(change));
  }
  return out;
}

Result<model::Demand> Demands::of(store::Reader& reader, const model::Environment& environment, const git::Oid& tree) {
  const app::DemandRules rules = demand_rules(environment, false);
  const std::string key = tree.hex() + " " + rules.request_cpu + " " + rules.request_memory;
  {
    std::lock_guard lock(mutex_);
    if (auto found = known_.find(key); found != known_.end()) return found->second;
  }
  TRY(auto files, reader.repository().tree_of(tree));
  TRY(auto entries, files->list("manifests"));
  std::vector<app::Resource> resources;
  for (const FileEntry& entry : entries) {
    TRY(std::string text, files->read(entry.path, 16u << 20));
    TRY(auto found, app::split_manifests(text, entry.path));
    std::move(found.begin(), found.end(), std::back_inserter(resources));
  }
  TRY(auto asked, app::demand_of(resources, rules));
  model::Demand sum;
  for (const model::ResourceDemand& each : asked) sum += each.demand;
  std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[key] = sum;
  return sum;
}

Result<Demands::Others> Demands::others(store::Reader& reader, const store::State& state,
                                        const model::Environment& environment, const std::string& ns,
                                        const std::set<model::Target>& itself, const Coming& coming) {
  Others out;
  for (const auto& [other, demand] : coming) {
    ++out.apps;
    out.demand += demand;
    out.coming.push_back(other.project + "/" + other.app);
  }
  for (const auto& [other, known] : state.targets) {
    auto live = known->live();
    if (other.environment != environment.name || itself.contains(other) || coming.contains(other)) continue;
    if (!live || live->trigger == model::Trigger::kRetire || known->moved_away) continue;
    // What came from another project is where it was.
    if (model::namespace_of(environment, names_of(state, other, nullptr)) != ns) continue;
    ++out.apps;
    if (environment.mode == "values") {
      ++out.unknown;
      continue;
    }
    TRY(model::Demand demand, of(reader, environment, live->target_tree));
    out.demand += demand;
  }
  return out;
}

std::vector<Error> check_quota(const model::Platform& platform, const model::Environment& environment,
                               const model::Target& target, const std::vector<model::ResourceDemand>& asked,
                               const Demands::Others& others) {
  std::vector<Error> out;
  const model::Quota quota = model::quota_of(platform, environment, target.project);
  for (const model::QuotaExcess& excess : model::check_quota(quota, asked, others.demand, others.apps)) {
    Error error = fail(Code::kDenied, excess.resource, ": ", excess.message, " (policies.quota.", excess.key, ")")
                      .hint("ask for less, or have the platform's owners raise the quota of " +
                            model::namespace_of(environment, target) +
                            (others.coming.empty() ? "" : "; on their way: " + join(others.coming, ", ")));
    if (auto place = model::place_of_quota(platform, environment.name, target.project, excess.key))
      error = std::move(error).at(*place);
    out.push_back(std::move(error));
  }
  return out;
}

}  // namespace autonomous::daemon
