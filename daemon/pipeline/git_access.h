// How git's smart HTTP goes through the daemon's one HTTP client.
#pragma once

#include "gitops/git/remote.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

// `client` must outlive what is made of it.
git::HttpSend http_for_git(http::Client& client);

}  // namespace autonomous::daemon
