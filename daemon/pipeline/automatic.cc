#include "daemon/pipeline/automatic.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// Something newer is on its way, and nothing holds it up.
bool fix_is_coming(const Flight& failed, const std::vector<Flight>& lane) {
  return std::any_of(lane.begin(), lane.end(), [&](const Flight& other) {
    bool under_way = other.release.phase != model::Phase::kDone && other.release.phase != model::Phase::kVerifying;
    return other.id > failed.id && under_way && other.release.blocked.empty();
  });
}

// The newest release before `number` that was seen to be healthy and isn't bad.

}  // namespace

Automatic after_failure(const Flight& failed, const std::vector<Flight>& lane, const PlatformPtr& view,
                        const store::State& state, const model::Who& daemon, Time now) {
  Automatic out;
  const model::Release& release = failed.release;
  if (release.outcome != model::Outcome::kFailed || release.number == 0 || !view) return out;
  const model::Environment* environment = model::find_environment(*view->platform, release.target.environment);
  store::TargetPtr target = state.find(release.target);
  store::ReleaseRowPtr row = target ? target->find(release.number) : nullptr;
  if (environment == nullptr || !environment->rollback.automatic || !row) return out;
  std::string number = std::to_string(release.number);
  if (!release.artifact_failed) {
    out.why = "release " + number + " is not rolled back by itself: the infrastructure may be to blame";
    return out;
  }
  std::string because = shorten(one_line("release " + number + " failed: " + release.reason), 300);
  bool restores = row->trigger == model::Trigger::kRollback;
  // What was healthy here under another configuration is not the artifact's fault.
  bool was_well = std::any_of(target->releases.begin(), target->releases.end(), [&](const auto& other) {
    return other->artifact == row->artifact && other->outcome && other->outcome->verdict == model::Verdict::kHealthy;
  });
  if (!restores && !was_well && !row->artifact.empty() && !state.is_bad(row->artifact)) {
    model::Entry mark;
    mark.type = model::EntryType::kMarkBad;
    mark.time = now;
    mark.target = release.target;
    mark.number = release.number;
    mark.artifact = row->artifact;
    mark.origin = model::ReleaseId{release.target, release.number}.str();
    mark.by = daemon;
    mark.because = model::clean_value(because);
    out.mark = std::move(mark);
  }
  store::ReleaseRowPtr goal = target->last_good(release.number, false, &state);
  if (target->live() != row) out.why = "release " + number + " is not rolled back: a newer one came first";
  else if (restores) out.why = "release " + number + " is a rollback itself: it is left as it is";
  else if (fix_is_coming(failed, lane))
    out.why = "release " + number + " is not rolled back: a newer commit is on its way";
  else if (!goal) out.why = "release " + number + " cannot be rolled back: none before it was healthy";
  else if (goal->target_tree == row->target_tree)
    out.why = "release " + number + " is not rolled back: release " + std::to_string(goal->number) + " was the same";
  if (!out.why.empty()) return out;
  auto wish = std::make_shared<Wish>();
  wish->target = release.target;
  wish->trigger = model::Trigger::kRollback;
  wish->view = view;
  wish->by = daemon;
  wish->because = because;
  wish->intent = std::string(kAutomatic) + number;  // once for each release that failed, whoever finds it out again
  wish->restore = goal->number;
  out.wish = wish;
  out.why = "goes back to release " + std::to_string(goal->number) + " by itself: " + because;
  return out;
}

}  // namespace autonomous::daemon
