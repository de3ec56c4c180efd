#include "plugins/argocd/argocd.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

#include "gitops/base/lines.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "plugins/argocd/api.h"
#include "plugins/argocd/objects.h"
#include "plugins/argocd/status.h"

namespace autonomous::argocd {

namespace {

using Json = nlohmann::json;
using ports::AppStatus;

constexpr Millis kTick{2'000};            // how often pods of interesting applications are looked at
constexpr Millis kInterest{15 * 60'000};  // how long after a request
constexpr Millis kRefresh{3'000};         // the refresh is asked for at once; its answer waits for the comparison
constexpr Millis kTree{10'000};           // for the answer to a resource tree
constexpr size_t kTreesATick = 32;
constexpr Millis kMaxPause{30'000};

// "production.shop.web" → "production.shop": its AppProject, and its root. Of a namespace's quota: its own AppProject.
std::string project_of(const std::string& name) {
  const std::vector<std::string_view> parts = split(name, '.');
  if (parts.size() == 4 && parts[2] == "namespace") return ports::namespaces_project(parts[0], parts[1]);
  const size_t dot = name.find('.', name.find('.') + 1);
  return dot == std::string::npos ? std::string(kRootsProject) : name.substr(0, dot);
}

// "production.shop.web" → "production.shop".
std::string root_of(const std::string& name) { return name.substr(0, name.find('.', name.find('.') + 1)); }

bool is_root(const std::string& name) { return std::count(name.begin(), name.end(), '.') < 2; }

std::string application_url(const std::string& name, const std::string& rest, const std::string& query) {
  return "/api/v1/applications/" + http::escape(name) + rest + "?project=" + http::escape(project_of(name)) + query;
}

// What is known of each application. Guards itself.
class Board {
 public:
  explicit Board(const Clock& clock) : clock_(clock) {}

  void put(AppStatus status) {
    std::lock_guard lock(mutex_);
    AppStatus& known = apps_[status.name];
    const bool same = known.found == status.found && known.health == status.health && known.health_since != Time{};
    status.health_since = same ? known.health_since : clock_.now();
    status.troubles = std::move(known.troubles);
    known = std::move(status);
  }
  void put_absent(const std::string& name) {
    AppStatus status;
    status.name = name;
    put(std::move(status));
  }
  bool put_troubles(const std::string& name, std::vector<ports::Trouble> troubles) {
    std::lock_guard lock(mutex_);
    const auto found = apps_.find(name);
    if (found == apps_.end() || found->second.troubles == troubles) return false;
    found->second.troubles = std::move(troubles);
    return true;
  }
  std::optional<AppStatus> get(const std::string& name) const {
    std::lock_guard lock(mutex_);
    const auto found = apps_.find(name);
    if (found == apps_.end()) return std::nullopt;
    return found->second;
  }
  void be_interested(const std::vector<std::string>& names) {
    std::lock_guard lock(mutex_);
    for (const std::string& name : names) interest_[name] = clock_.now();
  }
  // The next few applications whose pods are worth a look, in turn.
  std::vector<std::string> worth_a_look() {
    std::lock_guard lock(mutex_);
    std::erase_if(interest_, [&](const auto& entry) { return clock_.now() - entry.second > kInterest; });
    std::vector<std::string> sick;
    for (const auto& [name, since] : interest_) {
      const auto found = apps_.find(name);
      if (found == apps_.end() || !found->second.found) continue;
      const bool had_trouble = !found->second.troubles.empty();  // gone now?
      if (found->second.health != ports::Health::kHealthy || had_trouble) sick.push_back(name);
    }
    if (sick.size() <= kTreesATick) return sick;
    std::rotate(sick.begin(), std::upper_bound(sick.begin(), sick.end(), last_looked_at_), sick.end());
    sick.resize(kTreesATick);
    last_looked_at_ = sick.back();
    return sick;
  }

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, AppStatus> apps_;
  std::map<std::string, Time> interest_;
  std::string last_looked_at_;
};

class ArgoCd final : public ports::Reconciler {
 public:
  ArgoCd(const ports::Host& host, ports::Instance instance)
      : clock_(host.clock),
        board_(host.clock),
        api_(host, std::move(instance)),
        namespace_(api_.option("namespace").empty() ? "argocd" : api_.option("namespace")) {}

  const std::string& name() const override { return api_.name(); }
  Result<void> request(const Ctx& ctx, const std::vector<std::string>& names) override;
  std::optional<AppStatus> snapshot(const std::string& name) const override;
  void watch(const ports::Sink& sink, std::stop_token stop) override;
  std::string application_file(const ports::Application& application) const override {
    return to_yaml(application_object(application, namespace_));
  }
  std::string root_file(const ports::Root& root) const override { return to_yaml(root_object(root, namespace_)); }
  std::string namespace_file(const ports::Root& root, const std::string& ns) const override {
    return to_yaml(namespace_object(root, ns, namespace_));
  }
  Result<void> apply_root(const Ctx& ctx, const ports::Root& root) override;
  Result<std::string> check(const Ctx& ctx) override;

 private:
  Result<void> refresh(const Ctx& ctx, const std::vector<std::string>& names, std::vector<std::string>& absent);
  Result<void> watch_once(const ports::Sink& sink, const Ctx& ctx, bool& connected);
  bool take_line(const ports::Sink& sink, std::string_view line, Result<void>& outcome);
  void look_at_pods(const ports::Sink& sink, const Ctx& ctx);
  Result<void> put_project(const Ctx& ctx, const nlohmann::ordered_json& project);
  Result<void> allow_root_repo(const Ctx& ctx, const std::string& repo);

  const Clock& clock_;
  Board board_;
  Api api_;
  const std::string namespace_;
  Time last_look_;  // watch's own
};

Result<void> ArgoCd::refresh(const Ctx& ctx, const std::vector<std::string>& names, std::vector<std::string>& absent) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(application_url(name, "", "&refresh=normal"));
  auto answers = api_.get_all(ctx, paths, kRefresh);
  Result<void> first;
  for (size_t i = 0; i < names.size(); ++i) {
    if (answers[i]) {
      board_.put(read_application(*answers[i]));
    } else if (answers[i].error().code() == Code::kNotFound) {
      board_.put_absent(names[i]);
      absent.push_back(names[i]);
    } else if (answers[i].error().code() != Code::kTimeout && first) {
      // A time-out is none: the application is marked, and the comparison takes what it takes.
      first = std::move(answers[i]).error();
    }
  }
  return first;
}

Result<void> ArgoCd::request(const Ctx& ctx, const std::vector<std::string>& names) {
  board_.be_interested(names);
  std::vector<std::string> absent, roots, none;
  Result<void> asked = refresh(ctx, names, absent);
  for (const std::string& name : absent) {
    if (!is_root(name)) roots.push_back(root_of(name));
  }
  std::sort(roots.begin(), roots.end());
  roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
  Result<void> asked_roots = roots.empty() ? ok() : refresh(ctx, roots, none);
  if (!asked) return asked;
  return asked_roots;
}

// What keeps the root from making an application is said with the absent one.
std::optional<AppStatus> ArgoCd::snapshot(const std::string& name) const {
  std::optional<AppStatus> status = board_.get(name);
  if (!status || status->found || is_root(name)) return status;
  const std::optional<AppStatus> root = board_.get(root_of(name));
  if (root) status->conditions = root->conditions;
  return status;
}

// {"result": {"type": "MODIFIED", "application": {…}}} or {"error": {…}}; false ends the stream.
bool ArgoCd::take_line(const ports::Sink& sink, std::string_view line, Result<void>& outcome) {
  if (trim(line).empty()) return true;
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("result") || !json["result"].is_object()) {
    outcome = fail(Code::kUnavailable, "the watch of ", name(), " ended: ", masked(one_line(line))).may_retry();
    return false;
  }
  const Json& result = json["result"];
  const auto application = result.find("application");
  if (application == result.end()) return true;
  AppStatus status = read_application(*application);
  if (status.name.empty()) return true;
  const std::string changed = status.name;
  const auto type = result.find("type");
  if (type != result.end() && *type == "DELETED") {
    board_.put_absent(changed);
  } else {
    board_.put(std::move(status));
  }
  sink.changed(changed);
  return true;
}

void ArgoCd::look_at_pods(const ports::Sink& sink, const Ctx& ctx) {
  last_look_ = clock_.now();
  const std::vector<std::string> names = board_.worth_a_look();
  if (names.empty()) return;
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(application_url(name, "/resource-tree", ""));
  auto answers = api_.get_all(ctx, paths, kTree);
  for (size_t i = 0; i < names.size(); ++i) {
    if (answers[i] && board_.put_troubles(names[i], read_troubles(*answers[i]))) sink.changed(names[i]);
  }
}

Result<void> ArgoCd::watch_once(const ports::Sink& sink, const Ctx& ctx, bool& connected) {
  Result<void> outcome;
  LineReader lines([&](std::string_view line) { return take_line(sink, line, outcome); });
  const std::string selector = http::escape(std::string(kManagedBy) + "=autonomous");
  TRY_DO(api_.stream(ctx, "/api/v1/stream/applications?selector=" + selector, kTick, [&](std::string_view data) {
    if (!connected) {
      connected = true;
      sink.link("");
    }
    if (!lines.feed(data)) return false;
    if (clock_.now() - last_look_ >= kTick) look_at_pods(sink, ctx);
    return true;
  }));
  return outcome;
}

void ArgoCd::watch(const ports::Sink& sink, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::minstd_rand random(std::random_device{}());
  Millis pause{0};
  while (!stop.stop_requested()) {
    bool connected = false;
    const Result<void> ended = watch_once(sink, Ctx{stop}, connected);
    if (stop.stop_requested()) return;
    sink.link(ended ? "Argo CD ended the watch" : ended.error().line());
    pause = connected ? Millis(250) : std::clamp(pause * 2, Millis(500), kMaxPause);
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, pause + Millis(random() % 250), [] { return false; });
  }
}

Result<void> ArgoCd::put_project(const Ctx& ctx, const nlohmann::ordered_json& project) {
  const nlohmann::ordered_json body{{"project", project}, {"upsert", true}};
  Result<Json> made = api_.call(ctx, "POST", "/api/v1/projects", body.dump());
  if (!made) return std::move(made).error();
  return ok();
}

// The AppProject of the roots is shared: repositories are added to it, none is taken away.
Result<void> ArgoCd::allow_root_repo(const Ctx& ctx, const std::string& repo) {
  std::vector<std::string> repos;
  Result<Json> known = api_.call(ctx, "GET", "/api/v1/projects/" + std::string(kRootsProject));
  if (known) {
    const Json spec = known->value("spec", Json::object());
    if (spec.contains("sourceRepos") && spec["sourceRepos"].is_array()) {
      for (const Json& one : spec["sourceRepos"]) {
        if (one.is_string()) repos.push_back(one);
      }
    }
  } else if (known.error().code() != Code::kNotFound && known.error().code() != Code::kDenied) {
    return std::move(known).error();  // Argo CD answers 403 for a project that isn't there
  }
  if (std::find(repos.begin(), repos.end(), repo) == repos.end()) repos.push_back(repo);
  return put_project(ctx, roots_project_object(repos, namespace_));
}

Result<void> ArgoCd::apply_root(const Ctx& ctx, const ports::Root& root) {
  TRY_DO(allow_root_repo(ctx, root.repo));
  TRY_DO(put_project(ctx, confinement_object(root)));
  if (root.quotas) TRY_DO(put_project(ctx, namespaces_project_object(root)));
  // validate=false: the folder may not be there yet; the comparison says so then.
  Result<Json> made =
      api_.call(ctx, "POST", "/api/v1/applications?upsert=true&validate=false", root_object(root, namespace_).dump());
  if (!made)
    return std::move(std::move(made).error())
        .with("while making the root of " + ports::root_name(root.environment, root.project));
  return ok();
}

Result<std::string> ArgoCd::check(const Ctx& ctx) {
  TRY(const Json version, api_.call(ctx, "GET", "/api/version"));
  TRY(const Json user, api_.call(ctx, "GET", "/api/v1/session/userinfo"));
  const bool in =
      user.is_object() && user.contains("loggedIn") && user["loggedIn"].is_boolean() && user["loggedIn"].get<bool>();
  if (!in) return fail(Code::kDenied, "Argo CD doesn't know the credential of ", name());
  const auto found = version.find("Version");
  return found == version.end() || !found->is_string() ? std::string("unknown") : found->get<std::string>();
}

}  // namespace

Result<std::unique_ptr<ports::Reconciler>> make(const ports::Host& host, const ports::Instance& instance) {
  if (instance.url.empty()) return fail(Code::kInvalid, "instance ", instance.name, ": argocd needs a url");
  if (!instance.credential) return fail(Code::kInvalid, "instance ", instance.name, ": argocd needs a credential");
  ports::Instance plain = instance;
  while (!plain.url.empty() && plain.url.back() == '/') plain.url.pop_back();
  return std::unique_ptr<ports::Reconciler>(std::make_unique<ArgoCd>(host, std::move(plain)));
}

}  // namespace autonomous::argocd
