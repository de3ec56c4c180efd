// How the ssh program is called: which options, and what an address of a repository means to it. Pure. Internal to this
// module.
//
// Nothing of the user's counts (no configuration, agent, keys or known hosts), nothing is asked, and a host whose key
// is not known is refused: a first connection that trusts whoever answers would hand releases to anybody on the way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::git {

struct SshAddress {
  std::string host;  // user@host, without brackets
  std::string port;  // empty: ssh's own
  std::string path;  // as the server's git takes it
};

// ssh://[user@]host[:port]/path or [user@]host:path, which check_url has taken. kInvalid.
Result<SshAddress> parse_ssh(std::string_view url);

// key empty: none is shown. known_hosts empty: only the machine's (/etc/ssh/ssh_known_hosts) counts.
std::vector<std::string> ssh_options(const std::string& key, const std::string& known_hosts);

// For GIT_SSH_COMMAND, which a shell reads.
std::string ssh_command(const std::string& key, const std::string& known_hosts);

std::string shell_quoted(std::string_view text);

}  // namespace autonomous::git
