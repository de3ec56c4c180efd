// Client: HTTP(S) requests over a pool of kept-alive connections; the only user of libcurl.
//
// A Client owns one thread (net) with one curl_multi; every transfer of every caller runs there. send() and stream()
// block the calling thread only, may be called from any number of threads at once, and return at once when the Ctx is
// stopped or its deadline passes. Callbacks run on the calling thread, never on net, so that a slow one holds up nobody
// but itself (its transfer is paused meanwhile). A Client must outlive the calls that are inside it.
//
// Only http and https, nothing else, whatever a URL or a redirect says. Redirects aren't followed unless asked for, and
// credentials never reach another host. Messages are masked and don't show the query of a URL.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/ctx.h"

namespace autonomous::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// How a server is reached and trusted, the same for all requests to it.
struct Via {
  std::string ca_file{};     // PEM; empty: the system's certificates
  std::string ca_pem{};      // the same, as text; both may be given
  bool insecure = false;     // take any certificate
  std::string client_pem{};  // a certificate to show, and its key, as text
  std::string client_key_pem{};
  std::string unix_socket{};  // connect here; the URL then only says host and path
};

struct Request {
  std::string method = "GET";
  std::string url{};
  Headers headers{};
  std::string body{};  // sent where not empty, and with POST, PUT and PATCH
  Via via{};
  uint64_t max_body = 16u << 20;  // bytes of the answer; beyond: kLimit. stream(): only of answers other than 2xx
  Millis connect_timeout{10'000};
  Millis total_timeout{30'000};  // stream(): until the answer's headers
  Millis idle_timeout{0};        // stream(): longest silence; 0: none
  Millis tick{0};                // stream(): call on_data with "" after so long a silence, again and again; 0: never
  int redirects = 0;             // how many to follow, of GET and HEAD only
};

struct Response {
  int status = 0;
  Headers headers{};  // names in lower case
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
  // The first one of that name (given in lower case); "" where there is none.
  std::string_view header(std::string_view name) const;
};

// As it arrives, in pieces of any size; false ends the transfer, which is then no error.
using OnData = std::function<bool(std::string_view)>;

class Client {
 public:
  Client();
  ~Client();  // transfers that are still running end with kCancelled
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any status is a Response. Errors: kInvalid (URL, header), kUnavailable (no connection, connection lost; retryable),
  // kTimeout (retryable), kCancelled, kLimit (max_body), kDenied (certificate not trusted).
  Result<Response> send(const Ctx& ctx, const Request& request);

  // The same for many, at most `at_once` at a time, from this one thread; answers in the order of the requests.
  std::vector<Result<Response>> send_all(const Ctx& ctx, const std::vector<Request>& requests, size_t at_once = 16);

  // For answers without an end: watches, server-sent events, logs. The body of a 2xx answer goes to on_data; that of
  // any other answer is in the Response, as with send(). Returns when the server ends the answer or on_data wants no
  // more.
  Result<Response> stream(const Ctx& ctx, const Request& request, const OnData& on_data);

 private:
  class Net;
  std::unique_ptr<Net> net_;
};

// What an answer other than 2xx means: 401 and 403 kDenied, 404 and 410 kNotFound, 409 and 412 kConflict, 413 kLimit,
// 408, 429 and 5xx kUnavailable (retryable), else kInvalid. `words`: what the server said; where empty, the body's
// start.
Error status_error(const Request& request, const Response& response, std::string_view words = "");

// Percent-encodes everything but letters, digits and "-._~": for one path segment or one query value.
std::string escape(std::string_view text);

}  // namespace autonomous::http
