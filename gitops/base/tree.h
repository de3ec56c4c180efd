// FileTree: a read-only tree of files, wherever it lives: in a git commit, a folder, an archive, or memory.
//
// Paths are relative, '/'-separated, without "." or ".." parts. A tree is immutable and may be read by several threads
// unless its implementation says otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous {

enum class FileKind : uint8_t { kFile, kExecutable, kLink, kSubmodule };

struct FileEntry {
  std::string path;
  FileKind kind = FileKind::kFile;
  uint64_t size = 0;  // bytes; of a link: the length of its target
  std::string oid;    // 40 hex digits where the tree knows one, else empty
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  // Every file, link and submodule below `under` ("" = all), bytewise by path; folders aren't listed.
  // kLimit when there are more than the tree's own bound (1,000,000).
  virtual Result<std::vector<FileEntry>> list(std::string_view under = "") const = 0;
  // The same, but sizes may be 0 and executables plain files: a folder on disk is then not asked about each of them.
  virtual Result<std::vector<FileEntry>> names(std::string_view under = "") const { return list(under); }
  // What is at `path`, without its content. kNotFound; a folder is not found.
  virtual Result<FileEntry> stat(std::string_view path) const = 0;
  // The whole content (of a link: its target). kNotFound; kLimit beyond max_bytes.
  virtual Result<std::string> read(std::string_view path, uint64_t max_bytes) const = 0;
};

// Files in memory: tests, archives, built-in charts.
class MemoryTree final : public FileTree {
 public:
  MemoryTree() = default;
  explicit MemoryTree(std::map<std::string, std::string> files);
  void put(std::string path, std::string content, FileKind kind = FileKind::kFile);
  Result<std::vector<FileEntry>> list(std::string_view under) const override;
  Result<FileEntry> stat(std::string_view path) const override;
  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override;

 private:
  struct File {
    std::string content;
    FileKind kind;
  };
  std::map<std::string, File, std::less<>> files_;
};

// A folder on disk, which is opened here: where nothing lies there yet, nothing is found later. Links are reported, not
// followed.
std::unique_ptr<FileTree> disk_tree(std::string root);

// The part of `tree` below `folder`, with paths relative to it. `tree` must outlive the result.
std::unique_ptr<FileTree> sub_tree(const FileTree& tree, std::string folder);

// Where a link at `path` with content `target` leads inside the tree, normalised; kDenied where it leaves it.
Result<std::string> resolve_link(std::string_view path, std::string_view target);

// True for a relative path of plain parts: no "", ".", "..", no leading or trailing '/', no NUL.
bool is_plain_path(std::string_view path);

}  // namespace autonomous
