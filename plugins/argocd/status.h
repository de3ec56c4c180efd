// Argo CD's JSON → the port's structs. Pure; what is missing or of another type reads as unknown, never as good.
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "plugins/ports/reconciler.h"

namespace autonomous::argocd {

// An Application object. health_since and troubles are left empty.
ports::AppStatus read_application(const nlohmann::json& application);
// Pods of a resource tree that are in trouble, newest pod first.
std::vector<ports::Trouble> read_troubles(const nlohmann::json& tree);

}  // namespace autonomous::argocd
