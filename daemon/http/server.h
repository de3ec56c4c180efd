// Server: the daemon's HTTP, on a TCP address and a Unix socket at once: API, live events, metrics, page, git hosting.
//
// Owned by the daemon's main; start() returns when both sockets listen, stop() when the last answer is out or the grace
// is over. A few threads of its own serve sockets; calls of the Api run on others, so that a slow one blocks nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/http/access.h"
#include "daemon/http/api.h"
#include "daemon/http/hosting.h"
#include "gitops/base/clock.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

struct ServerOptions {
  std::string listen = "127.0.0.1:7300";         // ADDR:PORT, [v6]:PORT; port 0: any; empty: no TCP
  std::string socket;                            // path; mode 0660; empty: none
  HostingOptions hosting;                        // hosting.socket is set from `socket`
  std::function<std::vector<Token>()> tokens;    // asked at each request that presents one; null: none
  std::function<std::vector<Token>()> webhooks;  // secrets of webhooks, asked for at each; null: none
  // PEM, asked for at each connection because they rotate; both null: plain HTTP.
  std::function<Result<std::string>()> tls_certificate, tls_key;
  std::string public_url;  // how others reach us, "https://autonomous.example.com"; may be empty
  std::string version = "0.1.0";
  unsigned io_threads = 2;
  unsigned api_threads = 4;
  size_t max_connections = 1024;
  size_t max_body = 1u << 20;  // of API requests
  Millis idle{60'000};         // between requests, and for a request's head
  Millis stall{60'000};        // without a byte moving, in either direction
  Millis heartbeat{15'000};    // of live streams
  Millis api_limit{30'000};    // of one call
};

class Server {
 public:
  // `api` must outlive the server. kInvalid: an address or path that can't be; kConflict: the address is taken.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Api& api);
  ~Server();                     // stop() without grace, where that has not happened
  uint16_t port() const;         // 0 without TCP
  std::string base_url() const;  // "http://127.0.0.1:7300", https with TLS: public_url is somebody else's view
  // No new connections over TCP, and nothing that acts: what is under way goes on, and hooks are still answered.
  void close_doors();
  // False: the threads that serve sockets have not come round since the last question. For a watchdog.
  bool responds();
  void stop(Millis grace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autonomous::daemon
