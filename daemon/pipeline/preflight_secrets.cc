#include "daemon/pipeline/preflight_secrets.h"

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kAllSecrets{5'000};  // a release does not wait longer for advice

// The spec's line that declares it: of {NAME: place}, or of the list.
Error at_secret(Error error, const model::App& app, const std::string& name) {
  const model::Value* secrets = app.merged.find("secrets");
  if (secrets == nullptr) return error;
  for (const model::Member& member : secrets->members) {
    if (member.key == name) return Error(std::move(error).at(member.line > 0 ? member.place() : member.value.place()));
  }
  return Error(std::move(error).at(secrets->place()));
}

std::string how_to_put(const char* verb, const model::SecretPlace& place) {
  return std::string("vault kv ") + verb + " -mount=" + place.mount + " " + place.path + " " + place.key + "=…";
}

}  // namespace

std::map<std::string, model::SecretPlace> secret_places(const model::App& app, const std::string& pattern) {
  std::map<std::string, model::SecretPlace> out;
  for (const auto& [name, written] : app.secrets) {
    const std::string& where = written.empty() ? pattern : written;
    if (!where.empty()) out[name] = model::parse_secret_place(where, name);
  }
  return out;
}

Preflight check_secret(const model::App& app, const std::string& store, const std::string& name,
                       const model::SecretPlace& place, const Result<ports::SecretFacts>& found) {
  Preflight out;
  const std::string otherwise = "; or say where it is: secrets: {" + name + ": " + place.mount + "/path#key}";
  if (!found && found.error().code() != Code::kNotFound) {
    out.warnings.push_back("whether " + store + " has the secret " + name + " (" + place.str() +
                           ") is not known: " + shorten(one_line(found.error().message()), 300) +
                           (found.error().hint().empty() ? "" : "; " + one_line(found.error().hint(), 300)));
    return out;
  }
  if (!found) {
    Error error = fail(Code::kInvalid, "secrets.", name, ": ", one_line(found.error().message(), 300), " (", store,
                       "): its container would not start")
                      .hint(place.dynamic ? "have the database's owners make the role, or name another one"
                                          : how_to_put("put", place) + otherwise);
    out.errors.push_back(at_secret(std::move(error), app, name));
    return out;
  }
  if (!found->keys) {
    out.unchecked.push_back("keys of secrets in " + place.mount + " (KV version 1 tells them with their values only)");
    return out;
  }
  if (found->keys->contains(place.key)) return out;
  const std::string meant = nearest(place.key, std::vector<std::string>(found->keys->begin(), found->keys->end()));
  Error error = fail(Code::kInvalid, "secrets.", name, ": ", place.str(), " has no key '", one_line(place.key, 100),
                     "' (", store, "): its container would not start")
                    .hint(place.dynamic   ? "it has username and password: " + name + ": " + place.str() + "#password"
                          : meant.empty() ? how_to_put("patch", place) + otherwise
                                          : "did you mean " + name + ": " + place.str() + "#" + one_line(meant, 100) +
                                                "? else " + how_to_put("patch", place));
  out.errors.push_back(at_secret(std::move(error), app, name));
  return out;
}

Preflight look_at_secrets(const Ctx& ctx, ports::Secrets* store, const model::App& app,
                          const model::Environment& environment, const model::Target& names) {
  Preflight out;
  if (app.secrets.empty()) return out;
  if (store == nullptr) {
    out.unchecked.push_back("whether the store has the secrets (" + environment.name +
                            " names no instance of kind vault)");
    return out;
  }
  const auto places = secret_places(app, model::expand(environment.secrets, names));
  if (places.size() < app.secrets.size())
    out.unchecked.push_back("where the secrets live (" + environment.name + " has no `secrets:` in platform.yaml)");
  const Ctx soon = ctx.within(kAllSecrets);
  std::map<std::pair<std::string, std::string>, Result<ports::SecretFacts>> known;  // by place and version
  std::string away;                                                                 // asked no more
  for (const auto& [name, place] : places) {
    if (!away.empty()) {
      out.warnings.push_back("whether " + store->name() + " has the secret " + name + " (" + place.str() +
                             ") is not known: " + away);
      continue;
    }
    auto found = known.find({place.str(), place.version});
    if (found == known.end())
      found = known.emplace(std::pair(place.str(), place.version), store->look(soon, place)).first;
    out.add(check_secret(app, store->name(), name, place, found->second));
    if (found->second) continue;
    const Code code = found->second.error().code();
    if (code == Code::kUnavailable || code == Code::kTimeout) away = "it was not asked again";
  }
  return out;
}

}  // namespace autonomous::daemon
