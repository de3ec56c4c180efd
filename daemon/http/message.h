// Plain requests and answers of the HTTP server, so that routes are written and tested without Asio. Values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/api.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

// Who is at the other end of a connection, as far as the kernel tells.
struct Peer {
  bool unix_socket = false;
  bool loopback = false;        // TCP from this machine
  std::string address;          // for logs: "127.0.0.1:40112", "unix"
  std::optional<unsigned> uid;  // of the process that connected
};

struct HttpRequest {
  std::string method;                          // GET POST …
  std::string path;                            // decoded, begins with '/'
  std::string query_string;                    // as it came
  std::map<std::string, std::string> query;    // decoded; the last of a name counts
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  Peer peer;
  std::string id;  // shown in answers and logs
  std::string header(const std::string& lower_case_name) const;
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // What is followed by a stream of progress lines where the client asked for one.
  bool streams = false;
};

// Splits "/a%20b?x=1" into path, query and query_string; kInvalid: not absolute, bad escapes, control characters, "..".
Result<void> parse_target(std::string_view target, HttpRequest& out);
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

// RFC 9457. An internal error's message stays out of the answer; it is logged with the request's id.
HttpResponse problem(const HttpRequest& request, const Error& error);
HttpResponse problem(const HttpRequest& request, int status, std::string_view detail);
int http_status(Code code);
std::string_view reason_phrase(int status);

}  // namespace autonomous::daemon
