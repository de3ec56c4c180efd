// A pipeline that only remembers what it was asked, and answers what a test put there. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "daemon/http/api.h"

namespace autonomous::daemon {

class FakeApi final : public Api {
 public:
  std::vector<TargetRow> rows;
  std::optional<Error> failure;  // of every call that can fail
  std::function<void(const Push&, ProgressPtr)> on_push;
  std::optional<Error> refuse_push;
  std::vector<Push> pushes;
  std::vector<std::pair<std::string, Ask>> asked;  // "rollback local/shop/web to 3"
  std::vector<ProgressPtr> followers;
  std::vector<DecisionRow> decided;
  std::vector<std::string> moved;
  EventBus bus;

  std::vector<TargetRow> status() override { return rows; }
  std::vector<TargetRow> status_at(Time time) override {
    std::vector<TargetRow> then = rows;
    for (TargetRow& row : then) row.why = "as of " + format_time(time);
    return then;
  }
  Result<std::vector<ReleaseRow>> releases(const Ctx&, const ReleaseFilter& filter) override {
    if (failure) return *failure;
    last_filter = filter;
    return std::vector<ReleaseRow>{
        ReleaseRow{.target = "local/shop/web", .number = 3, .outcome = "healthy", .live = true}};
  }
  Result<ReleaseDetails> release(const Ctx&, const std::string& id) override {
    if (failure) return *failure;
    ReleaseDetails details;
    details.row.target = id;
    details.trailers = {{"Release", id}};
    return details;
  }
  Result<TargetDetails> target(const Ctx&, const std::string& target) override {
    if (failure) return *failure;
    TargetDetails details;
    details.row.target = target;
    details.gates = {Gate{"seen", Gate::Verdict::kOk, "pushed"}};
    return details;
  }
  Result<WhereAnswer> where(const Ctx&, const std::string& commit) override {
    if (failure) return *failure;
    return WhereAnswer{.source_commit = commit, .rows = {WhereRow{"local/shop/web", "live", 3}}};
  }
  Result<std::vector<WhyAnswer>> why(const Ctx&, const std::string& subject) override {
    if (failure) return *failure;
    return std::vector<WhyAnswer>{
        WhyAnswer{.target = subject, .summary = "live", .gates = {Gate{"hold", Gate::Verdict::kNo, "held"}}}};
  }
  Result<ConfigAnswer> config(const Ctx&, const std::string& target, std::optional<Time>) override {
    if (failure) return *failure;
    return ConfigAnswer{.target = target, .values = {ConfigValue{"env.A", "1.10", "autonomous.yaml:3"}}};
  }
  Result<DiffAnswer> diff(const Ctx&, const DiffRequest& request) override {
    if (failure) return *failure;
    return DiffAnswer{request.target, "release 1", "now", {"M a"}, "-a\n+b\n"};
  }
  Result<std::vector<DiffAnswer>> diff_source(const Ctx&, const SourceDiffRequest& request) override {
    if (failure) return *failure;
    DiffAnswer one{
        "production/" + request.project + "/web", "release 1", request.commit, {"M manifests/a.yaml"}, "", {}, ""};
    one.resources = {{"Deployment/web", "changed", "manifests/a.yaml", "@@ -1 +1 @@\n-a: 1\n+a: 2\n"}};
    if (request.commit == "bbbb") {
      one.steps = {"StatefulSet search: volume data grows from 5Gi to 8Gi"};
      one.refused = {"a.yaml:1: StatefulSet db: volume data cannot shrink\n  hint: copy it"};
    }
    return std::vector<DiffAnswer>{one};
  }
  std::vector<ProjectRow> projects() override {
    return {ProjectRow{.name = "shop", .hosted = true, .state = "ok", .apps = {"web"}}};
  }
  std::vector<Check> doctor(const Ctx&, bool) override { return {Check{"state", "ok", "writable", ""}}; }

  Result<ActionAnswer> deploy(const Ctx&, const Ask& ask, const DeployRequest& request, ProgressPtr progress) override {
    return act("deploy " + request.project + "/" + request.app + " " + request.commit + request.image, ask,
               std::move(progress));
  }
  Result<ActionAnswer> retry(const Ctx&, const Ask& ask, const std::string& target, ProgressPtr progress) override {
    return act("retry " + target, ask, std::move(progress));
  }
  Result<ActionAnswer> let_go(const Ctx&, const Ask& ask, const std::string& target, ProgressPtr) override {
    return act("let go of " + target, ask, nullptr);
  }
  Result<ActionAnswer> retire(const Ctx&, const Ask& ask, const std::string& target, ProgressPtr progress) override {
    return act("retire " + target, ask, std::move(progress));
  }
  Result<ActionAnswer> keep(const Ctx&) override { return ActionAnswer{"kept", {}}; }
  Result<std::vector<DecisionRow>> decisions(const Ctx&, const DecisionFilter& filter) override {
    std::vector<DecisionRow> out;
    for (const DecisionRow& row : decided) {
      if (filter.type.empty() || filter.type == row.type) out.push_back(row);
    }
    return out;
  }
  Result<ActionAnswer> rollback(const Ctx&, const Ask& ask, const std::string& target, uint32_t to,
                                ProgressPtr progress) override {
    return act("rollback " + target + " to " + std::to_string(to), ask, std::move(progress));
  }
  Result<ActionAnswer> hold(const Ctx&, const Ask& ask, const std::string& target, std::optional<Time> until) override {
    return act("hold " + target + (until ? " until " + format_time(*until) : ""), ask, nullptr);
  }
  Result<ActionAnswer> resume(const Ctx&, const Ask& ask, const std::string& target, const std::string& choice,
                              ProgressPtr progress) override {
    return act("resume " + target + " " + choice, ask, std::move(progress));
  }
  Result<std::vector<ProposalRow>> proposals(const Ctx&, std::optional<Time> until) override {
    if (failure) return *failure;
    ProposalRow row{.target = "production/shop/web", .id = "0123456789ab", .subject = "Fix", .needed = 2};
    row.text =
        "autonomous approval/1\nproposal: 0123456789ab\ntarget: production/shop/web\nartifact: a\n"
        "input-digest: b\ntarget-tree: c\nuntil: 2027-01-01T00:00:00Z\n";
    row.until = until.value_or(Time{});
    return std::vector<ProposalRow>{row};
  }
  Result<ActionAnswer> promote(const Ctx&, const Ask& ask, const PromoteRequest& request,
                               ProgressPtr progress) override {
    return act("promote " + request.target + " from " + std::to_string(request.from) +
                   (request.unverified ? " unverified" : ""),
               ask, std::move(progress));
  }
  Result<ActionAnswer> approve(const Ctx&, const Ask& ask, const ApproveRequest& request,
                               ProgressPtr progress) override {
    last_approval = request;
    return act("approve " + request.target + " " + request.proposal, ask, std::move(progress));
  }
  Result<ActionAnswer> reject(const Ctx&, const Ask& ask, const std::string& target,
                              const std::string& proposal) override {
    return act("reject " + target + " " + proposal, ask, nullptr);
  }
  Result<ActionAnswer> cancel(const Ctx&, const Ask& ask, const std::string& target) override {
    return act("cancel " + target, ask, nullptr);
  }
  Result<ActionAnswer> freeze(const Ctx&, const Ask& ask, const std::string& scope, bool on,
                              std::optional<Time> until) override {
    return act((on ? "freeze " : "unfreeze ") + scope + (until ? " until " + format_time(*until) : ""), ask, nullptr);
  }
  Result<ActionAnswer> mark(const Ctx&, const Ask& ask, const std::string& target, uint32_t release,
                            bool bad) override {
    return act((bad ? "mark-bad " : "unmark ") + target + "/" + std::to_string(release), ask, nullptr);
  }
  Result<ActionAnswer> break_glass(const Ctx&, const Ask& ask, const std::string& target,
                                   std::optional<Time>) override {
    return act("break-glass " + target, ask, nullptr);
  }
  Result<ActionAnswer> connect(const Ctx&, const Ask& ask, const std::string& project,
                               const std::string& url) override {
    return act("connect " + project + " " + url, ask, nullptr);
  }

  Result<ActionAnswer> restore_tags(const Ctx&, const Ask& ask, const TagsRequest& request) override {
    return act("restore tags " + request.only + (request.all ? " all" : ""), ask, nullptr);
  }
  Result<ActionAnswer> accept_rewrite(const Ctx&, const Ask& ask) override {
    return act("accept rewrite", ask, nullptr);
  }

  std::vector<std::string> moved_elsewhere(const std::vector<std::string>& places) override {
    std::lock_guard lock(mutex);
    moved.insert(moved.end(), places.begin(), places.end());
    return places.empty() ? std::vector<std::string>{} : std::vector<std::string>{"shop"};
  }
  Result<void> check_source_push(const Ctx&, const Push& push) override {
    std::lock_guard lock(mutex);
    checked.push_back(push);
    if (refuse_push) return *refuse_push;
    return ok();
  }
  void source_pushed(const Push& push, const std::string& repository, ProgressPtr progress) override {
    heard(push, repository, std::move(progress));
  }
  Result<void> check_gitops_push(const Ctx& ctx, const Push& push) override { return check_source_push(ctx, push); }
  void gitops_pushed(const Push& push, ProgressPtr progress) override { heard(push, "gitops", std::move(progress)); }

  EventBus& events() override { return bus; }
  std::vector<Metric> metrics() override {
    return {Metric{"autonomous_releases_total",
                   "Releases by outcome.",
                   Metric::Kind::kCounter,
                   {{{{"outcome", "healthy \"quoted\"\n"}}, 4}}}};
  }
  std::vector<Check> readiness() override { return ready; }

  // Blocks until something was pushed; false after a minute.
  bool wait_for_push() {
    std::unique_lock lock(mutex);
    return pushed.wait_for(lock, std::chrono::minutes(1), [this] { return !pushes.empty(); });
  }

  std::mutex mutex;
  std::condition_variable pushed;
  std::vector<Push> checked;
  std::vector<std::string> repositories;
  std::vector<Check> ready = {Check{"record", "ok", "", ""}};
  ReleaseFilter last_filter;
  ApproveRequest last_approval;

 private:
  Result<ActionAnswer> act(const std::string& what, const Ask& ask, ProgressPtr progress) {
    if (failure) return *failure;
    std::lock_guard lock(mutex);
    asked.emplace_back(what, ask);
    if (progress) {
      progress->progress(Progress{"local/shop/web", 4, "commit", "release 4", Progress::Tone::kPlain});
      progress->done({Outcome{"local/shop/web", 4, Outcome::Verdict::kDone, "live"}});
    }
    return ActionAnswer{what, {Affected{"local/shop/web", 4, "soon"}}};
  }
  void heard(const Push& push, const std::string& repository, ProgressPtr progress) {
    std::function<void(const Push&, ProgressPtr)> then;
    {
      std::lock_guard lock(mutex);
      pushes.push_back(push);
      repositories.push_back(repository);
      then = on_push;
    }
    pushed.notify_all();
    if (then) {
      then(push, std::move(progress));
    } else if (progress) {
      progress->progress(Progress{"local/shop/web", 1, "commit", "release 1 (abc Fix)", Progress::Tone::kPlain});
      progress->done({Outcome{"local/shop/web", 1, Outcome::Verdict::kDone, "unverified"}});
    }
  }
};

}  // namespace autonomous::daemon
