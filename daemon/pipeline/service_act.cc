// The acting half of Service: what people ask for, and what hooks tell.
#include <algorithm>

#include "daemon/pipeline/entries.h"
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/service.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kLook(60'000);

FollowerPtr follower_of(ProgressPtr progress) {
  return progress ? std::make_shared<Follower>(std::move(progress)) : nullptr;
}

ActionAnswer answer_for(const std::vector<WishPtr>& wishes, const std::string& text) {
  ActionAnswer answer;
  for (const WishPtr& wish : wishes) answer.affected.push_back({wish->target.str(), 0, text});
  answer.summary = std::to_string(wishes.size()) + (wishes.size() == 1 ? " target" : " targets") + ": " + text;
  return answer;
}

// Of a release whose artifact is marked: "Jane Doe: loses orders".
std::string bad_text(const store::State& state, const store::ReleaseRow& row) {
  const store::Bad& mark = state.bad.find(row.artifact)->second;
  return (mark.by.name.empty() ? mark.by.how : mark.by.name) + (mark.because.empty() ? "" : ": " + mark.because);
}

// What the newest attempt of a target promoted; nothing where it was no promotion.
std::optional<model::ReleaseId> promoted_before(const store::TargetState* state) {
  store::ReleaseRowPtr live = state->live();
  std::string from = live ? live->promoted_from : "";
  const model::Entry* attempt = state->last_attempt();
  if (attempt != nullptr && (!live || attempt->time >= live->time)) from = attempt->origin;
  auto id = model::ReleaseId::parse(from);
  return id && id->target != state->target ? std::optional(*id) : std::nullopt;
}

// One of two things was done: it is no longer held, and nobody used anything wrongly.
Error still_resumed(const Error& error) {
  return Error(Code::kConflict, "the hold has ended, but the newest commit cannot be released: " + error.line())
      .hint("nothing holds it any more: what is pushed next goes out" +
            (error.hint().empty() ? "" : "; " + error.hint()));
}

}  // namespace

Result<Service::Known> Service::known(const std::string& text) const {
  TRY(model::Target target, model::Target::parse(text));
  store::TargetPtr state = pipeline_.board().state()->find(target);
  if (!state && !pipeline_.board().flight(target)) {
    std::vector<std::string> names;
    store::StatePtr now = pipeline_.board().state();
    for (const auto& [other, record] : now->targets) names.push_back(other.str());
    std::string near = nearest(text, names);
    Error error = fail(Code::kNotFound, "there is no target ", text);
    if (!near.empty()) return std::move(error).hint("did you mean " + near + "?");
    return error;
  }
  return Known{target, state ? state : std::make_shared<store::TargetState>()};
}

Result<Service::Known> Service::still_here(const std::string& text) const {
  TRY(Known known, this->known(text));
  std::string gone = gone_elsewhere(*known.state);
  if (!gone.empty()) return fail(Code::kConflict, gone);
  return known;
}

std::string Service::new_intent(std::string_view verb) {
  return std::string(verb) + "-" + format_time(pipeline_.clock().now()) + "-" + std::to_string(++asked_);
}

model::Entry Service::decision(model::EntryType type, const Ask& ask, const model::Target& target) const {
  model::Entry entry;
  entry.type = type;
  entry.time = pipeline_.clock().now();
  entry.target = target;
  entry.by = who(ask.who);
  entry.because = model::clean_value(ask.because);
  entry.ticket = model::clean_value(ask.ticket);
  return entry;
}

Result<ActionAnswer> Service::want(const Ctx& ctx, WishPtr wish, const Ask& ask, const std::string& text,
                                   ProgressPtr progress) {
  Blocked blocked = blocked_by(*wish, *pipeline_.board().state(), pipeline_.clock().now());
  TRY_DO(never_goes(*wish, blocked));
  ActionAnswer answer{wish->target.str() + ": " + text, {{wish->target.str(), 0, blocked ? blocked.why : text}}};
  if (ask.dry_run) return answer;
  FollowerPtr follower = follower_of(std::move(progress));
  // Nobody waits for it: it is accepted now, and must outlast us.
  if (!follower) TRY_DO(pipeline_.writer().decide(ctx, {ask_entry(*wish, pipeline_.clock().now())}));
  pipeline_.board().want(std::move(wish), follower);
  if (follower) follower->complete();
  return answer;
}

Result<ActionAnswer> Service::deploy(const Ctx& ctx, const Ask& ask, const DeployRequest& request,
                                     ProgressPtr progress) {
  if (!request.image.empty() && request.app.empty())
    return fail(Code::kInvalid, "an image is of one app: name the app too");
  TRY_DO(allowed(ask, "deploy", request.environment, request.project));
  // What was pushed a moment ago counts. A commit that is here already can be released without its source.
  auto looked = pipeline_.look_now(ctx.within(kLook), request.project);
  if (!looked && request.commit.empty())
    return std::move(looked).error().with("while looking for the newest commit of " + request.project);
  if (request.vanished) return let_vanish(ctx, ask, request);
  FollowerPtr follower = follower_of(std::move(progress));
  Pipeline::Again again;
  again.project = request.project;
  again.app = request.app;
  again.environment = request.environment;
  again.commit = request.commit;
  again.image = request.image;
  again.by = who(ask.who);
  again.because = ask.because;
  again.ticket = ask.ticket;
  again.intent = new_intent("deploy");
  again.dry_run = ask.dry_run;
  if (request.move) {
    TRY_DO(may_move(ask, again));
    again.moves = true;
  }
  auto wishes = pipeline_.want_again(ctx, again, follower);
  if (follower) follower->complete();
  if (!wishes) return std::move(wishes).error();
  return answer_for(*wishes,
                    "release of " + wishes->front()->commit().substr(0, 7) + " " + wishes->front()->source->subject);
}

Result<WishPtr> Service::promoted_again(const Known& known, const Ask& ask) {
  std::optional<model::ReleaseId> from = promoted_before(known.state.get());
  store::ReleaseRowPtr row = from ? pipeline_.board().state()->find(*from) : nullptr;
  if (!row) return fail(Code::kConflict, "the ledger has no release ", from ? from->str() : "", " to promote again");
  TRY(WishPtr planned, promotion(known.target, *from, *row, ask));
  auto wish = std::make_shared<Wish>(*planned);
  wish->trigger = model::Trigger::kRetry;
  wish->intent = new_intent("retry");
  if (auto live = known.state->live()) wish->retry_of = model::ReleaseId{known.target, live->number};
  return WishPtr(std::move(wish));
}

Result<ActionAnswer> Service::retry(const Ctx& ctx, const Ask& ask, const std::string& text, ProgressPtr progress) {
  TRY(Known known, still_here(text));
  TRY_DO(allowed(ask, "retry", known.target.environment, known.target.project));
  if (auto from = promoted_before(known.state.get())) {
    TRY(WishPtr wish, promoted_again(known, ask));
    return want(ctx, std::move(wish), ask, "another attempt with " + from->str(), std::move(progress));
  }
  FollowerPtr follower = follower_of(std::move(progress));
  Pipeline::Again again;
  again.project = known.target.project;
  again.app = known.target.app;
  again.environment = known.target.environment;
  again.trigger = model::Trigger::kRetry;
  again.by = who(ask.who);
  again.because = ask.because;
  again.ticket = ask.ticket;
  again.intent = new_intent("retry");
  again.dry_run = ask.dry_run;
  if (auto live = known.state->live()) again.retry_of = model::ReleaseId{known.target, live->number};
  auto wishes = pipeline_.want_again(ctx, again, follower);
  if (follower) follower->complete();
  if (!wishes) return std::move(wishes).error();
  return answer_for(*wishes, "another attempt with " + wishes->front()->commit().substr(0, 7));
}

Result<ActionAnswer> Service::retire(const Ctx& ctx, const Ask& ask, const std::string& text, ProgressPtr progress) {
  TRY(Known known, still_here(text));
  TRY_DO(allowed(ask, "retire", known.target.environment, known.target.project));
  auto live = known.state->live();
  if (!live) return fail(Code::kConflict, text, " was never released: there is nothing to retire");
  if (live->trigger == model::Trigger::kRetire)
    return fail(Code::kConflict, text, " is retired already, by release ", live->number);
  if (known.state->let_go())
    return fail(Code::kConflict, text, " was let go of: nothing that is released here reaches it")
        .hint("kubectl or helm take its workloads away; `autonomous eject` gives the files");
  if (!known.state->orphaned) {
    return fail(Code::kConflict, text, " is still in the project's spec: the next push would bring it back")
        .hint("take it out of autonomous.yaml and push; then retire it");
  }
  auto wish = std::make_shared<Wish>();
  wish->target = known.target;
  wish->trigger = model::Trigger::kRetire;
  wish->view = pipeline_.board().view();
  wish->by = who(ask.who);
  wish->because = ask.because;
  wish->ticket = ask.ticket;
  wish->intent = new_intent("retire");
  wish->retire = true;
  wish->past_hold = true;
  return want(ctx, std::move(wish), ask, "all its workloads are taken away", std::move(progress));
}

Result<ActionAnswer> Service::rollback(const Ctx& ctx, const Ask& ask, const std::string& text, uint32_t to,
                                       ProgressPtr progress) {
  TRY(Known known, still_here(text));
  TRY_DO(allowed(ask, "rollback", known.target.environment, known.target.project));
  auto live = known.state->live();
  if (!live) return fail(Code::kConflict, text, " was never released: there is nothing to go back to");
  store::StatePtr state = pipeline_.board().state();
  store::ReleaseRowPtr newest = known.state->last_good(live->number);
  store::ReleaseRowPtr goal = to != 0 ? known.state->find(to) : known.state->last_good(live->number, true, state.get());
  // What it was before it moved was made for another name: those files would say so.
  if (const auto& moved = known.state->moved; !goal && moved && to <= moved->from.number) {
    return fail(Code::kConflict, text, " goes on after ", moved->from.str(), ", and ",
                to != 0 ? "release " + std::to_string(to) + " is of that"
                        : "has no release of its own that worked before this one")
        .hint("release a commit that has what you want under its new name; or move it back (" + moved->from.target.app +
              ": {renamed-from: " + known.target.app + "}), and then: autonomous rollback " + moved->from.target.str() +
              " --to " + std::to_string(to != 0 ? to : moved->from.number));
  }
  if (!goal && newest)
    return fail(Code::kConflict, text,
                " has no earlier release that worked but those that were marked bad, as release ", newest->number,
                " by ", bad_text(*state, *newest))
        .hint("`autonomous unmark " + text + "/" + std::to_string(newest->number) + "` takes the mark back");
  if (!goal)
    return fail(Code::kNotFound, text,
                to != 0 ? " has no release " + std::to_string(to) : std::string(" has no earlier release that worked"))
        .hint("`autonomous releases " + text + "` lists them");
  if (state->is_bad(goal->artifact))
    return fail(Code::kConflict, "release ", to, " of ", text, " was marked bad by ", bad_text(*state, *goal))
        .hint("`autonomous rollback " + text + "` goes to the newest that was not; `autonomous unmark " + text + "/" +
              std::to_string(to) + "` takes the mark back");
  if (goal->target_tree == live->target_tree)
    return fail(Code::kConflict, text, " is what release ", goal->number, " made it already");
  auto wish = std::make_shared<Wish>();
  wish->target = known.target;
  wish->trigger = model::Trigger::kRollback;
  wish->view = pipeline_.board().view();
  wish->by = who(ask.who);
  wish->because = ask.because;
  wish->ticket = ask.ticket;
  wish->intent = new_intent("rollback");
  wish->restore = goal->number;
  wish->past_hold = true;
  wish->decision = decision(model::EntryType::kHold, ask, known.target);
  if (wish->decision->because.empty())
    wish->decision->because = "rolled back to release " + std::to_string(goal->number);
  std::string says = "goes back to release " + std::to_string(goal->number);
  if (to == 0 && newest->number != goal->number)
    says +=
        " (not to " + std::to_string(newest->number) + ", which was marked bad by " + bad_text(*state, *newest) + ")";
  return want(ctx, std::move(wish), ask, says + ", and is held there until `autonomous resume`", std::move(progress));
}

Result<ActionAnswer> Service::hold(const Ctx& ctx, const Ask& ask, const std::string& text, std::optional<Time> until) {
  TRY(Known known, still_here(text));
  TRY_DO(allowed(ask, "hold", known.target.environment, known.target.project));
  if (until && *until <= pipeline_.clock().now())
    return fail(Code::kInvalid, "the hold would end in the past: ", format_time(*until));
  auto live = known.state->live();
  std::string says = "held behind " + std::to_string(live ? live->number : 0);
  if (until) says += " until " + format_time(*until);
  if (!ask.dry_run) {
    model::Entry entry = decision(model::EntryType::kHold, ask, known.target);
    entry.until = until;
    if (live) {
      entry.number = live->number;
      entry.artifact = live->artifact;
    }
    TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  }
  return ActionAnswer{known.target.str() + ": " + says, {{known.target.str(), live ? live->number : 0, says}}};
}

Result<ActionAnswer> Service::resume(const Ctx& ctx, const Ask& ask, const std::string& text, const std::string& choice,
                                     ProgressPtr progress) {
  TRY(Known known, this->known(text));
  TRY_DO(allowed(ask, "resume", known.target.environment, known.target.project));
  Time now = pipeline_.clock().now();
  if (known.state->hold_in_force(now) == nullptr && !known.state->drift)
    return fail(Code::kConflict, text, " is not held");
  if (choice != "" && choice != "keep" && choice != "replace")
    return fail(Code::kInvalid, "resume with --keep or --replace, not '", choice, "'");
  if (known.state->drift && choice.empty()) {
    return fail(Code::kConflict, text, " was changed on deploy past the platform")
        .hint("--replace brings back what was released; --keep leaves the change until the next release");
  }
  PlatformPtr view = pipeline_.board().view();
  const model::Environment* environment =
      view ? model::find_environment(*view->platform, known.target.environment) : nullptr;
  bool promoted = environment != nullptr && environment->from.kind == model::Feed::Kind::kEnvironment;
  bool replaces = known.state->drift && choice == "replace";
  bool keep = choice == "keep";
  std::optional<Flight> waiting = pipeline_.board().flight(known.target);
  bool queued = waiting && waiting->release.phase == model::Phase::kQueued && !waiting->under_review;
  if (keep && known.state->drift && queued) {
    return fail(Code::kConflict, waiting->wish->commit().substr(0, 7),
                " waits behind the hold, and would replace the change on deploy at once")
        .hint("autonomous cancel " + known.target.str() + " takes it back first; --replace lets it go out");
  }
  std::string then = promoted && replaces ? "what was released replaces the change"
                     : promoted           ? "no longer held; what is promoted goes out: autonomous promote " + text
                     : keep               ? "no longer held; the next push is released"
                                          : "the newest commit goes out";
  ActionAnswer answer{known.target.str() + (promoted ? ": takes promotions again" : ": follows its source again"),
                      {{known.target.str(), 0, then}}};
  if (ask.dry_run) return answer;
  // What waits is wanted again under this wish: its key may have been released before, behind the rollback. It is taken
  // off first, because it would run as soon as the hold ends.
  // A promotion, and what people are reviewing, go on by themselves.
  bool own_way = waiting && (waiting->wish->promoted_from || waiting->under_review);
  if (own_way || promoted) keep = true;
  WishPtr again_promoted;  // before anything is decided: it may not be possible
  if (promoted && replaces && !queued) {
    TRY(again_promoted, promoted_again(known, ask));
  }
  if (!keep) pipeline_.board().cancel_pending(known.target, "resumed");
  auto decided = pipeline_.writer().decide(ctx, {decision(model::EntryType::kResume, ask, known.target)});
  if (!decided) {
    if (!keep && waiting && waiting->release.phase == model::Phase::kQueued)
      pipeline_.board().want(waiting->wish, nullptr);
    return decided.error();
  }
  if (again_promoted) {
    auto wanted = want(ctx, std::move(again_promoted), ask, then, std::move(progress));
    return wanted ? std::move(wanted) : still_resumed(wanted.error());
  }
  FollowerPtr follower = follower_of(std::move(progress));
  if (!keep) {
    Pipeline::Again again;
    again.project = known.target.project;
    again.app = known.target.app;
    again.environment = known.target.environment;
    again.trigger = model::Trigger::kRequest;
    again.by = who(ask.who);
    again.because = ask.because;
    again.ticket = ask.ticket;
    again.intent = new_intent("resume");
    if (waiting && waiting->wish->source) {
      again.supersedes = waiting->wish->supersedes;
      again.supersedes.push_back(waiting->wish->commit());
    }
    auto wishes = pipeline_.want_again(ctx, again, follower);
    if (!wishes && wishes.error().code() != Code::kNotFound) {
      if (follower) follower->complete();
      return still_resumed(wishes.error());
    }
  }
  if (follower) follower->complete();
  return answer;
}

Result<ActionAnswer> Service::keep(const Ctx& ctx) {
  std::vector<model::Entry> asks;
  for (const Flight& flight : pipeline_.board().unwritten())
    asks.push_back(ask_entry(*flight.wish, pipeline_.clock().now()));
  ActionAnswer answer{asks.empty()
                          ? "nothing is open that the ledger does not know"
                          : std::to_string(asks.size()) + " written down: done whatever happens to this daemon",
                      {}};
  for (const model::Entry& ask : asks) answer.affected.push_back({ask.target->str(), 0, "asked for"});
  if (!asks.empty()) TRY_DO(pipeline_.writer().decide(ctx, std::move(asks)));
  return answer;
}

// ---- hooks of the built-in hosting

namespace {

// A git that died in the middle of a push would otherwise be in the way of every later one.
void remove_dead_locks(const std::string& repository) {
  for (const std::string& lock : git::remove_stale_locks(repository, Millis(10'000)))
    log(Level::kWarning, "removed the lock of a process that is gone", {{"lock", lock}});
}

}  // namespace

Result<void> Service::check_source_push(const Ctx&, const Push& push) {
  TRY_DO(model::check_name("project", push.project, model::kMaxProject));
  remove_dead_locks(hosted_repository(push.project));
  PlatformPtr view = pipeline_.board().view();
  if (!view)
    return fail(Code::kUnavailable, "the GitOps repository was not read yet; push again in a moment").may_retry();
  auto bound = view->platform->projects.find(push.project);
  if (bound != view->platform->projects.end() && !bound->second.source.empty()) {
    return fail(Code::kDenied, "the project ", push.project, " lives at ",
                git::url_without_credentials(bound->second.source), ": push there");
  }
  return ok();
}

std::string Service::hosted_repository(const std::string& project) const {
  return pipeline_.options().sources.repositories + "/" + project + ".git";
}

void Service::source_pushed(const Push& push, const std::string&, ProgressPtr progress) {
  pipeline_.source_pushed(push, follower_of(std::move(progress)));
}

Result<void> Service::check_gitops_push(const Ctx&, const Push& push) {
  if (options_.hosted) remove_dead_locks(options_.gitops);
  for (const RefUpdate& update : push.updates) {
    bool deleted = update.new_oid.find_first_not_of('0') == std::string::npos;
    if (starts_with(update.ref, "refs/heads/autonomous/"))
      return fail(Code::kDenied, update.ref, " is the ledger: only the daemon writes it");
    if (starts_with(update.ref, "refs/tags/release/"))
      return fail(Code::kDenied, update.ref, ": release tags are made by the daemon and never change");
    bool ours = update.ref == "refs/heads/main" || update.ref == "refs/heads/" + options_.branch;
    if (ours && deleted) return fail(Code::kDenied, update.ref, " is part of the record and stays");
  }
  return ok();
}

void Service::gitops_pushed(const Push&, ProgressPtr progress) { pipeline_.writer().follow_sync(std::move(progress)); }

}  // namespace autonomous::daemon
