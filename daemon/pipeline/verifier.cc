#include "daemon/pipeline/verifier.h"

#include <algorithm>
#include <set>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/take_on.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"
#include "plugins/ports/blame.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

namespace {

bool runs_pods(const ports::ResourceId& id) {
  static const std::vector<std::string> kinds = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                                 "Job",        "CronJob",     "Pod"};
  return std::find(kinds.begin(), kinds.end(), id.kind) != kinds.end();
}

// The cluster among an environment's instances, or null.
ports::Cluster* cluster_of(const model::Platform& platform, const model::Environment& environment,
                           const std::function<ports::Cluster*(const std::string&)>& find) {
  for (const std::string& name : environment.instances) {
    auto instance = platform.instances.find(name);
    if (instance != platform.instances.end() && instance->second.kind == "kubernetes" && find) return find(name);
  }
  return nullptr;
}

}  // namespace

Result<std::vector<ports::ResourceId>> resources_at(const git::Repository& repository, const git::Oid& commit,
                                                    const model::Target& target, const std::string& target_namespace) {
  TRY(auto tree, repository.tree_of(commit, store::target_folder(target)));
  TRY(auto files, tree->list("manifests"));
  std::vector<ports::ResourceId> out;
  for (const FileEntry& file : files) {
    TRY(std::string text, tree->read(file.path, 16u << 20));
    TRY(auto resources, app::split_manifests(text, file.path));
    for (const app::Resource& resource : resources) {
      if (resource.hook) continue;  // Argo CD runs hooks (and leaves out tests), but doesn't hold them
      std::string ns = resource.ns == target_namespace ? "" : resource.ns;
      out.push_back({resource.group, resource.kind, ns, resource.name});
    }
  }
  return out;
}

void Verifier::look() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

void Verifier::refresh(std::vector<model::Target> targets) {
  std::lock_guard lock(mutex_);
  changed_.insert(changed_.end(), targets.begin(), targets.end());
  woken_ = true;
  wake_.notify_all();
}

void Verifier::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    round(Ctx{stop});
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, std::chrono::milliseconds(1000), [this] { return woken_; });
    woken_ = false;
  }
}

void Verifier::round(const Ctx& ctx) {
  std::vector<Flight> flights = board_.verifying();
  std::erase_if(watches_, [&](const auto& entry) {
    bool gone =
        std::none_of(flights.begin(), flights.end(), [&](const Flight& flight) { return flight.id == entry.first; });
    if (gone && entry.second.cluster != nullptr) entry.second.cluster->forget(entry.second.followed);
    return gone;
  });
  std::vector<model::Target> changed;
  {
    std::lock_guard lock(mutex_);
    changed.swap(changed_);
  }
  if (!changed.empty()) ask_about(ctx, changed);
  if (flights.empty()) return;
  auto repository = git::Repository::open(options_.repository);
  if (!repository) {
    log(Level::kError, "cannot look at the GitOps repository", {{"error", repository.error().line()}});
    return;
  }
  for (const Flight& flight : flights) {
    if (!watches_.contains(flight.id)) begin(flight, *repository);
  }
  ask(ctx);
  for (const Flight& flight : flights) {
    auto watch = watches_.find(flight.id);
    if (watch != watches_.end()) judge(flight, watch->second, *repository);
  }
}

void Verifier::begin(const Flight& flight, const git::Repository& repository) {
  const model::Target& target = flight.release.target;
  PlatformPtr view = board_.view();
  store::StatePtr whole = board_.state();
  store::TargetPtr state = whole->find(target);
  store::ReleaseRowPtr row = state ? state->find(flight.release.number) : nullptr;
  if (!view || !row) return;  // the writer is about to publish it
  if (row != state->live())
    return end(flight.id, {model::Outcome::kSuperseded,
                           "release " + std::to_string(state->live()->number) + " came before it was verified"});
  if (state->moved_away)
    return end(flight.id,
               {model::Outcome::kSuperseded, "it became " + state->moved_away->to.str() + " before it was verified"});
  const model::Environment* environment = model::find_environment(*view->platform, target.environment);
  if (environment == nullptr || environment->reconcile.empty()) {
    return end(flight.id, {model::Outcome::kUnverified, "nothing reconciles the environment " + target.environment +
                                                            ", so nothing tells whether it works"});
  }
  Watch watch;
  watch.reconciler = options_.reconciler ? options_.reconciler(environment->reconcile) : nullptr;
  if (watch.reconciler == nullptr) {
    return end(flight.id, {model::Outcome::kUnverified, "this daemon has no working instance '" +
                                                            environment->reconcile + "' (see `autonomous doctor`)"});
  }
  std::string ns = model::namespace_of(*environment, names_of(*whole, target, nullptr));
  bool renders = environment->mode == "values";
  auto resources = renders ? Result<std::vector<ports::ResourceId>>(std::vector<ports::ResourceId>{})
                           : resources_at(repository, row->commit, target, ns);
  if (!resources) return end(flight.id, {model::Outcome::kUnverified, resources.error().line()});
  watch.released = {store::application_name(target),
                    row->commit.hex(),
                    row->target_tree.hex(),
                    ports::source_of({target.environment, target.project, target.app, options_.gitops_url,
                                      options_.branch, ns, environment->cluster, renders}),
                    std::move(*resources),
                    flight.release.deadline,
                    renders && row->trigger != model::Trigger::kRetire};
  watch.root = root_of(options_.gitops_url, options_.branch, *view->platform, *environment, target, *whole);
  const auto& moved = state->moved;
  if (moved && row->number == moved->from.number + 1 && moved->from.target.project != target.project)
    watch.left = ports::root_name(target.environment, moved->from.target.project);
  watch.since = row->time;
  watch.cluster = cluster_of(*view->platform, *environment, options_.cluster);
  watch.followed = target.str();
  if (watch.cluster != nullptr) {
    ports::Followed followed{watch.followed, ns, {}, row->time};
    std::copy_if(watch.released.manifests.begin(), watch.released.manifests.end(),
                 std::back_inserter(followed.workloads), runs_pods);
    watch.cluster->follow(std::move(followed));
  }
  watches_.emplace(flight.id, std::move(watch));
}

// Asks each reconciler once for all its releases that are new, or that nothing was heard of for a while.
void Verifier::ask(const Ctx& ctx) {
  std::map<ports::Reconciler*, std::vector<std::string>> wanted;
  Time now = clock_.now();
  for (auto& [id, watch] : watches_) {
    if (watch.asked != Time{} && watch.asked <= now && now - watch.asked < options_.ask_again) continue;
    watch.asked = now;
    Result<void> rooted = ensure_root(ctx.within(Millis(30'000)), *watch.reconciler, watch.root);
    watch.root_error = rooted ? "" : rooted.error().line();
    wanted[watch.reconciler].push_back(watch.released.application);
    if (!watch.left.empty()) wanted[watch.reconciler].push_back(watch.left);
  }
  for (const auto& [reconciler, names] : wanted) {
    auto asked = reconciler->request(ctx.within(Millis(30'000)), names);
    if (!asked)
      log(Level::kWarning, "the reconciler did not take the request",
          {{"instance", reconciler->name()}, {"error", asked.error().line()}});
  }
}

// Their roots first: what confines them may have changed, too.
void Verifier::ask_about(const Ctx& ctx, const std::vector<model::Target>& targets) {
  PlatformPtr view = board_.view();
  std::map<ports::Reconciler*, std::set<std::string>> wanted;
  for (const model::Target& target : targets) {
    const model::Environment* environment =
        view ? model::find_environment(*view->platform, target.environment) : nullptr;
    ports::Reconciler* reconciler =
        environment != nullptr && options_.reconciler ? options_.reconciler(environment->reconcile) : nullptr;
    if (reconciler == nullptr) continue;
    const ports::Root root =
        root_of(options_.gitops_url, options_.branch, *view->platform, *environment, target, *board_.state());
    const std::string name = ports::root_name(root.environment, root.project);
    Result<void> rooted = ensure_root(ctx.within(Millis(30'000)), *reconciler, root);
    if (!rooted)
      log(Level::kWarning, "the root could not be changed",
          {{"root", name}, {"instance", reconciler->name()}, {"error", rooted.error().line()}});
    wanted[reconciler].insert(name);
    wanted[reconciler].insert(store::application_name(target));
    if (root.quotas)
      wanted[reconciler].insert(
          ports::namespace_name(root.environment, root.project, model::namespace_of(*environment, target)));
  }
  for (const auto& [reconciler, names] : wanted) {
    auto asked = reconciler->request(ctx.within(Millis(30'000)), {names.begin(), names.end()});
    if (!asked)
      log(Level::kWarning, "the reconciler did not take the request",
          {{"instance", reconciler->name()}, {"error", asked.error().line()}});
  }
}

// The root of an (environment, project) is the one thing that is applied: once by each daemon, and when it changed.
Result<void> Verifier::ensure_root(const Ctx& ctx, ports::Reconciler& reconciler, const ports::Root& root) {
  std::string& applied = roots_[reconciler.name() + " " + ports::root_name(root.environment, root.project)];
  std::string wanted = reconciler.root_file(root) + join(root.namespaces, " ") + "\n" + join(root.deny_kinds, " ") +
                       "\n" + join(root.allow_kinds, " ") + "\n" + (root.quotas ? "quotas" : "");
  if (applied == wanted) return ok();
  TRY_DO(reconciler.apply_root(ctx, root));
  applied = std::move(wanted);
  return ok();
}

void Verifier::judge(const Flight& flight, Watch& watch, const git::Repository& repository) {
  ports::History history;
  history.descends = [&](const std::string& commit, const std::string& revision) {
    auto from = git::Oid::parse(commit), to = git::Oid::parse(revision);
    if (!from || !to || !repository.has(*to)) return false;
    auto answer = repository.is_ancestor(*from, *to);
    return answer && *answer;
  };
  history.tree_at = [&](const std::string& revision) -> std::string {
    auto oid = git::Oid::parse(revision);
    if (!oid) return "";
    auto entry = repository.entry(*oid, store::target_folder(flight.release.target));
    return entry ? entry->oid.hex() : "";
  };
  watch.released.deadline = flight.release.deadline;  // it moves when somebody sets the clock
  std::optional<ports::AppStatus> status = watch.reconciler->snapshot(watch.released.application);
  ports::Live live = ports::judge(watch.released, status, history, clock_.now());
  std::string reason = live.why;  // names the resource and says its words
  if (!watch.root_error.empty() && live.verdict != ports::Live::Verdict::kHealthy)
    reason += " (" + watch.root_error + ")";
  std::optional<ports::Trouble> trouble =
      watch.cluster != nullptr ? watch.cluster->snapshot(watch.followed) : std::nullopt;
  if (!trouble && status) trouble = ports::first_trouble(status->troubles, watch.since);
  std::string looked_at = watch.reconciler->name() + " " + watch.released.application +
                          (status && !status->revision.empty() ? " at " + status->revision : "");
  switch (live.verdict) {
    case ports::Live::Verdict::kHealthy: return end(flight.id, {model::Outcome::kHealthy, live.why, "", looked_at});
    case ports::Live::Verdict::kSuperseded: return end(flight.id, {model::Outcome::kSuperseded, reason, "", looked_at});
    case ports::Live::Verdict::kFailed: {
      if (trouble) reason += " (" + trouble->line() + ")";
      bool answers = !options_.away || options_.away(watch.reconciler->name()).empty();
      return end(flight.id, {model::Outcome::kFailed, reason, live.resource, looked_at,
                             answers && ports::blames_artifact(status, trouble)});
    }
    case ports::Live::Verdict::kProgressing: say(flight, watch, trouble ? trouble->line() : reason); break;
  }
}

void Verifier::end(uint64_t id, model::Verified verdict) {
  auto watch = watches_.find(id);
  if (watch != watches_.end() && watch->second.cluster != nullptr)
    watch->second.cluster->forget(watch->second.followed);
  watches_.erase(id);
  board_.post(id, verdict);
  board_.wake();
}

void Verifier::say(const Flight& flight, Watch& watch, const std::string& text) {
  std::string line = one_line(masked(text), 500);
  if (line.empty() || line == watch.told) return;
  watch.told = line;
  board_.post(flight.id, model::Seen{line});
}

}  // namespace autonomous::daemon
