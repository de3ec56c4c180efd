#include "plugins/vault/vault.h"

#include <nlohmann/json.hpp>

#include "gitops/base/text.h"
#include "plugins/vault/session.h"

namespace autonomous::vault {

namespace {

using Json = nlohmann::json;
using model::SecretPlace;
using ports::SecretFacts;

std::string escape_path(const std::string& path) {
  std::string out;
  for (std::string_view part : split(path, '/')) out += (out.empty() ? "" : "/") + http::escape(part);
  return out;
}

Json member(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

std::string text_in(const Json& object, const char* key) {
  Json found = member(object, key);
  return found.is_string() ? found.get<std::string>() : "";
}

Json data_of(const http::Response& response) { return member(Json::parse(response.body, nullptr, false), "data"); }

class VaultSecrets final : public ports::Secrets {
 public:
  VaultSecrets(const ports::Host& host, const ports::Instance& instance) : session_(host, instance) {}

  const std::string& name() const override { return session_.instance().name; }

  Result<SecretFacts> look(const Ctx& ctx, const SecretPlace& place) override {
    if (place.mount.empty() || place.path.empty())
      return fail(Code::kInvalid, "'", place.str(), "' is no mount with a path");
    TRY(Engine engine, engine_of(ctx, place.mount));
    if (place.dynamic || engine.type == "database") return look_at_role(ctx, place);
    if (engine.type != "kv" && engine.type != "generic")
      return fail(Code::kInvalid, "nothing here knows what is in a mount of type ", one_line(engine.type, 40));
    return engine.versioned ? look_at_keys(ctx, place) : look_in_list(ctx, place);
  }

  // /sys/health answers with other statuses than 200 where it is on standby, sealed, or not set up yet.
  Result<std::string> check(const Ctx& ctx) override {
    TRY(http::Response health, session_.get_open(ctx, "sys/health"));
    Json json = Json::parse(health.body, nullptr, false);
    if (health.status == 501) return fail(Code::kUnavailable, "it is not initialised");
    if (health.status == 503) return fail(Code::kUnavailable, "it is sealed").hint("unseal it");
    if (!json.is_object()) return fail(Code::kInvalid, "its /v1/sys/health is no JSON object: is it Vault or OpenBao?");
    TRY(http::Response self, session_.get(ctx, "auth/token/lookup-self"));
    if (!self.ok()) return error_of(session_, "auth/token/lookup-self", self);
    return text_in(json, "version") + " answers";
  }

 private:
  struct Engine {
    std::string type;
    bool versioned = false;  // KV version 2
  };

  // What its own page asks: given to whoever may do something below the mount.
  Result<Engine> engine_of(const Ctx& ctx, const std::string& mount) {
    const std::string path = "sys/internal/ui/mounts/" + http::escape(mount);
    TRY(http::Response answer, session_.get(ctx, path));
    if (answer.status == 403) {
      return fail(Code::kDenied, "nothing is mounted at ", mount, "/, or its token may do nothing there")
          .hint("its token needs a policy: path \"" + mount + "/subkeys/*\" { capabilities = [\"read\"] }");
    }
    if (!answer.ok()) return error_of(session_, path, answer);
    Json data = data_of(answer);
    return Engine{text_in(data, "type"), text_in(member(data, "options"), "version") == "2"};
  }

  Result<SecretFacts> look_at_keys(const Ctx& ctx, const SecretPlace& place) {
    const std::string path = place.mount + "/subkeys/" + escape_path(place.path);
    TRY(http::Response answer,
        session_.get(ctx,
                     path + "?depth=1" + (place.version.empty() ? "" : "&version=" + http::escape(place.version))));
    Json data = data_of(answer);
    // A version that was deleted is a 404 with a body.
    Json metadata = member(data, "metadata");
    if (answer.status == 404 && metadata.is_object()) {
      const bool destroyed = member(metadata, "destroyed") == Json(true);
      return fail(Code::kNotFound, place.str(), place.version.empty() ? "" : " version " + place.version, " was ",
                  destroyed ? "destroyed" : "deleted");
    }
    if (answer.status == 404)
      return fail(Code::kNotFound, place.str(), place.version.empty() ? "" : " version " + place.version,
                  " is not there");
    if (!answer.ok()) return error_of(session_, place.mount + "/subkeys/" + place.path, answer);
    Json subkeys = member(data, "subkeys");
    if (!subkeys.is_object()) return fail(Code::kCorrupt, "its answer has no keys");
    SecretFacts out;
    out.keys.emplace();
    for (const auto& [key, unused] : subkeys.items()) out.keys->insert(key);
    return out;
  }

  // KV version 1 gives keys with their values only, so that nothing but the list above is asked for.
  Result<SecretFacts> look_in_list(const Ctx& ctx, const SecretPlace& place) {
    const size_t slash = place.path.rfind('/');
    const std::string above = slash == std::string::npos ? "" : place.path.substr(0, slash);
    const std::string last = slash == std::string::npos ? place.path : place.path.substr(slash + 1);
    const std::string path = place.mount + "/" + escape_path(above);
    TRY(http::Response answer, session_.get(ctx, path + "?list=true"));
    if (answer.status == 404) return fail(Code::kNotFound, place.str(), " is not there");
    if (!answer.ok()) {
      Error error = error_of(session_, place.mount + "/" + above, answer);
      if (answer.status != 403) return error;
      return Error(std::move(error).hint("its token needs a policy: path \"" + place.mount + "/" + above +
                                         "\" { capabilities = [\"list\"] }"));
    }
    Json keys = member(data_of(answer), "keys");
    for (const Json& key : keys.is_array() ? keys : Json::array()) {
      if (key.is_string() && key.get<std::string>() == last) return SecretFacts{};
    }
    return fail(Code::kNotFound, place.str(), " is not there");
  }

  // creds/ROLE gives a user that exists from then on: only whether there is such a role is asked.
  Result<SecretFacts> look_at_role(const Ctx& ctx, const SecretPlace& place) {
    const bool fixed = starts_with(place.path, "static-creds/");
    if (!fixed && !starts_with(place.path, "creds/"))
      return fail(Code::kNotFound, place.str(), " is not there: below a database are creds/ROLE and static-creds/ROLE");
    const std::string role = place.path.substr(place.path.find('/') + 1);
    const std::string path = place.mount + (fixed ? "/static-roles/" : "/roles/") + escape_path(role);
    TRY(http::Response answer, session_.get(ctx, path));
    if (answer.status == 404) return fail(Code::kNotFound, "the database ", place.mount, " has no role ", role);
    if (!answer.ok()) return error_of(session_, path, answer);
    SecretFacts out;
    out.keys = {"username", "password"};
    return out;
  }

  Session session_;
};

}  // namespace

Result<std::unique_ptr<ports::Secrets>> make(const ports::Host& host, const ports::Instance& instance) {
  if (!starts_with(instance.url, "https://") && !starts_with(instance.url, "http://")) {
    return fail(Code::kInvalid, "instance ", instance.name, ": a secret store needs its url")
        .hint("url: https://vault.example.com:8200");
  }
  auto auth = instance.options.find("auth");
  if (auth != instance.options.end()) {
    const std::vector<std::string> known = {"token", "approle", "kubernetes", "jwt"};
    if (std::find(known.begin(), known.end(), auth->second) == known.end())
      return fail(Code::kInvalid, "instance ", instance.name, ": options.auth is ", join(known, ", "));
  }
  return std::unique_ptr<ports::Secrets>(std::make_unique<VaultSecrets>(host, instance));
}

}  // namespace autonomous::vault
