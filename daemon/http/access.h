// Who may do what, decided in one place from what the kernel and the headers say. Pure apart from reading the user
// table.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/api.h"
#include "daemon/http/message.h"

namespace autonomous::daemon {

enum class Permission : uint8_t {
  kOpen,    // everybody: health, the GitOps repository's content
  kLook,    // everybody on this machine, or a token
  kAct,     // through the Unix socket, or as the daemon's own user from this machine, or a token
  kHook,    // our own hooks: the daemon's own user through the Unix socket
  kSigned,  // webhooks: signed with a secret that is known here
};
std::string_view permission_name(Permission permission);

struct Token {
  std::string name;  // shown in Requested-By: "token ci"
  std::string secret;
};

struct AccessRules {
  unsigned own_uid = 0;
  std::function<std::vector<Token>()> tokens;         // that count now; null: none
  std::string public_host;                            // of public_url, without port; empty: none
  std::function<std::vector<Token>()> webhooks = {};  // secrets that webhooks are signed with now; null: none
  const Clock* clock = &system_clock();
};

struct Access {
  bool allowed = false;
  int status = 403;  // 401: a token may help; 421: not our host name
  std::string why;
  Caller caller;  // when allowed
};

// how: "socket" or "pusher", for Requested-By. What a browser could be tricked into (another site's page, a rebound DNS
// name, a proxy on this machine) never counts as the local user.
Access check_access(const AccessRules& rules, const HttpRequest& request, Permission permission,
                    const std::string& how);

}  // namespace autonomous::daemon
