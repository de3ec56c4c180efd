// Holding a target, going back and being held there, and following the source again.
#include "daemon/pipeline/service.h"

namespace autonomous::daemon {

namespace {

// One of two things was done: it is no longer held, and nobody used anything wrongly.
Error still_resumed(const Error& error) {
  return Error(Code::kConflict, "the hold has ended, but the newest commit cannot be released: " + error.line())
      .hint("nothing holds it any more: what is pushed next goes out" +
            (error.hint().empty() ? "" : "; " + error.hint()));
}

}  // namespace

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
    Pipeline::Again again = again_for(known.target, ask, "resume");
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

}  // namespace autonomous::daemon
