#include "daemon/http/access.h"

#include "daemon/http/peer.h"
#include "daemon/http/webhook.h"
#include "gitops/base/digest.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// Compares digests, so that the time taken tells nothing about the token.
bool same_secret(const std::string& a, const std::string& b) { return !a.empty() && sha256_hex(a) == sha256_hex(b); }

std::string presented_token(const HttpRequest& request) {
  std::string value = request.header("authorization");
  std::string scheme = to_lower(value.substr(0, value.find(' ')));
  std::string rest = value.find(' ') == std::string::npos ? "" : std::string(trim(value.substr(value.find(' ') + 1)));
  if (scheme == "bearer") return rest;
  std::string decoded;
  if (scheme != "basic" || !base64_decode(rest, decoded)) return "";
  size_t colon = decoded.find(':');
  return colon == std::string::npos ? "" : decoded.substr(colon + 1);
}

// "localhost:7300" → "localhost", "[::1]:7300" → "::1".
std::string host_of(const std::string& authority) {
  if (!authority.empty() && authority[0] == '[') return authority.substr(1, authority.find(']') - 1);
  return to_lower(authority.substr(0, authority.find(':')));
}

bool is_local_host(const std::string& host, const AccessRules& rules) {
  if (host == "localhost" || host == "::1" || (!rules.public_host.empty() && host == rules.public_host)) return true;
  if (!starts_with(host, "127.")) return false;
  return host.find_first_not_of("0123456789.") == std::string::npos;  // not 127.evil.example.com
}

Access refuse(int status, std::string why) { return Access{false, status, std::move(why), {}}; }
Access allow(Caller caller) { return Access{true, 200, "", std::move(caller)}; }

// Nothing: the request may act for whoever connected. Otherwise why it may not.
std::optional<Access> distrust(const AccessRules& rules, const HttpRequest& request) {
  for (const char* name : {"forwarded", "x-forwarded-for", "x-real-ip", "via"}) {
    if (request.headers.contains(name)) return refuse(401, "this came through a proxy, so a token is needed");
  }
  std::string host = request.header("host");
  if (!is_local_host(host_of(host), rules))
    return refuse(421, "the host name '" + one_line(host, 80) + "' is not ours: use localhost, or set public_url");
  std::string origin = request.header("origin");
  if (!origin.empty() && to_lower(origin) != "http://" + to_lower(host) &&
      to_lower(origin) != "https://" + to_lower(host)) {
    return refuse(403, "a page of another site may not do this");
  }
  std::string site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return refuse(403, "a page of another site may not do this");
  return std::nullopt;
}

Access check_socket(const AccessRules& rules, const HttpRequest& request, Permission permission,
                    const std::string& how) {
  if (!request.peer.uid) return refuse(403, "the kernel does not say who connected");
  if (permission == Permission::kHook && *request.peer.uid != rules.own_uid)
    return refuse(403, "only the daemon's own hooks may do this");
  return allow(caller_of_uid(*request.peer.uid, how));
}

}  // namespace

std::string_view permission_name(Permission permission) {
  switch (permission) {
    case Permission::kOpen: return "open";
    case Permission::kLook: return "look";
    case Permission::kAct: return "act";
    case Permission::kHook: return "hook";
    case Permission::kSigned: return "signed";
  }
  return "act";
}

Access check_access(const AccessRules& rules, const HttpRequest& request, Permission permission,
                    const std::string& how) {
  if (permission == Permission::kOpen) return allow({});
  // From anywhere, through any proxy: the signature is all that counts.
  if (permission == Permission::kSigned) {
    auto signer = webhook_signer(request, rules.webhooks ? rules.webhooks() : std::vector<Token>{}, rules.clock->now());
    if (!signer) return refuse(403, signer.error().text());
    return allow({*signer, "", "webhook " + *signer});
  }
  if (request.peer.unix_socket) return check_socket(rules, request, permission, how);
  if (permission == Permission::kHook) return refuse(404, "no such page");
  if (request.headers.contains("authorization")) {
    std::string token = presented_token(request);
    for (const Token& known : rules.tokens ? rules.tokens() : std::vector<Token>{}) {
      if (same_secret(token, known.secret)) return allow({known.name, "", "token " + known.name, "", known.name, {}});
    }
    return refuse(401, "the token is not known here");
  }
  if (!request.peer.loopback) return refuse(401, "from another machine a token is needed");
  if (auto refused = distrust(rules, request)) return *refused;
  if (permission == Permission::kLook) {
    return allow(request.peer.uid ? caller_of_uid(*request.peer.uid, how)
                                  : Caller{"somebody on this machine", "", "loopback"});
  }
  if (!request.peer.uid) return refuse(401, "the kernel does not say which user connected, so a token is needed");
  if (*request.peer.uid != rules.own_uid) {
    return refuse(401, "you are user " + std::to_string(*request.peer.uid) + " and the daemon runs as user " +
                           std::to_string(rules.own_uid) + ": use the Unix socket or a token");
  }
  return allow(caller_of_uid(*request.peer.uid, how));
}

}  // namespace autonomous::daemon
