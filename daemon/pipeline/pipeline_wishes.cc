// Wishes that somebody asked for, or that the ledger has: a commit is planned for them, whatever was seen before.
#include <algorithm>

#include "daemon/pipeline/entries.h"
#include "daemon/pipeline/pipeline.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {

Result<std::vector<WishPtr>> Pipeline::want_again(const Ctx& ctx, const Again& again, const FollowerPtr& follower) {
  PlatformPtr view = board_.view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  std::vector<WishPtr> wishes;
  std::vector<Error> errors;
  bool branch_found = false;
  for (const BranchView& branch : branches()) {
    if (branch.source.project != again.project || branch.gone) continue;
    TRY(git::Repository repository, git::Repository::open(branch.source.path));
    PlanInput input;
    input.source = branch.source;
    input.branch = branch.branch;
    input.default_branch = branch.is_default ? branch.branch : "";
    input.commit = branch.head;
    if (!again.commit.empty()) {
      TRY_WITH(input.commit, "while looking for the source commit " + again.commit,
               repository.find_prefix(again.commit));
      auto within = repository.is_ancestor(input.commit, branch.head);
      if (!within || !*within) continue;
    }
    branch_found = true;
    input.view = view;
    input.state = std::make_shared<store::State>();  // nothing was seen before: everything is wanted
    input.by = again.by;
    input.max_apps = options_.apps;
    Plan planned = plan(repository, input);
    errors.insert(errors.end(), planned.errors.begin(), planned.errors.end());
    for (const WishPtr& wish : planned.wishes) {
      if (!again.app.empty() && wish->target.app != again.app) continue;
      if (!again.environment.empty() && wish->target.environment != again.environment) continue;
      auto asked = std::make_shared<Wish>(*wish);
      asked->trigger = again.trigger;
      asked->because = again.because;
      asked->ticket = again.ticket;
      asked->intent = again.intent;
      asked->past_hold = again.past_hold;
      asked->decision = again.decision;
      asked->image = again.image;
      asked->moves = again.moves;
      asked->retry_of = again.retry_of;
      for (const std::string& commit : again.supersedes) {
        if (commit != asked->commit()) asked->supersedes.push_back(commit);
      }
      wishes.push_back(std::move(asked));
    }
  }
  if (!errors.empty() && wishes.empty()) return model::merge_errors(errors);
  if (!branch_found)
    return fail(Code::kNotFound, again.commit.empty()
                                     ? "the project " + again.project + " has no branch here"
                                     : "no branch of " + again.project + " has the commit " + again.commit);
  if (wishes.empty())
    return fail(Code::kNotFound, "nothing of ", again.project, again.app.empty() ? "" : "/" + again.app, " is released",
                again.environment.empty() ? "" : " to " + again.environment);
  for (const WishPtr& wish : wishes) TRY_DO(never_goes(*wish, blocked_by(*wish, *board_.state(), clock_.now())));
  if (again.dry_run) return wishes;
  if (!follower) {
    // Nobody waits for it: it is accepted now, and must outlast us.
    std::vector<model::Entry> asks;
    for (const WishPtr& wish : wishes) asks.push_back(ask_entry(*wish, clock_.now()));
    TRY_DO(writer_->decide(ctx, std::move(asks)));
  }
  for (const WishPtr& wish : wishes) board_.want(wish, follower);
  return wishes;
}

Result<WishPtr> Pipeline::plan_target(const model::Target& target, const std::string& commit,
                                      const PlatformPtr& view) const {
  std::vector<SourceRepository> sources = sources_.list(*view->platform);
  auto source = std::find_if(sources.begin(), sources.end(),
                             [&](const SourceRepository& candidate) { return candidate.project == target.project; });
  if (source == sources.end()) return fail(Code::kNotFound, "platform.yaml has no project ", target.project);
  TRY(git::Repository repository, git::Repository::open(source->path));
  PlanInput input;
  input.source = *source;
  input.view = view;
  input.state = std::make_shared<store::State>();  // nothing was seen before: it is wanted
  input.environment = target.environment;
  for (const BranchView& branch : branches()) {
    if (branch.source.project == target.project && (input.branch.empty() || branch.is_default))
      input.branch = branch.branch;
  }
  TRY(input.commit, git::Oid::parse(commit));
  Plan planned = plan(repository, input);
  for (const WishPtr& wish : planned.wishes) {
    if (wish->target == target) return wish;
  }
  if (!planned.errors.empty()) return model::merge_errors(planned.errors);
  return fail(Code::kNotFound, "the commit ", commit.substr(0, 7), " of ", target.project, " has no app ", target.app,
              " for ", target.environment);
}

Result<std::vector<WishPtr>> Pipeline::plan_everywhere(const std::string& project, const std::string& commit,
                                                       const PlatformPtr& view) const {
  std::vector<SourceRepository> sources = sources_.list(*view->platform);
  auto source = std::find_if(sources.begin(), sources.end(),
                             [&](const SourceRepository& candidate) { return candidate.project == project; });
  if (source == sources.end()) return fail(Code::kNotFound, "there is no project ", project);
  TRY(git::Repository repository, git::Repository::open(source->path));
  PlanInput input;
  input.source = *source;
  input.view = view;
  input.state = std::make_shared<store::State>();
  TRY(input.commit, repository.find_prefix(commit));
  std::vector<WishPtr> out;
  std::vector<Error> errors;
  auto bound = view->platform->projects.find(project);
  for (const auto& [name, environment] : view->platform->environments) {
    bool goes_there = environment.from.kind != model::Feed::Kind::kNothing;
    if (bound != view->platform->projects.end() && !bound->second.environments.empty()) {
      const std::vector<std::string>& own = bound->second.environments;
      goes_there = goes_there && std::find(own.begin(), own.end(), name) != own.end();
    }
    if (!goes_there) continue;
    input.environment = name;
    Plan planned = plan(repository, input);
    out.insert(out.end(), planned.wishes.begin(), planned.wishes.end());
    errors.insert(errors.end(), planned.errors.begin(), planned.errors.end());
  }
  if (out.empty() && !errors.empty()) return model::merge_errors(errors);
  return out;
}

Result<WishPtr> Pipeline::wish_of(const model::Entry& proposal, const PlatformPtr& view) const {
  auto wish = std::make_shared<Wish>();
  std::optional<model::ReleaseId> origin;
  if (!proposal.origin.empty()) {
    TRY(origin, model::ReleaseId::parse(proposal.origin));
  }
  model::Trigger trigger = proposal.trigger.value_or(model::Trigger::kRequest);
  if (proposal.source && trigger != model::Trigger::kRollback && trigger != model::Trigger::kRetire) {
    TRY(WishPtr planned, plan_target(*proposal.target, proposal.source->commit, view));
    *wish = *planned;
    auto source = std::make_shared<SourceCommit>(*planned->source);
    source->ref = proposal.source->ref;
    source->repository.url = proposal.source->url;
    wish->source = std::move(source);
  }
  wish->target = *proposal.target;
  wish->trigger = trigger;
  wish->view = view;
  wish->by = proposal.by.value_or(model::Who{});
  wish->because = proposal.because;
  wish->ticket = proposal.ticket;
  wish->intent = proposal.intent;
  wish->image = proposal.image;
  wish->retire = trigger == model::Trigger::kRetire;
  wish->past_hold = wish->retire || trigger == model::Trigger::kRollback;
  wish->moves = proposal.scope == kMoves;
  wish->proposed = proposal.type == model::EntryType::kPropose;
  if (!origin) return WishPtr(std::move(wish));
  if (trigger == model::Trigger::kRollback) {
    wish->restore = origin->number;
    if (is_automatic(*wish)) return WishPtr(std::move(wish));  // without a hold, so that a fix goes forward
    wish->decision = model::Entry{};
    wish->decision->type = model::EntryType::kHold;
    wish->decision->time = clock_.now();
    wish->decision->target = wish->target;
    wish->decision->by = wish->by;
    wish->decision->because =
        wish->because.empty() ? "rolled back to release " + std::to_string(origin->number) : wish->because;
    wish->decision->ticket = wish->ticket;
  } else if (origin->target == wish->target) {
    wish->retry_of = *origin;
  } else {
    store::ReleaseRowPtr row = board_.state()->find(*origin);
    if (!row) return fail(Code::kNotFound, "there is no release ", origin->str(), " to promote");
    wish->promoted_from = *origin;
    wish->artifact = row->artifact;
    for (const model::ImageFact& image : row->images) wish->images[image.name] = image.reference;
  }
  return WishPtr(std::move(wish));
}

// What a daemon before us was asked for, or proposed, waits in the ledger: it goes on, ahead of what was pushed since.
// Without a source: what needs none.
void Pipeline::revive(const SourceRepository* source) {
  store::StatePtr state = board_.state();
  auto ours = [&](const model::Target& target, const model::Entry& waits) {
    bool needs_none = waits.trigger == model::Trigger::kRollback || waits.trigger == model::Trigger::kRetire;
    return source != nullptr ? target.project == source->project : needs_none;
  };
  for (const model::Target& target : state->proposals) {
    store::TargetPtr record = state->find(target);
    if (record && record->proposal && ours(target, record->proposal->entry)) revive(record->proposal->entry);
  }
  for (const model::Target& target : state->asked) {
    store::TargetPtr record = state->find(target);
    if (!record) continue;
    for (const model::Entry& ask : record->asked) {
      if (ours(target, ask)) revive(ask);
    }
  }
}

void Pipeline::revive(const model::Entry& waits) {
  std::vector<Flight> flights = board_.flights(*waits.target);
  bool known =
      std::any_of(flights.begin(), flights.end(), [&](const Flight& flight) { return is_about(waits, *flight.wish); });
  if (known) return;
  auto wish = wish_of(waits, board_.view());
  if (wish) {
    board_.want(*wish, nullptr);
  } else {
    log(Level::kWarning, "what was asked for cannot be made again; reject or cancel it, or wait for its source",
        {{"target", waits.target->str()}, {"id", waits.id}, {"error", wish.error().line()}});
  }
}

// main moved since the app's configuration was put together.
Result<WishPtr> Pipeline::planned_anew(const Wish& wish) const {
  TRY(git::Repository repository, git::Repository::open(wish.source->repository.path));
  PlanInput input;
  input.source = wish.source->repository;
  input.branch = wish.source->ref.substr(std::string_view("refs/heads/").size());
  {
    std::lock_guard lock(mutex_);
    auto known = branches_.find({input.source.project, input.branch});
    if (known != branches_.end() && known->second.is_default) input.default_branch = input.branch;
  }
  TRY(input.commit, git::Oid::parse(wish.source->id));
  input.view = wish.view;
  input.state = std::make_shared<store::State>();
  input.by = wish.by;
  if (wish.promoted_from) input.environment = wish.target.environment;
  input.max_apps = options_.apps;
  Plan planned = plan(repository, input);
  for (const WishPtr& fresh : planned.wishes) {
    if (fresh->target != wish.target) continue;
    auto renewed = std::make_shared<Wish>(wish);
    renewed->app = fresh->app;
    renewed->neighbours = fresh->neighbours;
    renewed->spec_text = fresh->spec_text;
    renewed->app_at = git::Oid();
    return WishPtr(std::move(renewed));
  }
  if (!planned.errors.empty()) return model::merge_errors(planned.errors);
  return fail(Code::kConflict, wish.target.str(), " is no longer fed from ", input.branch, ", as main says now");
}

}  // namespace autonomous::daemon
