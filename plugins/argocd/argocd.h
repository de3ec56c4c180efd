// Argo CD v3 as a Reconciler: its HTTP API for looking and asking, Applications only through git.
//
// Options: username (then the credential is its password and sessions are renewed; else it is a token), namespace
// (where Argo CD lives, default argocd).
#pragma once

#include <memory>

#include "plugins/ports/instance.h"
#include "plugins/ports/reconciler.h"

namespace autonomous::argocd {

// kInvalid where the URL or the credential is missing. Talks to nobody yet.
Result<std::unique_ptr<ports::Reconciler>> make(const ports::Host& host, const ports::Instance& instance);

}  // namespace autonomous::argocd
