#include "daemon/pipeline/gates.h"

#include "gitops/base/digest.h"
#include "gitops/model/policy.h"

namespace autonomous::daemon {

namespace {

Blocked held(const Wish& wish, const store::TargetState& target, Time now) {
  const store::Hold* hold = target.hold_in_force(now);
  if (hold == nullptr || wish.past_hold) return {};
  auto live = target.live();
  return {"hold", "held behind " + std::to_string(live ? live->number : 0) + " " + hold_text(*hold, now)};
}

Blocked frozen(const Wish& wish, const store::State& state, const model::Environment& environment, Time now) {
  bool rollback = wish.restore.has_value();
  if (rollback && environment.rollback.in_freeze) return {};
  for (const std::string& scope : {environment.name, wish.target.str()}) {
    auto freeze = state.freezes.find(scope);
    if (freeze == state.freezes.end()) continue;
    if (freeze->second.until && *freeze->second.until <= now) continue;
    return {"freeze", scope + " is frozen by " + freeze->second.by.name +
                          (freeze->second.because.empty() ? "" : ": " + freeze->second.because)};
  }
  auto window = model::frozen(environment, now);
  if (!window) return {"freeze", window.error().line()};
  if (!*window) return {};
  return {"freeze", "the freeze window " + (*window)->text + " lasts until " + format_time((*window)->until)};
}

}  // namespace

std::string hold_text(const store::Hold& hold, Time now) {
  std::string text =
      "by " + (hold.by.name.empty() ? hold.by.how : hold.by.name) + " since " + format_age(now - hold.since);
  if (hold.until) text += ", until " + format_time(*hold.until);
  return hold.because.empty() ? text : text + ": " + hold.because;
}

Blocked blocked_by(const Wish& wish, const store::State& state, Time now) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr) return {"mapped", "platform.yaml has no environment " + wish.target.environment};
  if (auto target = state.find(wish.target)) {
    if (Blocked hold = held(wish, *target, now)) return hold;
  }
  if (Blocked freeze = frozen(wish, state, *environment, now)) return freeze;
  uint32_t needed =
      model::approvals_needed(*environment, wish.restore ? model::Intent::kRollback : model::Intent::kRelease);
  if (needed > 0)
    return {"approval", "waits for " + std::to_string(needed) + (needed == 1 ? " approval" : " approvals")};
  if (auto violation = model::check_ticket(*environment, wish.ticket)) return {"ticket", violation->message};
  std::string artifact = artifact_of(wish);
  if (!artifact.empty() && state.is_bad(artifact))
    return {"bad", "this artifact was marked bad: " + state.bad.find(artifact)->second.because};
  return {};
}

std::string artifact_of(const Wish& wish) {
  if (!wish.source) return "";
  Sha256 digest;
  digest.add_field("artifact/1")
      .add_field(wish.target.project)
      .add_field(wish.target.app)
      .add_field(wish.source->id)
      .add_field(wish.image);
  return "sha256:" + digest.finish_hex();
}

}  // namespace autonomous::daemon
