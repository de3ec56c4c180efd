#include "daemon/charts/logins.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "gitops/base/child.h"
#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using nlohmann::json;
using Variable = std::function<std::string(const std::string&)>;

std::string member(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Docker Hub is kept under the address of an API that is gone.
std::string key_of(const std::string& host) { return host == "docker.io" ? "https://index.docker.io/v1/" : host; }

// "https://ghcr.io/v2/" and "ghcr.io" mean the same.
std::string host_of(std::string_view key) {
  if (size_t scheme = key.find("://"); scheme != std::string_view::npos) key = key.substr(scheme + 3);
  return std::string(key.substr(0, key.find('/')));
}

// docker-credential-helpers: the key goes in, {"Username": …, "Secret": …} comes out.
Result<std::optional<Login>> ask_helper(const Ctx& ctx, const std::string& helper, const std::string& key,
                                        const Variable& variable) {
  if (helper.empty() || helper.find('/') != std::string::npos)
    return fail(Code::kInvalid, "'", one_line(helper, 60), "' is no name of a credential helper");
  ChildSpec spec;
  spec.argv = {"docker-credential-" + helper, "get"};
  for (const char* name :
       {"PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "GNUPGHOME", "PASSWORD_STORE_DIR"}) {
    if (std::string value = variable(name); !value.empty()) spec.env.push_back(std::string(name) + "=" + value);
  }
  spec.input = key;
  constexpr Millis kPatience{20'000};
  TRY_WITH(ChildResult done, "while asking the credential helper '" + helper + "'",
           run_child(ctx.within(kPatience), spec));
  if (done.out.find("credentials not found") != std::string::npos) return std::optional<Login>();
  const json answer = json::parse(done.out, nullptr, false);
  if (done.status != 0 || !answer.is_object()) {
    return fail(Code::kUnavailable, "the credential helper '", helper,
                "' failed: ", trim(one_line(done.out + done.err, 200)));
  }
  return std::optional<Login>({member(answer, "Username"), member(answer, "Secret")});
}

Result<std::optional<Login>> read_entry(const json& entry, const std::string& file, const std::string& host) {
  if (!member(entry, "identitytoken").empty()) {
    return fail(Code::kInvalid, file, ": the login for ", host, " is an identity token, which is not supported here")
        .hint("Give --username and --password.");
  }
  Login login{member(entry, "username"), member(entry, "password")};
  std::string pair;
  if (base64_decode(member(entry, "auth"), pair) && pair.find(':') != std::string::npos) {
    login = {pair.substr(0, pair.find(':')), pair.substr(pair.find(':') + 1)};
    while (!login.password.empty() && login.password.back() == '\0') login.password.pop_back();
  }
  return login.username.empty() ? std::optional<Login>() : std::optional<Login>(login);
}

Result<std::optional<Login>> look_into(const Ctx& ctx, const std::string& file, const std::string& host,
                                       const Variable& variable) {
  auto text = read_file(file, 4u << 20);
  if (!text && text.error().code() == Code::kNotFound) return std::optional<Login>();
  if (!text) return std::move(text).error();
  const json config = json::parse(*text, nullptr, false);
  if (!config.is_object()) return fail(Code::kInvalid, file, ": this is no JSON object");
  auto helpers = config.find("credHelpers");
  std::string helper = helpers != config.end() && helpers->is_object() ? member(*helpers, host.c_str()) : "";
  if (helper.empty()) helper = member(config, "credsStore");
  if (!helper.empty()) {
    TRY(auto login, ask_helper(ctx, helper, key_of(host), variable));
    if (login) return login;
  }
  auto logins = config.find("auths");
  if (logins == config.end() || !logins->is_object()) return std::optional<Login>();
  for (const auto& entry : logins->items()) {
    if (entry.key() != key_of(host) && host_of(entry.key()) != host) continue;
    if (entry.value().is_object()) return read_entry(entry.value(), file, host);
  }
  return std::optional<Login>();
}

std::vector<std::string> files(const std::string& given, const Variable& variable) {
  std::vector<std::string> out;
  const std::string home = variable("HOME");
  if (!given.empty()) {
    out.push_back(given);
  } else if (std::string file = variable("HELM_REGISTRY_CONFIG"); !file.empty()) {
    out.push_back(file);
  } else if (std::string folder = variable("HELM_CONFIG_HOME"); !folder.empty()) {
    out.push_back(folder + "/registry/config.json");
  } else if (std::string config = variable("XDG_CONFIG_HOME"); !config.empty()) {
    out.push_back(config + "/helm/registry/config.json");
  } else if (!home.empty()) {
    out.push_back(home + "/.config/helm/registry/config.json");
  }
  if (std::string folder = variable("DOCKER_CONFIG"); !folder.empty()) {
    out.push_back(folder + "/config.json");
  } else if (!home.empty()) {
    out.push_back(home + "/.docker/config.json");
  }
  return out;
}

}  // namespace

Result<Login> find_login(const Ctx& ctx, const std::string& host, const std::string& file, const Variable& variable) {
  for (const std::string& candidate : files(file, variable)) {
    TRY(auto login, look_into(ctx, candidate, host, variable));
    if (login) return *std::move(login);
  }
  return Login{};
}

}  // namespace autonomous::daemon
