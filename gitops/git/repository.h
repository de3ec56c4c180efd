// Repository: one bare git repository on disk, opened. Makes and reads objects without a worktree or an index.
//
// Owned by one thread at a time; open one for each thread (several may be open on one folder). The FileTrees that it
// gives out may be read by any thread and keep what they need alive. All writing is buffered: objects are visible
// through this Repository at once, and reach the disk together, as one synced pack, at flush() or before a transaction
// moves a ref (refs.h): a ref never names what a power cut could take away.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/base/tree.h"
#include "gitops/git/object.h"
#include "gitops/git/oid.h"

namespace autonomous::git {

// One change to a tree. Paths are plain ("a/b/c"), every part a safe_name.
struct TreeUpdate {
  std::string path;
  std::optional<Oid> oid;   // nothing: remove what is there (file or folder; fine when nothing is)
  Mode mode = Mode::kFile;  // kTree mounts a whole tree that exists already
};

// A path that differs between two trees. A zero oid: not there on that side. Never a folder.
struct PathChange {
  std::string path;
  Oid old_oid;
  Oid new_oid;
  Mode old_mode = Mode::kFile;  // meaningless where the oid is zero
  Mode new_mode = Mode::kFile;
};

struct WalkOptions {
  std::vector<Oid> hide;      // neither these nor their ancestors
  std::string path;           // only commits that change this file or folder against their first parent
  size_t limit = 0;           // 0: no limit
  bool oldest_first = false;  // parents before children; else newest first by committer time
  bool first_parent = false;
};

struct InitOptions {
  // Hosted by us: refuses non-fast-forwards and deletions, never collects by itself, checks what it receives.
  bool hosted = false;
  std::string head = "refs/heads/main";
};

class Repository {
 public:
  // A bare repository, or the .git folder of one with a worktree, or its worktree. kNotFound; kInvalid for SHA-256.
  static Result<Repository> open(const std::string& path);
  // Makes a bare repository with core.fsync=all, all at once: after a crash it is there whole or not at all.
  // Opens it where it is there already.
  static Result<Repository> init_bare(const std::string& path, const InitOptions& options = {});

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  const std::string& path() const;  // the git directory, without a final '/'

  // ---- reading. kNotFound where there is no such object, kInvalid where it is of another kind, kCorrupt, kLimit.
  bool has(const Oid& oid) const;
  Result<ObjectKind> kind(const Oid& oid) const;
  Result<std::string> read(const Oid& oid, ObjectKind kind, uint64_t max_bytes = 64u << 20) const;
  Result<std::string> blob(const Oid& oid, uint64_t max_bytes = 16u << 20) const;
  Result<Commit> commit(const Oid& oid) const;
  Result<Tag> tag(const Oid& oid) const;
  Result<std::vector<TreeEntry>> tree(const Oid& oid) const;
  // The tree of a commit, of an annotated tag's commit, or the tree itself.
  Result<Oid> peel_tree(const Oid& any) const;
  // The commit of an annotated tag, or the commit itself.
  Result<Oid> peel_commit(const Oid& any) const;
  // What is at `path` below `root` (a commit, tag or tree). kNotFound. "" is the tree itself.
  Result<TreeEntry> entry(const Oid& root, std::string_view path) const;
  // The only object whose name begins with these 4 to 40 digits; kNotFound, kConflict where there are several.
  Result<Oid> find_prefix(std::string_view hex) const;

  // The files below `folder` of a commit, tag or tree. Links and submodules are reported, never followed; entries with
  // names that are not safe_name make list() fail with kInvalid and aren't found by stat() and read(). kNotFound where
  // the folder isn't there.
  Result<std::shared_ptr<const FileTree>> tree_of(const Oid& root, std::string_view folder = "") const;

  // ---- history
  // Nothing where they have none.
  Result<std::optional<Oid>> merge_base(const Oid& a, const Oid& b) const;
  // True also where they are equal.
  Result<bool> is_ancestor(const Oid& ancestor, const Oid& descendant) const;
  Result<std::vector<Oid>> walk(const Oid& from, const WalkOptions& options = {}) const;
  // The newest commit up to `at` that wrote this line (from 1) of a file as it is there. kNotFound.
  Result<Oid> commit_of_line(const Oid& at, const std::string& path, uint32_t line) const;
  // Paths below `folder` ("" = all) that differ between two commits or trees (zero: nothing), bytewise by path. Equal
  // subtrees cost nothing. kLimit beyond max_changes.
  Result<std::vector<PathChange>> diff_paths(const Oid& a, const Oid& b, std::string_view folder = "",
                                             size_t max_changes = 1'000'000) const;

  // ---- writing (buffered)
  Result<Oid> write(ObjectKind kind, std::string_view bytes);
  Result<Oid> write_blob(std::string_view bytes) { return write(ObjectKind::kBlob, bytes); }
  Result<Oid> make_tree(std::vector<TreeEntry> entries);
  // The tree `base` (zero: empty) with all updates applied; returns its oid. Later updates win over earlier ones of the
  // same path. Folders that become empty vanish; a file in the way of a folder is kConflict unless it is removed in
  // the same call, and so is a file that would take the place of a folder.
  Result<Oid> update_tree(const Oid& base, const std::vector<TreeUpdate>& updates);
  Result<Oid> write_commit(const CommitDraft& draft, const SignFunction& sign = nullptr);
  Result<Oid> write_tag(const TagDraft& draft, const SignFunction& sign = nullptr);
  // Puts all that was written on disk, synced, and visible to other processes. Nothing to do is fine.
  Result<void> flush();
  // Forgets what was written since the last flush.
  void discard();

  // Looks again at what other processes wrote (packs after a fetch). Reads do it by themselves on a miss.
  void refresh();

  struct Rep;
  const std::shared_ptr<Rep>& rep() const { return rep_; }

 private:
  explicit Repository(std::shared_ptr<Rep> rep);
  std::shared_ptr<Rep> rep_;
};

}  // namespace autonomous::git
