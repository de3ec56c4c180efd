// Remote: the daemon that a command talks to, over its Unix socket or a URL.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/cli.h"
#include "gitops/base/ctx.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

// "unix:/run/…" or "http://…"; said by --server, AUTONOMOUS_SERVER, or found: the state folder's socket, then the
// system's.
struct ServerAddress {
  std::string url;          // without a '/' at its end
  std::string unix_socket;  // empty: TCP
  std::string text;         // for people
  std::string ca_file;      // PEM that checks the server's certificate (AUTONOMOUS_CA); empty: the system's
};
Result<ServerAddress> server_address(const std::string& option, const Surroundings& around);

// Where the daemon of this user keeps its state when nothing says otherwise.
std::string default_state(const Surroundings& around);

class Remote {
 public:
  Remote(ServerAddress address, std::string token) : address_(std::move(address)), token_(std::move(token)) {}
  // Errors carry the daemon's words; kUnavailable where it can't be reached.
  Result<nlohmann::json> get(const Ctx& ctx, const std::string& path);
  Result<nlohmann::json> post(const Ctx& ctx, const std::string& path, const nlohmann::json& body);
  // Posts, and hands over each line of what follows; false from it ends the stream.
  Result<void> follow(const Ctx& ctx, const std::string& path, const nlohmann::json& body,
                      std::function<bool(std::string_view)> on_line);
  const ServerAddress& address() const { return address_; }
  // Where its HTTP is, as far as it can be told from here: what git pushes to.
  std::string base_url() const;

 private:
  http::Request request(const std::string& method, const std::string& path) const;
  Error unreachable(const Error& error) const;
  ServerAddress address_;
  std::string token_;
  http::Client client_;
};

// The exit status that an error means.
int exit_of(const Error& error);

}  // namespace autonomous::daemon
