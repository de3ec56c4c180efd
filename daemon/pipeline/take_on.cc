#include "daemon/pipeline/take_on.h"

#include <algorithm>

#include "daemon/pipeline/draft.h"
#include "daemon/pipeline/namespaces.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

// Until what was moved is known to be its own, objects bear the mark of the Application that they come from.
bool takes_over_still(const store::TargetState* target) {
  if (target == nullptr || !target->moved) return false;
  auto good = target->last_good(0, false);
  return !good || good->number <= target->moved->from.number;
}

void add_namespace(ports::Root& root, const std::string& ns) {
  if (std::find(root.namespaces.begin(), root.namespaces.end(), ns) == root.namespaces.end())
    root.namespaces.push_back(ns);
}

}  // namespace

Result<std::optional<store::TakeOn>> take_on(const AssembleOptions& options, const Wish& wish,
                                             const store::State& known, const std::optional<Moving>& move) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr || environment->reconcile.empty() || !options.reconciler)
    return std::optional<store::TakeOn>();
  ports::Reconciler* reconciler = options.reconciler(environment->reconcile);
  if (reconciler == nullptr) return std::optional<store::TakeOn>();
  const model::Target& target = wish.target;
  const model::Target names = wish.names.value_or(target);
  ports::Application application{target.environment,
                                 target.project,
                                 target.app,
                                 options.gitops_url,
                                 options.branch,
                                 model::namespace_of(*environment, names),
                                 environment->cluster,
                                 environment->mode == "values",
                                 environment->policies.pod_security};
  application.release = names.app;
  application.takes_over = move.has_value() || takes_over_still(known.find(target).get());
  ports::Root root = root_of(options.gitops_url, options.branch, *wish.view->platform, *environment, target, known);
  if (move) add_namespace(root, application.ns);
  std::map<std::string, std::optional<std::string>> wanted;
  if (names.project == target.project)
    wanted = namespace_files(*reconciler, root, *wish.view->platform, *environment, application.ns);
  wanted.merge(std::map<std::string, std::optional<std::string>>{
      {store::application_file(target), reconciler->application_file(application)},
      {store::root_file(target.environment, target.project), reconciler->root_file(root)}});
  // Two Applications of the same objects would not sync.
  if (move) wanted[store::application_file(move->moved.from.target)] = std::nullopt;
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY(store::StatePtr state, reader.state());
  store::TakeOn out;
  bool there = false;
  for (auto& [path, text] : wanted) {
    auto entry = reader.repository().entry(state->deploy, path);
    if (!entry && !text) continue;
    if (entry) {
      there = there || text.has_value();
      auto blob = reader.repository().blob(entry->oid);
      if (text && blob && *blob == *text) continue;
    }
    out.files[path] = std::move(text);
  }
  if (out.files.empty()) return std::optional<store::TakeOn>();
  out.target = target;
  out.what = move ? "taken on, in place of " + move->moved.from.target.str()
             : there && out.files.contains(store::application_file(target)) && state->find(target) &&
                     state->find(target)->taken_on
                 ? "application changed"
                 : "taken on";
  out.author = author_of(wish);
  return std::optional<store::TakeOn>(std::move(out));
}

ports::Root root_of(const std::string& gitops_url, const std::string& branch, const model::Platform& platform,
                    const model::Environment& environment, const model::Target& target, const store::State& state) {
  model::Target any = target;
  const model::Policies& policies = environment.policies;
  ports::Root root{target.environment,
                   target.project,
                   gitops_url,
                   branch,
                   environment.cluster,
                   {},
                   policies.deny_kinds,
                   policies.allow_kinds,
                   has_quota(platform, environment, target.project),
                   policies.pod_security};
  // A pattern with {app} gives each app a namespace of its own: the project may then use all that fit.
  any.app = "*";
  root.namespaces.push_back(model::namespace_of(environment, any));
  // What came from another project is where it was.
  for (auto it = state.targets.lower_bound({target.environment, target.project, ""}); it != state.targets.end(); ++it) {
    if (it->first.environment != target.environment || it->first.project != target.project) break;
    const auto& moved = it->second->moved;
    if (moved && moved->names.project != target.project)
      add_namespace(root, model::namespace_of(environment, moved->names));
  }
  return root;
}

}  // namespace autonomous::daemon
