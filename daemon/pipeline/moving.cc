#include "daemon/pipeline/moving.h"

#include "daemon/pipeline/gates.h"

namespace autonomous::daemon {

namespace {

bool runs(const store::TargetState& target) {
  auto live = target.live();
  return live && live->trigger != model::Trigger::kRetire;
}

// A target goes on after another one with its first release, or comes back to where it was before.
bool may_take_over(const store::TargetState* target) {
  return target == nullptr || target->releases.empty() || target->moved_away;
}

std::string waits_for(const store::TargetState& from, const model::Target& target, bool consent, Time now) {
  const std::string name = from.target.str();
  if (from.moved_away) return name + " became " + from.moved_away->to.str() + " already: take renamed-from: out";
  if (const store::Hold* hold = from.hold_in_force(now))
    return "takes over " + name + ", which is held " + hold_text(*hold, now);
  if (from.target.project == target.project) return "";
  if (!from.orphaned)
    return "takes over " + name + " once it is gone from the spec of " + from.target.project +
           ": until then it would run twice";
  if (!consent)
    return "takes over " + name + " once somebody who may retire that says so: autonomous deploy " + target.str() +
           " --move";
  return "";
}

}  // namespace

std::optional<model::Target> renamed_from(const model::Target& target, const model::App& app) {
  if (app.renamed_from.empty()) return std::nullopt;
  bool elsewhere = app.renamed_from.find('/') != std::string::npos;
  auto from =
      model::Target::parse(target.environment + "/" + (elsewhere ? "" : target.project + "/") + app.renamed_from);
  return from && *from != target ? std::optional(*std::move(from)) : std::nullopt;
}

std::optional<Moving> moving(const store::State& state, const model::Target& target, const model::App& app,
                             bool consent, Time now) {
  auto from = renamed_from(target, app);
  if (!from) return std::nullopt;
  store::TargetPtr record = state.find(target), other = state.find(*from);
  if (!may_take_over(record.get()) || !other || !runs(*other)) return std::nullopt;
  if (other->moved_away && other->moved_away->to == target) return std::nullopt;
  Moving out{{{*from, other->last_number}, other->moved ? other->moved->names : *from, {}},
             waits_for(*other, target, consent, now)};
  return out;
}

model::Target names_of(const store::State& state, const model::Target& target, const model::App* app) {
  if (app != nullptr) {
    if (auto move = moving(state, target, *app, true, Time{})) return move->moved.names;
  }
  store::TargetPtr record = state.find(target);
  return record && record->moved ? record->moved->names : target;
}

std::shared_ptr<const model::App> named(std::shared_ptr<const model::App> app, const model::Target& names) {
  if (!app || (app->name == names.app && app->project == names.project)) return app;
  auto out = std::make_shared<model::App>(*app);
  out->known_as = app->name;
  out->name = names.app;
  out->project = names.project;
  return out;
}

std::string gone_elsewhere(const store::TargetState& target) {
  if (!target.moved_away) return "";
  const std::string to = target.moved_away->to.str();
  return target.target.str() + " became " + to +
         ", and its objects bear its name on: choose another name for a new app";
}

}  // namespace autonomous::daemon
