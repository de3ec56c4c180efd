// What `git upload-pack` answers to protocol v2's ls-refs, out of the files that hold the refs and without a process:
// the same bytes (gitprotocol-v2(5); git's ls-refs.c). What is out of the ordinary (hidden refs, symbolic refs below
// refs/, damage, settings that bear on it) is left to git.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

struct LsRefs {
  bool peel = false, symrefs = false, unborn = false;
  std::vector<std::string> prefixes;  // none: all
};
// Nothing: another command, or something that git shall judge.
std::optional<LsRefs> parse_ls_refs_request(std::string_view body);

// Any thread. It holds the repository open, and packed-refs in memory for as long as the file is the same.
class RefServer {
 public:
  explicit RefServer(Repository repository);
  // Of a bare repository's folder.
  static Result<std::unique_ptr<RefServer>> open(const std::string& folder);
  ~RefServer();

  // The packets, with the flush at their end. Nothing: git has to be asked.
  std::optional<std::string> answer(const LsRefs& asked);

 private:
  struct Impl;
  std::mutex mutex_;  // guards impl_
  std::unique_ptr<Impl> impl_;
};

}  // namespace autonomous::git
