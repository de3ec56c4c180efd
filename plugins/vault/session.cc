#include "plugins/vault/session.h"

#include <nlohmann/json.hpp>

#include "gitops/base/text.h"

namespace autonomous::vault {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxAnswer = 1u << 20;

std::string option(const ports::Instance& instance, const char* key, const std::string& otherwise = "") {
  auto found = instance.options.find(key);
  return found == instance.options.end() || found->second.empty() ? otherwise : found->second;
}

std::string without_slash(std::string url) {
  while (ends_with(url, "/")) url.pop_back();
  return url;
}

}  // namespace

http::Request Session::request(const std::string& path) const {
  http::Request out;
  out.url = without_slash(instance_.url) + "/v1/" + path;
  out.headers.emplace_back("X-Vault-Request", "true");
  if (std::string ns = option(instance_, "namespace"); !ns.empty()) out.headers.emplace_back("X-Vault-Namespace", ns);
  out.via.ca_file = instance_.ca_file;
  out.via.insecure = instance_.insecure;
  out.max_body = kMaxAnswer;
  return out;
}

Result<http::Response> Session::get_open(const Ctx& ctx, const std::string& path) {
  return host_.client.send(ctx, request(path));
}

Result<http::Response> Session::get(const Ctx& ctx, const std::string& path) {
  const bool logs_in = option(instance_, "auth", "token") != "token";
  for (int attempt = 0;; ++attempt) {
    TRY(std::string token, this->token(ctx));
    http::Request asked = request(path);
    asked.headers.emplace_back("X-Vault-Token", token);
    TRY(http::Response answer, host_.client.send(ctx, asked));
    // It may have been revoked, or its lease may be over.
    if (answer.status != 403 || !logs_in || attempt > 0) return answer;
    forget();
  }
}

void Session::forget() {
  std::lock_guard lock(mutex_);
  token_.clear();
}

Result<std::string> Session::token(const Ctx& ctx) {
  const std::string method = option(instance_, "auth", "token");
  if (method == "token") {
    if (!instance_.credential) {
      return fail(Code::kDenied, "instance ", instance_.name, ": daemon.yaml has no credential for it")
          .hint("instances: {" + instance_.name +
                ": {credential: {file: …}}}: a token that may read names (see plugins/vault)");
    }
    TRY(std::string said, instance_.credential());
    return std::string(trim(said));
  }
  std::lock_guard lock(mutex_);
  if (!token_.empty() && host_.clock.now() < until_) return token_;
  TRY_WITH(token_, "while logging in to " + instance_.name, log_in(ctx, method));
  return token_;
}

// Under mutex_.
Result<std::string> Session::log_in(const Ctx& ctx, const std::string& method) {
  const std::string role = option(instance_, "role");
  if (role.empty() || !instance_.credential)
    return fail(Code::kInvalid, "auth: ", method, " needs options: {role: …} and a credential");
  TRY(std::string secret, instance_.credential());
  secret = std::string(trim(secret));
  Json body =
      method == "approle" ? Json{{"role_id", role}, {"secret_id", secret}} : Json{{"role", role}, {"jwt", secret}};
  http::Request asked = request("auth/" + option(instance_, "mount", method) + "/login");
  asked.method = "POST";
  asked.headers.emplace_back("Content-Type", "application/json");
  asked.body = body.dump();
  TRY(http::Response answer, host_.client.send(ctx, asked));
  if (!answer.ok()) return http::status_error(asked, answer, errors_of(answer));
  Json json = Json::parse(answer.body, nullptr, false);
  Json auth = json.is_object() ? json.value("auth", Json()) : Json();
  if (!auth.is_object() || !auth.value("client_token", Json()).is_string())
    return fail(Code::kCorrupt, "the answer to the login has no token");
  Json lease = auth.value("lease_duration", Json());
  const int64_t seconds = lease.is_number_integer() ? lease.get<int64_t>() : 0;
  until_ = host_.clock.now() + Millis(std::clamp<int64_t>(seconds, 0, 86'400) * 1000 * 2 / 3);
  return auth["client_token"].get<std::string>();
}

std::string errors_of(const http::Response& response) {
  Json json = Json::parse(response.body, nullptr, false);
  Json errors = json.is_object() ? json.value("errors", Json()) : Json();
  std::string out;
  for (const Json& each : errors.is_array() ? errors : Json::array()) {
    if (each.is_string()) out += (out.empty() ? "" : "; ") + one_line(each.get<std::string>(), 300);
  }
  return out;
}

Error error_of(const Session& session, const std::string& path, const http::Response& response) {
  http::Request asked;
  asked.url = without_slash(session.instance().url) + "/v1/" + path;
  Error error = http::status_error(asked, response, errors_of(response));
  if (response.status != 403) return error;
  return Error(std::move(error).hint("its token needs a policy: path \"" + path + "\" { capabilities = [\"read\"] }"));
}

}  // namespace autonomous::vault
