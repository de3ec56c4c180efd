// Who connected: the kernel's own words, not the client's. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/http/api.h"
#include "daemon/http/message.h"

namespace autonomous::daemon {

// The user of the process that holds the TCP socket bound to `client` and connected to `server`, both on this machine,
// through NETLINK_SOCK_DIAG. Nothing: no such established socket in our network namespace (a half-closed or orphaned
// socket counts as nobody's: the kernel reports uid 0 for those).
struct Endpoint {
  bool v6 = false;
  uint8_t address[16] = {};  // network order; the first 4 bytes of an IPv4 address
  uint16_t port = 0;         // host order
};
std::optional<unsigned> socket_owner(const Endpoint& client, const Endpoint& server);

// Name and address of a user of this machine: the GECOS name or the login name, login@host.
Caller caller_of_uid(unsigned uid, const std::string& how);

}  // namespace autonomous::daemon
