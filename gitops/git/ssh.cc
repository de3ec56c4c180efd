#include "gitops/git/ssh.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

// ssh splits the values of its options at blanks.
std::string option(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + "\"";
}

}  // namespace

Result<SshAddress> parse_ssh(std::string_view url) {
  SshAddress address;
  auto wrong = [&] { return fail(Code::kInvalid, "no address of a git repository over ssh: '", one_line(url), "'"); };
  if (!starts_with(to_lower(url.substr(0, 6)), "ssh://")) {
    size_t from = url.find('[') == std::string_view::npos ? 0 : url.find(']');
    size_t colon = from == std::string_view::npos ? from : url.find(':', from);
    if (colon == std::string_view::npos || colon + 1 == url.size()) return wrong();
    address.host = std::string(url.substr(0, colon));
    address.path = std::string(url.substr(colon + 1));
  } else {
    std::string_view rest = url.substr(6);
    size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return wrong();
    std::string_view authority = rest.substr(0, slash);
    address.path = std::string(rest.substr(slash));
    if (starts_with(address.path, "/~")) address.path.erase(0, 1);
    size_t colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
      address.port = std::string(authority.substr(colon + 1));
      authority = authority.substr(0, colon);
    }
    address.host = std::string(authority);
  }
  bool number = std::all_of(address.port.begin(), address.port.end(), [](char c) { return c >= '0' && c <= '9'; });
  std::erase_if(address.host, [](char c) { return c == '[' || c == ']'; });
  if (!number || address.port.size() > 5 || address.host.empty() || address.host[0] == '-' || address.path[0] == '-')
    return wrong();
  return address;
}

std::vector<std::string> ssh_options(const std::string& key, const std::string& known_hosts) {
  std::vector<std::string> options = {"-F", "/dev/null", "-T"};
  auto add = [&](std::string value) { options.insert(options.end(), {"-o", std::move(value)}); };
  for (const char* value :
       {"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3",
        "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "IdentitiesOnly=yes", "IdentityAgent=none",
        "ClearAllForwardings=yes", "PreferredAuthentications=publickey", "LogLevel=ERROR"})
    add(value);
  add(key.empty() ? "IdentityFile=none" : option("IdentityFile", key));
  add(known_hosts.empty() ? "UserKnownHostsFile=/dev/null" : option("UserKnownHostsFile", known_hosts));
  if (!known_hosts.empty()) add("GlobalKnownHostsFile=/dev/null");
  return options;
}

std::string ssh_command(const std::string& key, const std::string& known_hosts) {
  std::string command = "ssh";
  for (const std::string& option : ssh_options(key, known_hosts)) command += " " + shell_quoted(option);
  return command;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace autonomous::git
