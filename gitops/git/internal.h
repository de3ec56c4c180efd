// What the sources of this module share, and nobody else includes: libgit2's handles and errors.
#pragma once

#include <git2.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/object.h"
#include "gitops/git/oid.h"
#include "gitops/git/pending.h"
#include "gitops/git/ref_files.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

template <auto function>
struct GitFree {
  template <typename T>
  void operator()(T* handle) const {
    function(handle);
  }
};
using RepositoryHandle = std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using OdbHandle = std::unique_ptr<git_odb, GitFree<git_odb_free>>;
using OdbObjectHandle = std::unique_ptr<git_odb_object, GitFree<git_odb_object_free>>;
using BlameHandle = std::unique_ptr<git_blame, GitFree<git_blame_free>>;
using RevwalkHandle = std::unique_ptr<git_revwalk, GitFree<git_revwalk_free>>;

// Starts libgit2 once in the process, with no configuration but the repository's own. Every entry into this module
// that touches libgit2 calls it.
void init_libgit2();

// The error that libgit2 left on this thread, from its return value. Call at once, on the thread that failed.
Error git_failure(int returned, std::string_view doing);

inline git_oid to_git(const Oid& oid) {
  git_oid raw;
  std::memcpy(raw.id, oid.data(), Oid::kBytes);
  return raw;
}
inline Oid from_git(const git_oid& raw) { return Oid::from_bytes(raw.id); }

// The entry of that name, without making all the others. Of a tree that holds a name twice the last one counts.
Result<std::optional<TreeEntry>> find_in_tree(std::string_view bytes, std::string_view name);

// Folders in folders: beyond, it is no project but an attack on our stack.
inline constexpr size_t kMostDepth = 512;

// As tree_bytes, but takes any name: what others put beside our entries must not stop us.
Result<std::string> encode_tree(std::vector<TreeEntry> entries);

// The bytes of a tree without the entries that `drop` names, which go into `dropped`. kCorrupt, as parse_tree.
Result<std::string> without_names(std::string_view bytes, const std::function<bool(std::string_view)>& drop,
                                  std::vector<TreeEntry>& dropped);
// A tree's bytes with entries more, whose names it does not hold.
Result<std::string> merge_tree(std::string_view bytes, std::vector<TreeEntry> more);

// The state of a Repository; shared with the FileTrees that it gave out. The pending objects have a lock of their own
// and libgit2's git_odb is thread-safe; everything else belongs to the Repository's thread.
struct Repository::Rep {
  std::string path;         // the git directory
  std::string common;       // where objects and refs are: the same but in a linked worktree
  RepositoryHandle handle;  // for walks; its object database looks into `pending` first
  std::shared_ptr<Pending> pending;
  RefFiles refs{""};

  Result<RawObject> read(const Oid& oid, uint64_t max_bytes) const;
  Result<std::string> read_as(const Oid& oid, ObjectKind kind, uint64_t max_bytes) const;
  Result<std::vector<TreeEntry>> tree(const Oid& oid) const;
  Result<TreeEntry> entry(const Oid& tree, std::string_view path) const;
};

}  // namespace autonomous::git
