// Sources: the projects' repositories, hosted by us or mirrored from elsewhere, and the heads of their branches.
//
// Hosted ones lie under <state>/repos and are read in place; others are mirrored under <state>/cache/mirrors, which may
// be deleted at any time. For any thread; but ask() and fetch() of one source by one at a time (watch.h sees to that).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
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

// What a source elsewhere says of itself, before anything is fetched.
struct Asked {
  std::vector<BranchHead> heads;
  std::vector<std::string> wanted;  // refspecs of what is not here yet
  std::string head;                 // what its HEAD names: refs/heads/…
};

class Sources {
 public:
  struct Options {
    std::string repositories;  // <state>/repos
    std::string mirrors;       // <state>/cache/mirrors
    std::string public_url;    // http://127.0.0.1:7300
    uint64_t max_bytes = 0;    // of a mirror; 0: no limit
    git::GitProgram git;
    git::HttpSend http;
    std::function<Result<git::RemoteSettings>(const std::string& url)> settings;
  };
  explicit Sources(Options options) : options_(std::move(options)) {}
  void set_public_url(const std::string& url) { options_.public_url = url; }

  // Those that the platform names, and hosted ones that it doesn't, by project.
  std::vector<SourceRepository> list(const model::Platform& platform) const;
  // For a start: locks that a git left in hosted repositories when it died.
  void remove_stale_locks() const;
  // The heads of all branches of a hosted one, by name.
  Result<std::vector<BranchHead>> hosted_heads(const SourceRepository& source) const;

  // One small request to where a source lives. A corrupt mirror is thrown away, and wanted again.
  Result<Asked> ask(const Ctx& ctx, const SourceRepository& source);
  // The heads, whose objects are on this disk afterwards: what is wanted is fetched.
  Result<std::vector<BranchHead>> fetch(const Ctx& ctx, const SourceRepository& source, Asked asked);
  // The mirror cannot be read: it is a cache, and made again at the next look.
  Result<void> discard(const SourceRepository& source);

 private:
  Result<git::Repository> open_mirror(const SourceRepository& source) const;
  Result<git::Remote*> remote_of(const SourceRepository& source);

  struct Known {
    git::RemoteSettings settings;
    git::Remote remote;
  };
  Options options_;
  std::mutex mutex_;                      // guards remotes_; a remote itself belongs to who looks at its source
  std::map<std::string, Known> remotes_;  // by project: each keeps what it learnt of its server
};

}  // namespace autonomous::daemon
