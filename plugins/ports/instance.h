// Instance: what a plugin is told about the service that it talks to: the platform's half (kind, where) and the
// daemon's half (credentials) together.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/http/client.h"

namespace autonomous::ports {

struct Instance {
  std::string name;  // in platform.yaml
  std::string kind;  // argocd, kubernetes…
  std::string url;
  std::string ca_file;
  bool insecure = false;
  std::string kubeconfig;  // kind kubernetes: a file whose current context says url, certificates and credentials
  // Read anew for each session or request, because it may have rotated; unset where there is none.
  std::function<Result<std::string>()> credential;
  std::map<std::string, std::string> options;  // the plugin's own keys, scalars only
};

// What plugins stand on. All outlive the plugin.
struct Host {
  http::Client& client;
  const Clock& clock;
};

}  // namespace autonomous::ports
