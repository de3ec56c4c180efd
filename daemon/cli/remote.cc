#include "daemon/cli/remote.h"

#include <nlohmann/json.hpp>

#include "gitops/base/file.h"
#include "gitops/base/lines.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

Code code_of_status(int status) {
  switch (status) {
    case 401:
    case 403: return Code::kDenied;
    case 404: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 503: return Code::kUnavailable;
    case 504: return Code::kTimeout;
    case 400:
    case 413:
    case 415:
    case 421:
    case 422: return Code::kInvalid;
    default: return Code::kInternal;
  }
}

// What the daemon said, as an error of ours.
Error problem_of(const http::Response& response) {
  json problem = json::parse(response.body, nullptr, false);
  std::string detail;
  std::string hint;
  if (problem.is_object()) {
    detail = problem.value("text", problem.value("detail", problem.value("title", "")));
    if (!problem.contains("text")) hint = problem.value("hint", "");
    if (response.status >= 500 && problem.contains("request")) hint = "request " + problem.value("request", "");
  }
  if (detail.empty()) detail = "the daemon answered " + std::to_string(response.status);
  return Error(code_of_status(response.status), detail).hint(hint);
}

}  // namespace

std::string default_state(const Surroundings& around) {
  std::string state = around.variable("STATE_DIRECTORY");
  return state.empty() ? around.variable("HOME") + "/.local/state/autonomous" : state;
}

Result<ServerAddress> server_address(const std::string& option, const Surroundings& around) {
  std::string text = option.empty() ? around.variable("AUTONOMOUS_SERVER") : option;
  if (starts_with(text, "http://") || starts_with(text, "https://")) {
    while (ends_with(text, "/")) text.pop_back();
    return ServerAddress{text, "", text, around.variable("AUTONOMOUS_CA")};
  }
  if (starts_with(text, "unix:")) return ServerAddress{"http://localhost", text.substr(5), text, ""};
  if (!text.empty()) return fail(Code::kInvalid, "the server '", text, "' must be http://…, https://… or unix:PATH");
  std::string runtime = around.variable("RUNTIME_DIRECTORY");
  std::string own = (runtime.empty() ? default_state(around) : runtime) + "/autonomous.sock";
  std::string system = "/run/autonomous/autonomous.sock";
  std::string path = !exists(own) && exists(system) ? system : own;
  return ServerAddress{"http://localhost", path, "unix:" + path, ""};
}

http::Request Remote::request(const std::string& method, const std::string& path) const {
  http::Request request;
  request.method = method;
  request.url = address_.url + path;
  request.via.unix_socket = address_.unix_socket;
  request.via.ca_file = address_.ca_file;
  request.max_body = 256u << 20;
  request.total_timeout = Millis{60'000};
  if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
  return request;
}

std::string Remote::base_url() const {
  if (address_.unix_socket.empty()) return address_.url;
  // A daemon writes it into its state, where its socket is, too, unless somebody put that elsewhere.
  auto endpoint = read_file(address_.unix_socket.substr(0, address_.unix_socket.rfind('/')) + "/endpoint", 4096);
  return endpoint ? std::string(trim(*endpoint)) : "http://localhost:7300";
}

Error Remote::unreachable(const Error& error) const {
  if (error.code() == Code::kCancelled) return error;
  return fail(Code::kUnavailable, "no daemon answers at ", address_.text, ": ", error.message())
      .hint("start one with `autonomous daemon`, or say where it is with --server or AUTONOMOUS_SERVER");
}

Result<json> Remote::get(const Ctx& ctx, const std::string& path) {
  Result<http::Response> response = client_.send(ctx, request("GET", path));
  if (!response) return unreachable(response.error());
  if (!response->ok()) return problem_of(*response);
  json body = json::parse(response->body, nullptr, false);
  if (body.is_discarded()) return fail(Code::kUnavailable, "what answers at ", address_.text, " is no daemon of ours");
  return body;
}

Result<json> Remote::post(const Ctx& ctx, const std::string& path, const json& body) {
  http::Request what = request("POST", path);
  what.headers.emplace_back("Content-Type", "application/json");
  what.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  Result<http::Response> response = client_.send(ctx, what);
  if (!response) return unreachable(response.error());
  if (!response->ok()) return problem_of(*response);
  json answer = json::parse(response->body, nullptr, false);
  if (answer.is_discarded())
    return fail(Code::kUnavailable, "what answers at ", address_.text, " is no daemon of ours");
  return answer;
}

Result<void> Remote::follow(const Ctx& ctx, const std::string& path, const json& body,
                            std::function<bool(std::string_view)> on_line) {
  http::Request what = request("POST", path);
  what.headers.emplace_back("Content-Type", "application/json");
  what.headers.emplace_back("Accept", "application/x-ndjson");
  what.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  what.idle_timeout = Millis{60'000};  // heartbeats come every 15 s
  bool began = false;
  std::string rest;
  LineReader reader([&](std::string_view line) { return on_line(line); });
  Result<http::Response> response = client_.stream(ctx, what, [&](std::string_view data) {
    began = true;
    return reader.feed(data);
  });
  if (!response && !began)
    return response.error().code() == Code::kTimeout ? response.error() : unreachable(response.error());
  if (!response) return std::move(response).error();
  if (!response->ok()) return problem_of(*response);
  return ok();
}

int exit_of(const Error& error) {
  switch (error.code()) {
    case Code::kInvalid: return kExitUsage;
    case Code::kNotFound: return kExitNotFound;
    case Code::kDenied: return kExitDenied;
    case Code::kUnavailable: return kExitUnreachable;
    case Code::kTimeout:
    case Code::kCancelled: return kExitWaiting;
    default: return kExitFailed;
  }
}

}  // namespace autonomous::daemon
