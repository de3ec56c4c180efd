// Logins: what `helm registry login` and `docker login` left for a registry. Reads files of the person who asks, and
// runs docker's credential helpers where a file names them.
#pragma once

#include <functional>
#include <string>

#include "gitops/base/ctx.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

struct Login {
  std::string username, password;  // both empty: nobody is logged in
};

// For `host` ("ghcr.io", "127.0.0.1:5000"). `file`: --registry-config, "" for the usual place. Looks into helm's file
// first, then into docker's. Errors: a file that is no JSON; a helper that fails; an identity token, which is not a
// password.
Result<Login> find_login(const Ctx& ctx, const std::string& host, const std::string& file,
                         const std::function<std::string(const std::string&)>& variable);

}  // namespace autonomous::daemon
