// Going back to an earlier release.
#include "daemon/pipeline/service.h"

namespace autonomous::daemon {

namespace {

// Of a release whose artifact is marked: "Jane Doe: loses orders".
std::string bad_text(const store::State& state, const store::ReleaseRow& row) {
  const store::Bad& mark = state.bad.find(row.artifact)->second;
  return (mark.by.name.empty() ? mark.by.how : mark.by.name) + (mark.because.empty() ? "" : ": " + mark.because);
}

// The release that `text` goes back to; to: 0: the newest before its live one that worked and is not marked bad.
Result<store::ReleaseRowPtr> goal_of(const std::string& text, const store::TargetState& target, uint32_t to,
                                     const store::State& state) {
  store::ReleaseRowPtr newest = target.last_good(target.live()->number);
  store::ReleaseRowPtr goal = to != 0 ? target.find(to) : target.last_good(target.live()->number, true, &state);
  // What it was before it moved was made for another name: those files would say so.
  if (const auto& moved = target.moved; !goal && moved && to <= moved->from.number) {
    return fail(Code::kConflict, text, " goes on after ", moved->from.str(), ", and ",
                to != 0 ? "release " + std::to_string(to) + " is of that"
                        : "has no release of its own that worked before this one")
        .hint("release a commit that has what you want under its new name; or move it back (" + moved->from.target.app +
              ": {renamed-from: " + target.target.app + "}), and then: autonomous rollback " +
              moved->from.target.str() + " --to " + std::to_string(to != 0 ? to : moved->from.number));
  }
  if (!goal && newest)
    return fail(Code::kConflict, text,
                " has no earlier release that worked but those that were marked bad, as release ", newest->number,
                " by ", bad_text(state, *newest))
        .hint("`autonomous unmark " + text + "/" + std::to_string(newest->number) + "` takes the mark back");
  if (!goal)
    return fail(Code::kNotFound, text,
                to != 0 ? " has no release " + std::to_string(to) : std::string(" has no earlier release that worked"))
        .hint("`autonomous releases " + text + "` lists them");
  if (state.is_bad(goal->artifact))
    return fail(Code::kConflict, "release ", to, " of ", text, " was marked bad by ", bad_text(state, *goal))
        .hint("`autonomous rollback " + text + "` goes to the newest that was not; `autonomous unmark " + text + "/" +
              std::to_string(to) + "` takes the mark back");
  return goal;
}

}  // namespace

Result<ActionAnswer> Service::rollback(const Ctx& ctx, const Ask& ask, const std::string& text, uint32_t to,
                                       ProgressPtr progress) {
  TRY(Known known, still_here(text));
  TRY_DO(allowed(ask, "rollback", known.target.environment, known.target.project));
  auto live = known.state->live();
  if (!live) return fail(Code::kConflict, text, " was never released: there is nothing to go back to");
  store::StatePtr state = pipeline_.board().state();
  TRY(store::ReleaseRowPtr goal, goal_of(text, *known.state, to, *state));
  if (goal->target_tree == live->target_tree)
    return fail(Code::kConflict, text, " is what release ", goal->number, " made it already");
  auto wish = wish_for(known.target, model::Trigger::kRollback, ask, "rollback");
  wish->restore = goal->number;
  wish->past_hold = true;
  wish->decision = decision(model::EntryType::kHold, ask, known.target);
  if (wish->decision->because.empty())
    wish->decision->because = "rolled back to release " + std::to_string(goal->number);
  std::string says = "goes back to release " + std::to_string(goal->number);
  if (auto newest = known.state->last_good(live->number); to == 0 && newest->number != goal->number)
    says +=
        " (not to " + std::to_string(newest->number) + ", which was marked bad by " + bad_text(*state, *newest) + ")";
  return want(ctx, std::move(wish), ask, says + ", and is held there until `autonomous resume`", std::move(progress));
}

}  // namespace autonomous::daemon
