// A folder on disk as a FileTree. Charts of a hundred small files are read from here: names are looked up from the
// folder's descriptor, not from the root of the file system, and no file is asked for twice.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gitops/base/file.h"
#include "gitops/base/tree.h"

namespace autonomous {

namespace {

constexpr size_t kMaxEntries = 1'000'000;

Error missing_file(std::string_view path) { return fail(Code::kNotFound, "no such file: ", path); }

FileEntry entry(std::string path, const struct stat& info) {
  FileKind kind = S_ISLNK(info.st_mode)        ? FileKind::kLink
                  : (info.st_mode & 0111) != 0 ? FileKind::kExecutable
                                               : FileKind::kFile;
  return {std::move(path), kind, static_cast<uint64_t>(info.st_size), ""};
}

class DiskTree final : public FileTree {
 public:
  explicit DiskTree(std::string root)
      : root_(std::move(root)),
        folder_(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
        why_not_(folder_ < 0 ? errno : 0) {}
  DiskTree(const DiskTree&) = delete;
  DiskTree& operator=(const DiskTree&) = delete;
  ~DiskTree() override {
    if (folder_ >= 0) ::close(folder_);
  }

  Result<std::vector<FileEntry>> list(std::string_view under) const override { return all_below(under, true); }
  Result<std::vector<FileEntry>> names(std::string_view under) const override { return all_below(under, false); }
  Result<FileEntry> stat(std::string_view path) const override {
    struct stat info {};
    if (!is_plain_path(path)) return missing_file(path);
    std::string name(path);
    if (::fstatat(folder_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(info.st_mode))
      return missing_file(path);
    return entry(std::move(name), info);
  }

  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override {
    if (!is_plain_path(path)) return missing_file(path);
    std::string name(path);
    int file = ::openat(folder_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
      if (errno == ELOOP) return read_link(name, max_bytes);
      bool nowhere = errno == ENOENT || errno == ENOTDIR || folder_ < 0;
      return nowhere ? missing_file(path) : system_error("read", root_ + "/" + name);
    }
    auto content = read_open_file(file, root_ + "/" + name, max_bytes);
    ::close(file);
    if (!content && content.error().code() == Code::kInvalid) return missing_file(path);  // it is a folder
    return content;
  }

 private:
  Result<std::vector<FileEntry>> all_below(std::string_view under, bool whole) const {
    std::vector<FileEntry> entries;
    std::string from(under);
    if (folder_ < 0) return unreadable("", why_not_);
    int folder = open_folder(folder_, from.empty() ? "." : from.c_str());
    if (folder < 0 && !from.empty() && (errno == ENOENT || errno == ENOTDIR)) return entries;
    if (folder < 0) return unreadable(from, errno);
    if (!from.empty()) from += '/';
    TRY_DO(walk(folder, from, whole, entries));
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return entries;
  }

  static int open_folder(int at, const char* name) {
    return ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }

  Error unreadable(const std::string& folder, int error) const {
    std::string full = folder.empty() ? root_ : root_ + "/" + folder;
    return fail(error == ENOENT ? Code::kNotFound : Code::kInvalid, "cannot read the folder ", full, ": ",
                std::strerror(error));
  }

  Result<std::string> read_link(const std::string& name, uint64_t max_bytes) const {
    TRY(FileEntry found, stat(name));
    if (found.size > max_bytes)
      return fail(Code::kLimit, name, " has ", found.size, " bytes; the limit is ", max_bytes);
    std::string target(found.size + 1, '\0');
    ssize_t got = ::readlinkat(folder_, name.c_str(), target.data(), target.size());
    if (got < 0) return missing_file(name);
    target.resize(static_cast<size_t>(got));
    return target;
  }

  // Appends what lies below the folder that is open as `fd`, and closes it; `prefix`: its path, with a '/' at the end.
  Result<void> walk(int fd, const std::string& prefix, bool whole, std::vector<FileEntry>& out) const {
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
    if (!folder) {
      ::close(fd);
      return fail(Code::kUnavailable, "no memory to list ", root_, "/", prefix);
    }
    while (const dirent* item = ::readdir(folder.get())) {
      std::string_view name = item->d_name;
      if (name == "." || name == "..") continue;
      struct stat info {};
      info.st_mode = static_cast<mode_t>(DTTOIF(item->d_type));  // 0 where the file system does not say
      bool ask = whole ? item->d_type != DT_DIR : item->d_type == DT_UNKNOWN;
      if (ask && ::fstatat(fd, item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      std::string path = prefix + item->d_name;
      if (S_ISDIR(info.st_mode)) {
        int below = open_folder(fd, item->d_name);
        if (below < 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
        if (below < 0) return unreadable(path, errno);
        TRY_DO(walk(below, path + "/", whole, out));
      } else if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) {
        out.push_back(entry(std::move(path), info));
      }
      if (out.size() > kMaxEntries) return fail(Code::kLimit, root_, " holds more than ", kMaxEntries, " files");
    }
    return ok();
  }

  std::string root_;
  int folder_;   // below 0: not there
  int why_not_;  // errno
};

}  // namespace

std::unique_ptr<FileTree> disk_tree(std::string root) { return std::make_unique<DiskTree>(std::move(root)); }

}  // namespace autonomous
