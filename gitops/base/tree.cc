#include "gitops/base/tree.h"

#include "gitops/base/text.h"

namespace autonomous {

namespace {

Error not_found(std::string_view path) { return fail(Code::kNotFound, "no such file: ", path); }

class SubTree final : public FileTree {
 public:
  SubTree(const FileTree& tree, std::string folder) : tree_(tree), folder_(std::move(folder)) {}

  Result<std::vector<FileEntry>> list(std::string_view under) const override { return outer(tree_.list(inner(under))); }
  Result<std::vector<FileEntry>> names(std::string_view under) const override {
    return outer(tree_.names(inner(under)));
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

  Result<std::vector<FileEntry>> outer(Result<std::vector<FileEntry>> entries) const {
    if (!entries) return entries;
    for (FileEntry& found : *entries) found.path.erase(0, folder_.empty() ? 0 : folder_.size() + 1);
    return entries;
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
