// Vault and OpenBao: kinds `vault` and `openbao`. Only names are asked for: keys by the KV engine's `subkeys`, roles of
// databases; nothing that has a value in its answer.
#pragma once

#include <memory>

#include "plugins/ports/instance.h"
#include "plugins/ports/secrets.h"

namespace autonomous::vault {

// url: https://vault.example.com:8200. Credential: a token; or with `options: {auth: approle | kubernetes | jwt, role:
// …}` what the login takes: the secret id, or the JWT. `options: {mount: …}`: where that auth method is; `namespace`.
Result<std::unique_ptr<ports::Secrets>> make(const ports::Host& host, const ports::Instance& instance);

}  // namespace autonomous::vault
