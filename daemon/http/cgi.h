// The git that serves a request, as a child whose three streams are pipes of ours. No Asio here: only descriptors.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "daemon/http/hosting.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

struct GitCommand {
  std::vector<std::string> argv;
  std::string folder;  // where it runs; empty: anywhere
  std::string begun;   // what stands before the command's own output: head and start of a CGI answer
};
// `git http-backend` starts a git, which starts another, and a push asks twice. So a push as git sends it goes to
// `git receive-pack` at once, with what http-backend would have said and checked (http-backend.c); all else, as packed
// bodies and other protocols, goes to http-backend. The environment is the same.
GitCommand git_command(const GitRequest& git, const HttpRequest& request, const std::string& repository);

// Descriptors are non-blocking and closed on exec; whoever takes them closes them. The child is a process group of its
// own.
struct CgiChild {
  pid_t pid = -1;
  int pidfd = -1;  // readable when it has ended
  int input = -1, output = -1, errors = -1;
};
Result<CgiChild> start_git(const GitCommand& command, const std::vector<std::string>& env);

// What stands before the body of a CGI answer.
struct CgiHead {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
};
// Takes the head off the front of `bytes`; false: more bytes are needed. kInvalid: no head at all, or one over 16 KiB.
Result<bool> take_cgi_head(std::string& bytes, CgiHead& head);

}  // namespace autonomous::daemon
