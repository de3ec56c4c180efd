// Secrets: what a secret store has of names, never of values: whether a place holds something, and under which keys.
// Read only.
//
// An implementation is one store, shared by all targets, and thread-safe. Nothing is remembered: secrets come and go.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "gitops/base/ctx.h"
#include "gitops/base/result.h"
#include "gitops/model/secret_place.h"

namespace autonomous::ports {

// Names are hostile.
struct SecretFacts {
  std::optional<std::set<std::string>> keys;  // nothing: the store tells no keys without their values
};

class Secrets {
 public:
  virtual ~Secrets() = default;

  // The instance's name in platform.yaml.
  virtual const std::string& name() const = 0;
  // kNotFound: there is none (the message says what of it is missing); anything else: nobody knows.
  virtual Result<SecretFacts> look(const Ctx& ctx, const model::SecretPlace& place) = 0;
  // For doctor: the store answers, is open, and lets us in.
  virtual Result<std::string> check(const Ctx& ctx) = 0;
};

}  // namespace autonomous::ports
