// Repository::tree_of: the files of a commit as a FileTree.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

namespace {

constexpr size_t kMostEntries = 300'000;
constexpr size_t kMostFolders = 100'000;  // one tree object can stand for 2^100 paths: folders count too

FileKind file_kind(Mode mode) {
  switch (mode) {
    case Mode::kExecutable: return FileKind::kExecutable;
    case Mode::kLink: return FileKind::kLink;
    case Mode::kSubmodule: return FileKind::kSubmodule;
    default: return FileKind::kFile;
  }
}

class GitTree final : public FileTree {
 public:
  GitTree(std::shared_ptr<const Repository::Rep> rep, Oid root) : rep_(std::move(rep)), root_(root) {}

  Result<std::vector<FileEntry>> list(std::string_view under) const override {
    std::vector<FileEntry> entries;
    Result<TreeEntry> top = find(under);
    if (!top && top.error().code() == Code::kNotFound && !under.empty()) return entries;
    if (!top) return std::move(top).error();
    if (!top->is_tree()) return entries;
    size_t folders = 0;
    std::string path(under);
    TRY_DO(walk(top->oid, path, 0, folders, entries));
    // git's order puts "a.b" before "a/b"; FileTree's is by bytes of the whole path.
    std::sort(entries.begin(), entries.end(), [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
    return entries;
  }

  Result<FileEntry> stat(std::string_view path) const override {
    TRY(TreeEntry found, find(path));
    if (found.is_tree()) return fail(Code::kNotFound, "no such file: ", one_line(path));
    return file_entry(std::string(path), found);
  }

  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override {
    TRY(TreeEntry found, find(path));
    if (found.is_tree() || found.mode == Mode::kSubmodule)
      return fail(Code::kNotFound, "no such file: ", one_line(path));
    TRY_WITH(std::string bytes, "while reading " + one_line(path),
             rep_->read_as(found.oid, ObjectKind::kBlob, max_bytes));
    return bytes;
  }

 private:
  Result<TreeEntry> find(std::string_view path) const {
    if (!path.empty() && !is_plain_path(path)) return fail(Code::kNotFound, "no such file: ", one_line(path));
    for (std::string_view part : split(path, '/')) {
      if (!path.empty() && !safe_name(part)) return fail(Code::kNotFound, "no such file: ", one_line(path));
    }
    return rep_->entry(root_, path);
  }

  Result<FileEntry> file_entry(std::string path, const TreeEntry& entry) const {
    uint64_t size = 0;
    if (entry.mode != Mode::kSubmodule) {
      TRY(size, rep_->pending->size(entry.oid));
    }
    return FileEntry{std::move(path), file_kind(entry.mode), size, entry.oid.hex()};
  }

  Result<void> walk(const Oid& tree, std::string& path, size_t depth, size_t& folders,
                    std::vector<FileEntry>& out) const {
    if (depth > kMostDepth) return fail(Code::kLimit, "folders more than ", kMostDepth, " deep: ", one_line(path));
    if (++folders > kMostFolders) return fail(Code::kLimit, "more than ", kMostFolders, " folders");
    TRY(auto entries, rep_->tree(tree));
    for (const TreeEntry& entry : entries) {
      size_t length = path.size();
      if (!path.empty()) path += '/';
      path += entry.name;
      if (!safe_name(entry.name)) return fail(Code::kInvalid, "a file's name is not safe: ", one_line(path));
      if (entry.is_tree()) {
        TRY_DO(walk(entry.oid, path, depth + 1, folders, out));
      } else {
        if (out.size() >= kMostEntries) return fail(Code::kLimit, "more than ", kMostEntries, " files");
        TRY(FileEntry file, file_entry(path, entry));
        out.push_back(std::move(file));
      }
      path.resize(length);
    }
    return ok();
  }

  std::shared_ptr<const Repository::Rep> rep_;
  Oid root_;
};

}  // namespace

Result<std::shared_ptr<const FileTree>> Repository::tree_of(const Oid& root, std::string_view folder) const {
  TRY(TreeEntry top, entry(root, folder));
  if (!top.is_tree()) return fail(Code::kNotFound, "no such folder: ", one_line(folder));
  return std::shared_ptr<const FileTree>(std::make_shared<GitTree>(rep_, top.oid));
}

}  // namespace autonomous::git
