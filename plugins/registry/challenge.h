// Challenge: what a registry asks for when it answers 401 (RFC 9110, 11.6.1; distribution's token.md). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autonomous::registry {

struct Challenge {
  enum class Scheme : uint8_t { kBasic, kBearer };
  Scheme scheme = Scheme::kBasic;
  std::string realm;    // of a Bearer challenge: the URL that gives tokens
  std::string service;  // what it is called there
  std::string scope;    // "repository:charts/web:pull"
};

// One `WWW-Authenticate` header; nullopt for schemes that registries do not use, and for a Bearer without a realm.
std::optional<Challenge> parse_challenge(std::string_view header);

// Whether the server at `realm` (a URL) may be given the credentials for `host`: the registry's own host on any port,
// a host of the same domain, and those listed in `allowed`. Over plain http only where the registry itself is.
bool may_see_credentials(std::string_view realm, std::string_view host, bool plain_http,
                         const std::vector<std::string>& allowed);

}  // namespace autonomous::registry
