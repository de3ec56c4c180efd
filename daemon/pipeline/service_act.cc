// The acting part of Service: a target is released, once more or for the last time.
#include "daemon/pipeline/entries.h"
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/service.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kLook(60'000);

ActionAnswer answer_for(const std::vector<WishPtr>& wishes, const std::string& text) {
  ActionAnswer answer;
  for (const WishPtr& wish : wishes) answer.affected.push_back({wish->target.str(), 0, text});
  answer.summary = std::to_string(wishes.size()) + (wishes.size() == 1 ? " target" : " targets") + ": " + text;
  return answer;
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

}  // namespace

FollowerPtr follower_of(ProgressPtr progress) {
  return progress ? std::make_shared<Follower>(std::move(progress)) : nullptr;
}

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

Pipeline::Again Service::again_for(const model::Target& target, const Ask& ask, std::string_view verb) {
  Pipeline::Again again;
  again.environment = target.environment;
  again.project = target.project;
  again.app = target.app;
  again.by = who(ask.who);
  again.because = ask.because;
  again.ticket = ask.ticket;
  again.intent = new_intent(verb);
  again.dry_run = ask.dry_run;
  return again;
}

std::shared_ptr<Wish> Service::wish_for(const model::Target& target, model::Trigger trigger, const Ask& ask,
                                        std::string_view verb) {
  auto wish = std::make_shared<Wish>();
  wish->target = target;
  wish->trigger = trigger;
  wish->view = pipeline_.board().view();
  wish->by = who(ask.who);
  wish->because = ask.because;
  wish->ticket = ask.ticket;
  wish->intent = new_intent(verb);
  return wish;
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
  Pipeline::Again again = again_for({request.environment, request.project, request.app}, ask, "deploy");
  again.commit = request.commit;
  again.image = request.image;
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
  Pipeline::Again again = again_for(known.target, ask, "retry");
  again.trigger = model::Trigger::kRetry;
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
  auto wish = wish_for(known.target, model::Trigger::kRetire, ask, "retire");
  wish->retire = true;
  wish->past_hold = true;
  return want(ctx, std::move(wish), ask, "all its workloads are taken away", std::move(progress));
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

}  // namespace autonomous::daemon
