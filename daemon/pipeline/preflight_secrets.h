// Preflight of secrets: those that an app declares against what the store has: names, never values. A store that does
// not answer makes nothing wrong: what could not be looked up is named.
#pragma once

#include <map>
#include <string>

#include "daemon/pipeline/preflight.h"
#include "gitops/model/secret_place.h"
#include "plugins/ports/secrets.h"

namespace autonomous::daemon {

// By the secret's name; `pattern`: where secrets live of which the spec doesn't say it ("kv/prod/shop/web"); those that
// nobody says it of are left out.
std::map<std::string, model::SecretPlace> secret_places(const model::App& app, const std::string& pattern);

// One of them, as `store` has it.
Preflight check_secret(const model::App& app, const std::string& store, const std::string& name,
                       const model::SecretPlace& place, const Result<ports::SecretFacts>& found);

// All of them; at most a few seconds, however many they are. `store`: null: the platform has none for the environment.
Preflight look_at_secrets(const Ctx& ctx, ports::Secrets* store, const model::App& app,
                          const model::Environment& environment, const model::Target& names);

}  // namespace autonomous::daemon
