// Sources: the projects' repositories, hosted by us or mirrored from elsewhere, and the heads of their branches.
//
// Hosted ones lie under <state>/repos and are read in place; others are mirrored under <state>/cache/mirrors, which may
// be deleted at any time. Used by the watcher's thread; list() and open() by any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/git/remote.h"
#include "gitops/git/repository.h"
#include "gitops/model/platform.h"

namespace autonomous::daemon {

struct SourceRepository {
  std::string project;
  std::string url;     // for records: without credentials
  std::string remote;  // where it is fetched from; empty: hosted by us
  std::string path;    // of the bare repository on this disk
  std::string folder;  // of a monorepo; empty: the root
  std::string branch;  // the default branch as the platform names it; empty: the repository's HEAD
  bool hosted() const { return remote.empty(); }
};

struct BranchHead {
  std::string branch;  // without refs/heads/
  git::Oid commit;
  bool is_default = false;
  bool operator==(const BranchHead&) const = default;
};

class Sources {
 public:
  struct Options {
    std::string repositories;  // <state>/repos
    std::string mirrors;       // <state>/cache/mirrors
    std::string public_url;    // http://127.0.0.1:7300
    git::GitProgram git;
    git::HttpSend http;
    std::function<Result<git::Credential>(const std::string& url)> credential;
  };
  explicit Sources(Options options) : options_(std::move(options)) {}

  // Those that the platform names, and hosted ones that it doesn't, by project.
  std::vector<SourceRepository> list(const model::Platform& platform) const;
  // The heads of all branches, by name; their objects are on this disk afterwards. For a mirror: one small request when
  // nothing changed, a fetch of what did otherwise. A corrupt mirror is made again.
  Result<std::vector<BranchHead>> heads(const Ctx& ctx, const SourceRepository& source);

 private:
  Result<std::vector<BranchHead>> hosted_heads(const SourceRepository& source) const;
  Result<std::vector<BranchHead>> mirrored_heads(const Ctx& ctx, const SourceRepository& source);
  Result<git::Repository> open_mirror(const SourceRepository& source) const;
  Result<git::Remote*> remote_of(const SourceRepository& source);

  Options options_;
  std::map<std::string, git::Remote> remotes_;  // by URL: each keeps what it learnt of its server
};

}  // namespace autonomous::daemon
