#include "plugins/argocd/api.h"

#include <nlohmann/json.hpp>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::argocd {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxAnswer = 64u << 20;
constexpr std::string_view kBearer = "Bearer ";

// Argo CD answers {error, code, message}.
std::string said(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_object()) {
    for (const char* key : {"message", "error"}) {
      if (const auto found = json.find(key); found != json.end() && found->is_string())
        return found->get<std::string>();
    }
  }
  return "";
}

Result<Json> read(const http::Request& request, const http::Response& response) {
  if (!response.ok()) return http::status_error(request, response, said(response.body));
  if (response.body.empty()) return Json::object();
  Json json = Json::parse(response.body, nullptr, false);
  if (json.is_discarded())
    return fail(Code::kUnavailable, request.method, ": the answer is no JSON: is this Argo CD's address?");
  return json;
}

std::string sent_token(const http::Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name == "Authorization") return value.substr(kBearer.size());
  }
  return "";
}

}  // namespace

Api::Api(const ports::Host& host, ports::Instance instance) : host_(host), instance_(std::move(instance)) {}

const std::string& Api::option(const std::string& key) const {
  static const std::string none;
  const auto found = instance_.options.find(key);
  return found == instance_.options.end() ? none : found->second;
}

Result<std::string> Api::log_in(const Ctx& ctx, const std::string& user, const std::string& password) {
  http::Request request;
  request.method = "POST";
  request.url = instance_.url + "/api/v1/session";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = Json{{"username", user}, {"password", password}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  request.via = {.ca_file = instance_.ca_file, .insecure = instance_.insecure};
  TRY(const http::Response response, host_.client.send(ctx, request));
  TRY(const Json json, read(request, response));
  if (!json.contains("token") || !json["token"].is_string())
    return fail(Code::kUnavailable, "Argo CD gave no token for ", user);
  std::string token = json["token"];
  mask_in_logs(token);
  return token;
}

Result<std::string> Api::token(const Ctx& ctx) {
  TRY(std::string secret, instance_.credential());
  const std::string& user = option("username");
  if (user.empty()) return secret;
  std::lock_guard lock(mutex_);
  if (session_.empty()) {
    TRY_WITH(session_, "while logging in to " + instance_.name, log_in(ctx, user, secret));
  }
  return session_;
}

bool Api::renew(const std::string& refused) {
  if (option("username").empty()) {
    const Result<std::string> now = instance_.credential();  // it may have rotated since
    return now && *now != refused;
  }
  std::lock_guard lock(mutex_);
  if (session_ == refused) session_.clear();
  return true;
}

Result<http::Request> Api::request(const Ctx& ctx, const std::string& method, const std::string& path) {
  TRY(const std::string bearer, token(ctx));
  http::Request request;
  request.method = method;
  request.url = instance_.url + path;
  request.headers = {{"Authorization", std::string(kBearer) + bearer}, {"Accept", "application/json"}};
  request.max_body = kMaxAnswer;
  request.via = {.ca_file = instance_.ca_file, .insecure = instance_.insecure};
  return request;
}

Result<Json> Api::call(const Ctx& ctx, const std::string& method, const std::string& path) {
  return call(ctx, method, path, "");
}

Result<Json> Api::call(const Ctx& ctx, const std::string& method, const std::string& path, const std::string& body) {
  for (bool again = true;; again = false) {
    TRY(http::Request request, this->request(ctx, method, path));
    request.body = body;
    if (method != "GET") request.headers.emplace_back("Content-Type", "application/json");
    TRY(const http::Response response, host_.client.send(ctx, request));
    if (response.status == 401 && again && renew(sent_token(request))) continue;
    return read(request, response);
  }
}

std::vector<Result<Json>> Api::get_all(const Ctx& ctx, const std::vector<std::string>& paths, Millis each) {
  std::vector<Result<Json>> out;
  std::vector<http::Request> requests;
  Result<http::Request> first = request(ctx, "GET", "");
  if (!first) return std::vector<Result<Json>>(paths.size(), first.error());
  for (const std::string& path : paths) {
    requests.push_back(*first);
    requests.back().url = instance_.url + path;
    requests.back().total_timeout = each;
  }
  auto answers = host_.client.send_all(ctx, requests, 32);
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!answers[i]) {
      out.push_back(std::move(answers[i]).error());
    } else if (answers[i]->status == 401) {
      out.push_back(call(ctx, "GET", paths[i]));  // renews the session, once for all
    } else {
      out.push_back(read(requests[i], *answers[i]));
    }
  }
  return out;
}

Result<void> Api::stream(const Ctx& ctx, const std::string& path, Millis tick, const http::OnData& on_data) {
  for (bool again = true;; again = false) {
    TRY(http::Request request, this->request(ctx, "GET", path));
    request.tick = tick;
    TRY(const http::Response response, host_.client.stream(ctx, request, on_data));
    if (response.status == 401 && again && renew(sent_token(request))) continue;
    if (!response.ok()) return http::status_error(request, response, said(response.body));
    return ok();
  }
}

}  // namespace autonomous::argocd
