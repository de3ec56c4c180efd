#include "plugins/registry/challenge.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::registry {

namespace {

// key=value or key="value with \" in it", then what follows the comma.
bool take_parameter(std::string_view& rest, std::string& key, std::string& value) {
  rest = trim(rest);
  while (starts_with(rest, ",")) rest = trim(rest.substr(1));
  size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  key = to_lower(trim(rest.substr(0, equals)));
  rest = trim(rest.substr(equals + 1));
  value.clear();
  if (!starts_with(rest, "\"")) {
    size_t end = std::min(rest.find(','), rest.size());
    value = trim(rest.substr(0, end));
    rest = rest.substr(end);
    return true;
  }
  size_t at = 1;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
    value += rest[at];
  }
  if (at == rest.size()) return false;
  rest = rest.substr(at + 1);
  return true;
}

// Of "https://auth.docker.io:443/token": the scheme, and the host without its port.
std::string scheme_of(std::string_view url) { return to_lower(url.substr(0, std::min(url.find("://"), url.size()))); }

std::string without_port(std::string_view host) {
  size_t colon = host.rfind(':');
  size_t bracket = host.rfind(']');
  bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return to_lower(has_port ? host.substr(0, colon) : host);
}

std::string host_of(std::string_view url) {
  size_t start = url.find("://");
  if (start == std::string_view::npos) return "";
  std::string_view rest = url.substr(start + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  // What stands before an '@' would make another host look like this one.
  return rest.find('@') == std::string_view::npos ? without_port(rest) : "";
}

// The last two labels: "docker.io" of "registry-1.docker.io". An address has no domain.
std::string domain_of(const std::string& host) {
  bool address = host.find_first_not_of("0123456789.") == std::string::npos || host.find('[') != std::string::npos;
  size_t last = host.rfind('.');
  if (address || last == std::string::npos || last == 0) return host;
  size_t before = host.rfind('.', last - 1);
  return before == std::string::npos ? host : host.substr(before + 1);
}

}  // namespace

std::optional<Challenge> parse_challenge(std::string_view header) {
  header = trim(header);
  size_t space = std::min(header.find(' '), header.size());
  std::string scheme = to_lower(header.substr(0, space));
  Challenge out;
  if (scheme == "basic") return out;
  if (scheme != "bearer") return std::nullopt;
  out.scheme = Challenge::Scheme::kBearer;
  std::string_view rest = header.substr(space);
  std::string key;
  std::string value;
  while (take_parameter(rest, key, value)) {
    if (key == "realm") out.realm = value;
    if (key == "service") out.service = value;
    if (key == "scope") out.scope = value;
  }
  if (out.realm.empty()) return std::nullopt;
  return out;
}

bool may_see_credentials(std::string_view realm, std::string_view host, bool plain_http,
                         const std::vector<std::string>& allowed) {
  std::string asking = host_of(realm);
  if (asking.empty() || (scheme_of(realm) != "https" && !plain_http)) return false;
  std::string own = without_port(host);
  if (asking == own || std::find(allowed.begin(), allowed.end(), asking) != allowed.end()) return true;
  std::string domain = domain_of(own);
  return domain != own && (asking == domain || ends_with(asking, "." + domain));
}

}  // namespace autonomous::registry
