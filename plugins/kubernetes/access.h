// Access: where a cluster's API is and how to get in. Values, read anew for each round, because tokens rotate.
#pragma once

#include <string>
#include <string_view>

#include "gitops/http/client.h"
#include "plugins/ports/instance.h"

namespace autonomous::kubernetes {

struct Access {
  std::string url;    // without a '/' at its end
  std::string token;  // "" = none (a client certificate)
  http::Via via{};
};

// What the current context of a kubeconfig says. Plugins that run programs (`exec`, `auth-provider`) are refused: they
// are code from a configuration file. `folder`: what relative file names in it count from.
Result<Access> read_kubeconfig(std::string_view text, std::string_view file, const std::string& folder);

// By the instance: its kubeconfig (at its url, where it has one too); else its url and credential; else the service
// account of the pod that we run in.
Result<Access> access_of(const ports::Instance& instance);
// kInvalid when access_of can never work.
Result<void> check_instance(const ports::Instance& instance);

// Standard alphabet, padding wanted, white space skipped; kInvalid.
Result<std::string> decode_base64(std::string_view text);

}  // namespace autonomous::kubernetes
