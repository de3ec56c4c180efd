// The built-in git hosting: which repositories there are, how one is made, and how git serves one. No Asio.
//
// <repos>/<project>.git are sources, made by the first push; <repos>/gitops.git is the GitOps repository, made by the
// store. They are a record: git is told to refuse deletions and rewrites, to fsync everything, and to run our hooks and
// no others, by configuration in its environment, whatever a repository's own configuration says. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/api.h"
#include "daemon/http/message.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

inline constexpr std::string_view kGitopsName = "gitops";

struct HostingOptions {
  std::string repos;              // <state>/repos
  std::string hooks;              // <state>/hooks
  std::string hook;               // the program that the hooks run: `hook pre-receive --socket … --deploy …`
  std::string socket;             // where the hooks find the daemon
  uint64_t max_push = 1u << 30;   // bytes of one push
  bool sources = true;            // false: the GitOps repository only
  std::string deploy = "deploy";  // its branch that says what runs
};

// What a URL under /git/ asks for. Only the smart protocol is served.
struct GitRequest {
  std::string name;        // of the repository: a project, or "gitops"
  std::string service;     // git-upload-pack | git-receive-pack
  bool advertise = false;  // GET info/refs
  bool gitops() const { return name == kGitopsName; }
  bool push() const { return service == "git-receive-pack"; }
};
// kNotFound for anything else; kInvalid, with what is wrong, for a name that no project can have.
Result<GitRequest> parse_git_request(const HttpRequest& request);

class Hosting {
 public:
  explicit Hosting(HostingOptions options) : options_(std::move(options)) {}
  // Makes the folders and writes the hooks; kNotFound where their program is missing.
  Result<void> prepare();
  std::string repository(std::string_view name) const;
  bool has(std::string_view name) const;
  // An empty bare repository whose first branch is main; fine when it is there already.
  Result<void> create(std::string_view name);
  // Environment of `git http-backend` for this request.
  std::vector<std::string> environment(const GitRequest& git, const HttpRequest& request, const Caller& caller,
                                       const std::string& content_length) const;
  const HostingOptions& options() const { return options_; }

 private:
  HostingOptions options_;
};

}  // namespace autonomous::daemon
