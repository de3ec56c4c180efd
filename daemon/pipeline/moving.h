// Moving: an app that is `renamed-from:` another one goes on with what that made: the same objects, under the names
// that they have, and numbers that go on. Judged from snapshots. Pure.
#pragma once

#include <optional>
#include <string>

#include "daemon/pipeline/wish.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

// What the first release of a renamed app would take over.
struct Moving {
  store::Moved moved;
  std::string waits;  // why it cannot yet; "" = it can
};

// The target that an app says it was renamed from; nothing where it says none, or no name.
std::optional<model::Target> renamed_from(const model::Target& target, const model::App& app);

// Nothing where there is nothing to take over: no `renamed-from:`, moved already, or never released under that name.
// `consent`: somebody who may retire the other project's app has said that it may be taken over.
std::optional<Moving> moving(const store::State& state, const model::Target& target, const model::App& app,
                             bool consent, Time now);

// Whose names the objects of a target bear: its own, or those of the target that it went on after (or will).
model::Target names_of(const store::State& state, const model::Target& target, const model::App* app);

// The app, as what is made of it is called. It may differ from the target in project and name only.
std::shared_ptr<const model::App> named(std::shared_ptr<const model::App> app, const model::Target& names);

// Why nothing is released to a target any more: its objects are another one's. "" = they are its own.
std::string gone_elsewhere(const store::TargetState& target);

}  // namespace autonomous::daemon
