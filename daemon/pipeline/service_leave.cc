// The leaving part of Service: an app goes its own way, and nothing of it stops.
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/service.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

// The Application goes, as a commit on deploy that its root follows. It has no finalizer, so what it made stays.
Result<ActionAnswer> Service::let_go(const Ctx& ctx, const Ask& ask, const std::string& text, ProgressPtr) {
  TRY(Known known, this->known(text));
  TRY_DO(allowed(ask, "retire", known.target.environment, known.target.project));
  if (!known.state->orphaned) {
    return fail(Code::kConflict, text, " is still in the project's spec: the next push would take it on again")
        .hint("take it out of autonomous.yaml and push; then let go of it");
  }
  TRY(git::Repository repository, git::Repository::open(options_.gitops));
  std::string file = store::application_file(known.target);
  auto there = repository.entry(pipeline_.board().state()->deploy, file);
  if (!there && there.error().code() != Code::kNotFound) return std::move(there).error();
  if (!there) {
    return fail(Code::kConflict, text,
                known.state->taken_on ? "'s Application is gone from deploy already"
                                      : " is followed by nothing that could let go of it")
        .hint("what runs stays as it is");
  }
  auto live = known.state->live();
  std::string says = "Argo CD lets go of it: what runs stays, and nothing here follows it any more";
  ActionAnswer answer{text + ": " + says, {{text, live ? live->number : 0, says}}};
  if (ask.dry_run) return answer;
  store::TakeOn off;
  off.target = known.target;
  off.files[file] = std::nullopt;
  off.what = "let go of: what runs stays";
  model::Who by = who(ask.who);
  off.because = by.str() + (ask.because.empty() ? "" : ": " + ask.because);
  off.author = {by.name, by.email, std::nullopt};
  TRY_DO(pipeline_.writer().on_record(ctx, [off](const Ctx& within, store::Record& record) -> Result<void> {
    store::Batch batch;
    batch.taken.push_back(off);
    TRY(store::BatchResult result, record.commit(within, std::move(batch)));
    return result.taken.front() ? Result<void>(*result.taken.front()) : ok();
  }));
  ask_root(ctx, known.target);
  return answer;
}

// A hint: without it, the reconciler looks by itself, some minutes later.
void Service::ask_root(const Ctx& ctx, const model::Target& target) {
  PlatformPtr view = pipeline_.board().view();
  const model::Environment* environment = view ? model::find_environment(*view->platform, target.environment) : nullptr;
  if (environment == nullptr || environment->reconcile.empty()) return;
  ports::Reconciler* reconciler = pipeline_.instances().reconciler(environment->reconcile);
  if (reconciler == nullptr) return;
  auto asked = reconciler->request(ctx.within(Millis(10'000)), {ports::root_name(target.environment, target.project)});
  if (!asked)
    log(Level::kWarning, "the reconciler did not take the request",
        {{"instance", environment->reconcile}, {"error", asked.error().line()}});
}

// What a doubt waited for: the apps are orphaned, as a person's word, and the rest of the commit goes out by itself.
Result<ActionAnswer> Service::let_vanish(const Ctx& ctx, const Ask& ask, const DeployRequest& request) {
  store::StatePtr state = pipeline_.board().state();
  model::Who by = who(ask.who);
  ActionAnswer answer;
  std::vector<model::Entry> entries;
  std::string commit;
  for (const BranchView& branch : pipeline_.branches()) {
    if (branch.source.project != request.project || !branch.plan || branch.gone) continue;
    if (!request.commit.empty() && !starts_with(branch.head.hex(), request.commit)) continue;
    for (const auto& [environment, doubt] : branch.plan->doubts) {
      if (!request.environment.empty() && environment != request.environment) continue;
      TRY_DO(allowed(ask, "deploy", environment, request.project));
      commit = branch.head.hex().substr(0, 7);
      for (const model::Target& target : still_doubted(*doubt, *state)) {
        model::Entry entry = decision(model::EntryType::kOrphaned, ask, target);
        entry.reason = "it is no longer in the spec at " + commit + ", which " + by.name +
                       " says is right; it keeps running until `autonomous retire`";
        entries.push_back(std::move(entry));
        answer.affected.push_back({target.str(), 0, "orphaned; it keeps running"});
      }
    }
  }
  if (entries.empty())
    return fail(Code::kConflict, "nothing of ", request.project, request.commit.empty() ? "" : " at " + request.commit,
                " waits for somebody to say that apps may vanish")
        .hint("`autonomous status -p " + request.project + "` shows what waits");
  answer.summary = std::to_string(entries.size()) + " apps of " + request.project + " are gone at " + commit +
                   ", and that is right: the rest of the commit goes out";
  if (!ask.dry_run) TRY_DO(pipeline_.writer().decide(ctx, std::move(entries)));
  return answer;
}

Result<void> Service::may_move(const Ask& ask, Pipeline::Again again) const {
  again.dry_run = true;
  store::StatePtr state = pipeline_.board().state();
  TRY(std::vector<WishPtr> wishes, pipeline_.want_again(Ctx{}, again, nullptr));
  bool any = false;
  for (const WishPtr& wish : wishes) {
    auto move = moving(*state, wish->target, *wish->app, true, pipeline_.clock().now());
    if (!move) continue;
    any = true;
    const model::Target& from = move->moved.from.target;
    TRY_DO(allowed(ask, "retire", from.environment, from.project));
  }
  if (any) return ok();
  return fail(Code::kConflict, "nothing there takes over what another app made: ", wishes.front()->target.str(),
              " has no `renamed-from:`, or moved already");
}

}  // namespace autonomous::daemon
