#include "daemon/pipeline/gates.h"

#include "daemon/pipeline/moving.h"
#include "gitops/base/digest.h"
#include "gitops/model/approval.h"
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
  if (passes_freeze(wish, state, now)) return {};
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

// A promotion waits until its source has been well for the time of `bake:`.
Blocked baking(const Wish& wish, const store::State& state, const model::Environment& environment, Time now) {
  if (!wish.promoted_from || !environment.bake) return {};
  store::ReleaseRowPtr from = state.find(*wish.promoted_from);
  if (!from || !from->outcome) return {"bake", wish.promoted_from->str() + " has no outcome yet"};
  Time until = from->outcome->time + *environment.bake;
  if (until <= now) return {};
  return {"bake", wish.promoted_from->str() + " is " + std::string(model::verdict_name(from->outcome->verdict)) +
                      " since " + format_time(from->outcome->time) + "; it may be promoted from " + format_time(until) +
                      " on"};
}

uint32_t approvals_for(const Wish& wish, const model::Environment& environment) {
  return model::approvals_needed(environment, wish.restore ? model::Intent::kRollback : model::Intent::kRelease);
}

std::string people(uint32_t count) { return std::to_string(count) + (count == 1 ? " approval" : " approvals"); }

}  // namespace

model::Responsible responsible_for(const model::Entry& proposal, const store::State& state) {
  return store::responsible_for(proposal, [&](const model::ReleaseId& id) { return state.find(id); });
}

bool passes_freeze(const Wish& wish, const store::State& state, Time now) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (wish.restore && environment != nullptr && environment->rollback.in_freeze) return true;
  store::TargetPtr target = state.find(wish.target);
  return target && target->glass_broken(now) != nullptr;
}

Consent consent_to(const Wish& wish, const store::State& state, const Bound& bound, Time now) {
  Consent out;
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr) return out;
  out.needed = approvals_for(wish, *environment);
  store::TargetPtr target = state.find(wish.target);
  const store::Proposal* open = target && target->proposal ? &*target->proposal : nullptr;
  bool of_this = open != nullptr && open->entry.intent == wish.intent &&
                 Bound{open->entry.artifact, open->entry.input_digest, open->entry.tree} == bound;
  std::vector<model::Entry> approvals = of_this ? open->approvals : std::vector<model::Entry>{};
  if (of_this) out.proposal = open->entry.id;
  model::Responsible responsible;
  if (of_this) {
    responsible = model::with_stand(*wish.view->platform, environment->approvals, responsible_for(open->entry, state),
                                    approvals, now);
  }
  for (const model::Entry& approval : approvals) {
    std::string trouble =
        model::approval_trouble(*wish.view->platform, environment->approvals, responsible, approval, now);
    bool stands = responsible.stands_for && approval.by == responsible.stands_for;
    if (!trouble.empty() && !stands) out.ignored.push_back(trouble);
  }
  for (const model::Entry& approval :
       model::counting_approvals(*wish.view->platform, environment->approvals, responsible, approvals, now)) {
    out.by.push_back(model::approved_by(approval));
  }
  if (out.by.size() >= out.needed) return out;
  out.why =
      "waits for " + people(out.needed - static_cast<uint32_t>(out.by.size())) +
      (out.by.empty() ? "" : " more (" + std::to_string(out.by.size()) + " of " + std::to_string(out.needed) + ")");
  if (responsible.stands_for)
    out.why += " beside " + responsible.stands_for->name + ", who agreed first and stands for it";
  else if (responsible.from_main && !environment->approvals.without.empty())
    out.why += ", beside that of one who stands for it";
  out.why += ": autonomous approve " + wish.target.str();
  if (!out.ignored.empty()) out.why += "; one does not count: " + out.ignored.front();
  return out;
}

std::vector<model::Target> still_doubted(const Doubt& doubt, const store::State& state) {
  std::vector<model::Target> out;
  for (const model::Target& target : doubt.vanished) {
    store::TargetPtr record = state.find(target);
    auto live = record ? record->live() : nullptr;
    bool runs = live && live->trigger != model::Trigger::kRetire;
    if (runs && !record->orphaned && !record->moved_away) out.push_back(target);
  }
  return out;
}

Result<void> never_goes(const Wish& wish, const Blocked& blocked) {
  if (blocked.gate == "ticket") return fail(Code::kInvalid, wish.target.str(), ": ", blocked.why);
  if (blocked.gate == "bad" || blocked.gate == "mapped" || blocked.gate == "gone")
    return fail(Code::kConflict, wish.target.str(), ": ", blocked.why);
  return ok();
}

bool needs_consent(const Wish& wish) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  return environment != nullptr && approvals_for(wish, *environment) > 0;
}

std::string ended_by(const store::State& state, const model::Target& target, const std::string& proposal) {
  store::TargetPtr record = state.find(target);
  if (!record || proposal.empty()) return "";
  store::Statements::Reader reader(record->said);
  for (size_t i = record->said.size(); i-- > 0;) {
    model::EntryType type = record->said.head(i).type;
    if (type != model::EntryType::kReject && type != model::EntryType::kCancel) continue;
    model::Entry entry = reader.entry(i);
    if (entry.id != proposal) continue;
    std::string text = type == model::EntryType::kReject ? "rejected by " : "cancelled by ";
    text += entry.by ? entry.by->name : "the daemon";
    return entry.because.empty() ? text : text + ": " + entry.because;
  }
  return "";
}

std::string asked_as(const Wish& wish, const store::State& state) {
  if (!state.asked.contains(wish.target)) return "";
  for (const model::Entry& ask : state.find(wish.target)->asked) {
    bool same = ask.intent == wish.intent && (!wish.intent.empty() || ask.artifact == artifact_of(wish));
    if (same) return ask.id;
  }
  return "";
}

std::string hold_text(const store::Hold& hold, Time now) {
  std::string text =
      "by " + (hold.by.name.empty() ? hold.by.how : hold.by.name) + " since " + format_age(now - hold.since);
  if (hold.until) text += ", until " + format_time(*hold.until);
  return hold.because.empty() ? text : text + ": " + hold.because;
}

Blocked blocked_by(const Wish& wish, const store::State& state, Time now) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr) return {"mapped", "platform.yaml has no environment " + wish.target.environment};
  std::optional<Moving> move =
      wish.app ? moving(state, wish.target, *wish.app, wish.moves, now) : std::optional<Moving>();
  if (auto target = state.find(wish.target)) {
    if (std::string gone = move ? "" : gone_elsewhere(*target); !gone.empty()) return {"gone", gone};
    if (Blocked hold = held(wish, *target, now)) return hold;
  }
  if (wish.doubt && !still_doubted(*wish.doubt, state).empty()) return {"vanished", wish.doubt->text};
  if (move && !move->waits.empty()) return {"move", move->waits};
  if (Blocked bake = baking(wish, state, *environment, now)) return bake;
  if (Blocked freeze = frozen(wish, state, *environment, now)) return freeze;
  if (auto violation = model::check_ticket(*environment, wish.ticket)) return {"ticket", violation->message};
  std::string artifact = artifact_of(wish);
  if (auto target = wish.restore ? state.find(wish.target) : nullptr) {
    if (store::ReleaseRowPtr goal = target->find(*wish.restore)) artifact = goal->artifact;
  }
  if (!artifact.empty() && state.is_bad(artifact))
    return {"bad", "this artifact was marked bad: " + state.bad.find(artifact)->second.because};
  return {};
}

std::string artifact_of(const Wish& wish) {
  if (!wish.artifact.empty()) return wish.artifact;
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
