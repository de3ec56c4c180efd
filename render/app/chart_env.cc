// An app's environment: texts, bindings to other apps, secrets.
#include <algorithm>
#include <set>

#include "gitops/base/text.h"
#include "gitops/model/secret_place.h"
#include "render/app/chart_parts.h"

namespace autonomous::app {
namespace {

using model::App;
using model::AppType;

// Kubernetes expands $(NAME) in a container's env; what the spec says is meant literally. (A ConfigMap's isn't
// expanded.)
std::string literal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '(') out += '$';
    out += text[i];
  }
  return out;
}

Json secret_reference(const std::string& secret, const std::string& key) {
  return {{"valueFrom", {{"secretKeyRef", {{"name", secret}, {"key", key}}}}}};
}

const App* find_other(const ChartContext& context, const std::string& name) {
  auto found = context.others.find(name);
  return found == context.others.end() ? nullptr : found->second;
}

uint16_t port_of(const App& other) {
  if (other.type == AppType::kPostgres) return 5432;
  return other.type == AppType::kRedis && other.ports.empty() ? 6379 : main_port(other);
}

// The name that a service answers to. CloudNativePG: the instance that can be written to.
std::string host_of(const App& other, const ChartContext& context) {
  std::string host = other.type == AppType::kPostgres ? other.name + "-rw" : other.name;
  auto ns = context.namespaces.find(other.name);
  return ns == context.namespaces.end() ? host : host + "." + ns->second;
}

// What one app tells another. A database's come from the Secret that its operator keeps (CloudNativePG: <app>-app).
Result<Json> bound(const std::string& from, const ChartContext& context) {
  TRY(model::Binding binding, model::parse_binding(from));
  const App* other = find_other(context, binding.app);
  if (other == nullptr || other->type == AppType::kPostgres) {
    static const std::map<std::string, std::string> kKeys = {{"url", "uri"},           {"host", "host"},
                                                             {"port", "port"},         {"user", "user"},
                                                             {"password", "password"}, {"name", "dbname"}};
    auto key = kKeys.find(binding.output);
    if (key == kKeys.end())
      return fail(Code::kInvalid, "a database has no output `", binding.output,
                  "`: it is url, host, port, user, password or name");
    return secret_reference(binding.app + "-app", key->second);
  }
  std::string port = std::to_string(port_of(*other));
  std::string scheme = other->type == AppType::kRedis ? "redis://" : "http://";
  if (binding.output == "host") return Json{{"value", host_of(*other, context)}};
  if (binding.output == "port") return Json{{"value", port}};
  if (binding.output == "url") return Json{{"value", scheme + host_of(*other, context) + ":" + port}};
  return fail(Code::kInvalid, "`", binding.app, "` has no output `", binding.output, "`: it is url, host or port");
}

std::string variable(std::string_view app) {
  std::string out;
  for (char c : app) out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 0x20 : c);
  return out;
}

// Where the apps are that this one needs or calls: DB_HOST, DB_PORT, unless the spec says them itself.
void put_neighbours(const App& app, const ChartContext& context, Json& config) {
  for (const auto* list : {&app.needs, &app.calls}) {
    for (const std::string& name : *list) {
      const App* other = find_other(context, name);
      if (other == nullptr) continue;
      uint16_t port = port_of(*other);
      if (port == 0) continue;
      std::string prefix = variable(name);
      if (app.env.count(prefix + "_HOST") == 0) config[prefix + "_HOST"] = host_of(*other, context);
      if (app.env.count(prefix + "_PORT") == 0) config[prefix + "_PORT"] = std::to_string(port);
    }
  }
}

// ---- secrets

using model::SecretPlace;

// A name of a Secret for what one role of a database gives: web-db-creds-shop → web-creds-shop.
std::string lease_name(const SecretPlace& place) {
  std::string out;
  for (char c : place.path) out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  return out.substr(0, 30);
}

class Secrets {
 public:
  Secrets(const App& app, const ChartContext& context) : app_(app), context_(context) {}

  Result<void> put(Json& out) {
    if (app_.secrets.empty()) return ok();
    const model::Facilities::Delivery& delivery = context_.facilities.delivery;
    const bool files = delivery.by == "agent-injector";
    for (const auto& [name, written] : app_.secrets) {
      const std::string& where = written.empty() ? context_.secrets : written;
      known_ = known_ && !where.empty();
      SecretPlace place = model::parse_secret_place(where, name);
      if (place.dynamic && delivery.by == "external-secrets" && delivery.server.empty())
        return fail(Code::kInvalid, "secrets.", name, ": ", where,
                    " is made anew for each lease, which needs `secrets.server`")
            .hint("platform.yaml, environments.<env>: secrets: {server: https://vault.example.com:8200, …}");
      Json entry = {{"name", name}};
      entry.update(secret_reference(keep(name, place), files ? name : kept_key(name, place)));
      if (files) {
        out["config"][name + "_FILE"] = "/vault/secrets/" + name;
      } else {
        out["env"].push_back(std::move(entry));
      }
    }
    Json secrets = {{"by", delivery.by}};
    if (known_ && delivery.by == "external-secrets")
      secrets["store"] = {{"kind", delivery.store_kind}, {"name", delivery.store}};
    if (!delivery.refresh.empty()) secrets["refresh"] = delivery.refresh;
    if (!delivery.auth.empty()) secrets["auth"] = delivery.auth;
    if (!context_.role.empty()) secrets["role"] = context_.role;
    if (!dynamic_.empty() && !delivery.server.empty()) secrets["server"] = delivery.server;
    if (!data_.empty()) secrets["data"] = std::move(data_);
    if (!groups_.empty() && delivery.by == "vault-secrets-operator") secrets["groups"] = std::move(groups_);
    if (!dynamic_.empty()) secrets["dynamic"] = std::move(dynamic_);
    out["secrets"] = std::move(secrets);
    return ok();
  }

 private:
  // Notes where it lives; the name of the Secret that it will be in.
  std::string keep(const std::string& name, const SecretPlace& place) {
    if (place.dynamic) {
      Json key = {{"name", name}, {"property", place.key}};
      for (Json& lease : dynamic_) {
        if (lease["mount"] == place.mount && lease["path"] == place.path) {
          lease["keys"].push_back(key);
          return app_.name + "-" + lease["name"].get<std::string>();
        }
      }
      std::string lease = lease_name(place);
      dynamic_.push_back({{"name", lease}, {"mount", place.mount}, {"path", place.path}, {"keys", Json::array({key})}});
      return app_.name + "-" + lease;
    }
    Json entry = {{"name", name}, {"key", place.str()}, {"property", place.key}};
    if (!place.version.empty()) entry["version"] = place.version;
    if (context_.facilities.delivery.by == "agent-injector") {
      entry["mount"] = place.mount;
      entry["path"] = place.path;
    }
    data_.push_back(std::move(entry));
    if (context_.facilities.delivery.by != "vault-secrets-operator") return app_.name + "-secrets";
    return group(place);
  }

  // The operator makes one Secret of each path, with all its keys.
  std::string group(const SecretPlace& place) {
    for (const Json& each : groups_) {
      if (each["mount"] == place.mount && each["path"] == place.path) return each["secret"];
    }
    std::string secret = app_.name + "-secrets" + (groups_.empty() ? "" : "-" + std::to_string(groups_.size() + 1));
    Json entry = {{"secret", secret}, {"mount", place.mount}, {"path", place.path}};
    if (!place.version.empty()) entry["version"] = std::stoll(place.version);
    groups_.push_back(std::move(entry));
    return secret;
  }

  std::string kept_key(const std::string& name, const SecretPlace& place) const {
    bool whole = place.dynamic || context_.facilities.delivery.by == "vault-secrets-operator";
    return whole ? place.key : name;
  }

  const App& app_;
  const ChartContext& context_;
  Json data_ = Json::array(), groups_ = Json::array(), dynamic_ = Json::array();
  bool known_ = true;
};

}  // namespace

Result<Json> container_environment(const std::map<std::string, model::EnvValue>& env, const ChartContext& context) {
  Json out = Json::array();
  for (const auto& [name, value] : env) {
    Json entry = {{"name", name}};
    if (value.from.empty()) {
      entry["value"] = literal(value.text);
    } else {
      TRY_WITH(Json source, "in env." + name, bound(value.from, context));
      entry.update(source);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

Result<void> put_environment(const App& app, const ChartContext& context, Json& out) {
  out["config"] = Json::object();
  out["env"] = Json::array();
  if (app.env.count("PORT") == 0 && main_port(app) != 0) out["config"]["PORT"] = std::to_string(main_port(app));
  put_neighbours(app, context, out["config"]);
  for (const auto& [name, value] : app.env) {
    if (value.from.empty()) {
      out["config"][name] = value.text;
      continue;
    }
    TRY_WITH(Json source, "in app " + app.name + ", env." + name, bound(value.from, context));
    if (source.contains("value")) {
      out["config"][name] = source["value"];
      continue;
    }
    Json entry = {{"name", name}};
    entry.update(source);
    out["env"].push_back(std::move(entry));
  }
  return Secrets(app, context).put(out);
}

}  // namespace autonomous::app
