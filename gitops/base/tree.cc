#include "gitops/base/tree.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous {

namespace {

constexpr size_t kMaxEntries = 1'000'000;

Error not_found(std::string_view path) { return fail(Code::kNotFound, "no such file: ", path); }

class DiskTree final : public FileTree {
 public:
  explicit DiskTree(std::string root) : root_(std::move(root)) {}

  Result<std::vector<FileEntry>> list(std::string_view under) const override {
    std::vector<FileEntry> entries;
    TRY_DO(walk(std::string(under), entries));
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return entries;
  }

  Result<FileEntry> stat(std::string_view path) const override {
    if (!is_plain_path(path)) return not_found(path);
    struct stat info {};
    if (::lstat((root_ + "/" + std::string(path)).c_str(), &info) != 0 || S_ISDIR(info.st_mode)) return not_found(path);
    return entry(std::string(path), info);
  }

  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override {
    TRY(FileEntry found, stat(path));
    if (found.size > max_bytes)
      return fail(Code::kLimit, path, " has ", found.size, " bytes; the limit is ", max_bytes);
    std::string full = root_ + "/" + std::string(path);
    if (found.kind != FileKind::kLink) return read_file(full, max_bytes);
    std::string target(found.size + 1, '\0');
    ssize_t got = ::readlink(full.c_str(), target.data(), target.size());
    if (got < 0) return not_found(path);
    target.resize(static_cast<size_t>(got));
    return target;
  }

 private:
  static FileEntry entry(std::string path, const struct stat& info) {
    FileKind kind = S_ISLNK(info.st_mode)        ? FileKind::kLink
                    : (info.st_mode & 0111) != 0 ? FileKind::kExecutable
                                                 : FileKind::kFile;
    return {std::move(path), kind, static_cast<uint64_t>(info.st_size), ""};
  }

  Result<void> walk(const std::string& folder, std::vector<FileEntry>& out) const {
    std::string full = folder.empty() ? root_ : root_ + "/" + folder;
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(full.c_str()), ::closedir);
    if (!dir) {
      if (!folder.empty() && (errno == ENOENT || errno == ENOTDIR)) return ok();
      return fail(errno == ENOENT ? Code::kNotFound : Code::kInvalid, "cannot read the folder ", full, ": ",
                  std::strerror(errno));
    }
    while (const dirent* item = ::readdir(dir.get())) {
      std::string_view name = item->d_name;
      if (name == "." || name == "..") continue;
      std::string path = folder.empty() ? std::string(name) : folder + "/" + std::string(name);
      struct stat info {};
      if (::lstat((root_ + "/" + path).c_str(), &info) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        TRY_DO(walk(path, out));
      } else if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) {
        out.push_back(entry(std::move(path), info));
      }
      if (out.size() > kMaxEntries) return fail(Code::kLimit, root_, " holds more than ", kMaxEntries, " files");
    }
    return ok();
  }

  std::string root_;
};

class SubTree final : public FileTree {
 public:
  SubTree(const FileTree& tree, std::string folder) : tree_(tree), folder_(std::move(folder)) {}

  Result<std::vector<FileEntry>> list(std::string_view under) const override {
    TRY(auto entries, tree_.list(inner(under)));
    for (FileEntry& found : entries) found.path.erase(0, folder_.empty() ? 0 : folder_.size() + 1);
    return entries;
  }
  Result<FileEntry> stat(std::string_view path) const override {
    TRY(FileEntry found, tree_.stat(inner(path)));
    found.path = path;
    return found;
  }
  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override {
    return tree_.read(inner(path), max_bytes);
  }

 private:
  std::string inner(std::string_view path) const {
    if (folder_.empty()) return std::string(path);
    return path.empty() ? folder_ : folder_ + "/" + std::string(path);
  }

  const FileTree& tree_;
  std::string folder_;
};

}  // namespace

MemoryTree::MemoryTree(std::map<std::string, std::string> files) {
  for (auto& [path, content] : files) put(path, std::move(content));
}

void MemoryTree::put(std::string path, std::string content, FileKind kind) {
  files_[std::move(path)] = {std::move(content), kind};
}

Result<std::vector<FileEntry>> MemoryTree::list(std::string_view under) const {
  std::vector<FileEntry> entries;
  std::string prefix = under.empty() ? "" : std::string(under) + "/";
  for (auto it = files_.lower_bound(prefix); it != files_.end() && starts_with(it->first, prefix); ++it) {
    entries.push_back({it->first, it->second.kind, it->second.content.size(), ""});
  }
  return entries;
}

Result<FileEntry> MemoryTree::stat(std::string_view path) const {
  auto it = files_.find(path);
  if (it == files_.end()) return not_found(path);
  return FileEntry{it->first, it->second.kind, it->second.content.size(), ""};
}

Result<std::string> MemoryTree::read(std::string_view path, uint64_t max_bytes) const {
  auto it = files_.find(path);
  if (it == files_.end()) return not_found(path);
  if (it->second.content.size() > max_bytes) {
    return fail(Code::kLimit, path, " has ", it->second.content.size(), " bytes; the limit is ", max_bytes);
  }
  return it->second.content;
}

std::unique_ptr<FileTree> disk_tree(std::string root) { return std::make_unique<DiskTree>(std::move(root)); }

std::unique_ptr<FileTree> sub_tree(const FileTree& tree, std::string folder) {
  return std::make_unique<SubTree>(tree, std::move(folder));
}

Result<std::string> resolve_link(std::string_view path, std::string_view target) {
  auto leaves = [&] { return fail(Code::kDenied, "the link ", path, " -> ", one_line(target), " leaves its folder"); };
  if (target.empty() || target.front() == '/') return leaves();
  std::vector<std::string> parts;
  size_t slash = path.rfind('/');
  std::string joined =
      (slash == std::string_view::npos ? "" : std::string(path.substr(0, slash + 1))) + std::string(target);
  for (std::string_view part : split(joined, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (parts.empty()) {
      return leaves();
    } else {
      parts.pop_back();
    }
  }
  return join(parts, "/");
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace autonomous
