#include "gitops/base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "gitops/base/text.h"

namespace autonomous {

namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return ok();
}

}  // namespace

Error system_error(std::string_view doing, const std::string& path) {
  int error = errno;
  Code code = Code::kInternal;
  switch (error) {
    case ENOENT:
    case ENOTDIR: code = Code::kNotFound; break;
    case EACCES:
    case EPERM: code = Code::kDenied; break;
    // The machine's trouble, not the caller's: room is made, a disk comes back.
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case EROFS:
    case EMFILE:
    case ENFILE:
    case ENOMEM: code = Code::kUnavailable; break;
    default: break;
  }
  return fail(code, "cannot ", doing, " ", path, ": ", std::strerror(error)).may_retry(code == Code::kUnavailable);
}

Result<std::string> read_file(const std::string& path, uint64_t max_bytes) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("read", path);
  return read_open_file(fd.get(), path, max_bytes);
}

Result<std::string> read_open_file(int fd, const std::string& path, uint64_t max_bytes) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("read", path);
  if (S_ISDIR(info.st_mode)) return fail(Code::kInvalid, "cannot read ", path, ": it is a folder");
  const auto size = static_cast<size_t>(info.st_size);
  auto too_large = [&] { return fail(Code::kLimit, path, " is larger than ", max_bytes, " bytes"); };
  if (size > max_bytes) return too_large();
  // One byte more than it has: the answer then says that this was all. What has no size (/proc) is read to its end.
  std::string content(size + 1, '\0');
  for (size_t filled = 0;;) {
    if (filled == content.size()) content.resize(filled + 65536);
    size_t room = content.size() - filled;
    ssize_t got = ::read(fd, content.data() + filled, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path);
    filled += static_cast<size_t>(got);
    if (filled > max_bytes) return too_large();
    if (got == 0 || (size > 0 && filled == size && static_cast<size_t>(got) < room)) {
      content.resize(filled);
      return content;
    }
  }
}

Result<void> sync_folder(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open", path);
  if (::fsync(fd.get()) != 0) return system_error("sync", path);
  return ok();
}

Result<void> write_file_durable(const std::string& path, std::string_view content, unsigned mode) {
  std::string part = path + ".part" + std::to_string(::getpid());
  {
    Fd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd) return system_error("write", part);
    Result<void> written = write_all(fd.get(), content, part);
    if (written && ::fsync(fd.get()) != 0) written = system_error("sync", part);
    if (!written) {
      ::unlink(part.c_str());
      return written;
    }
  }
  if (::rename(part.c_str(), path.c_str()) != 0) {
    Error error = system_error("replace", path);
    ::unlink(part.c_str());
    return error;
  }
  return sync_folder(folder_of(path));
}

Result<void> write_file(const std::string& path, std::string_view content, unsigned mode) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return system_error("write", path);
  return write_all(fd.get(), content, path);
}

Result<void> make_folders(const std::string& path, unsigned mode) {
  // From the end: mostly only the last one is missing.
  size_t end = path.size();
  while (end > 0 && ::mkdir(path.substr(0, end).c_str(), mode) != 0) {
    if (errno == EEXIST) break;
    if (errno != ENOENT) return system_error("make the folder", path.substr(0, end));
    size_t slash = path.find_last_not_of('/', path.rfind('/', end - 1));
    if (slash == std::string::npos) return system_error("make the folder", path.substr(0, end));
    end = slash + 1;
  }
  while (end < path.size()) {
    end = path.find('/', path.find_first_not_of('/', end));
    end = std::min(end, path.size());
    if (::mkdir(path.substr(0, end).c_str(), mode) != 0 && errno != EEXIST)
      return system_error("make the folder", path.substr(0, end));
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    errno = ENOTDIR;
    return system_error("make the folder", path);
  }
  return ok();
}

Result<void> remove_all(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail(Code::kInternal, "cannot remove ", path, ": ", error.message());
  return ok();
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<TempFolder> TempFolder::make(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base != nullptr && *base != 0 ? base : "/tmp") + "/" + std::string(prefix) + "-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return system_error("make the folder", path);
  return TempFolder(std::move(path));
}

TempFolder::~TempFolder() {
  if (!path_.empty()) (void)remove_all(path_).has_value();
}

Result<LockFile> LockFile::take(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return system_error("open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("lock", path);
    char pid[32] = {};
    ssize_t got = ::read(fd.get(), pid, sizeof pid - 1);
    std::string owner(trim(std::string_view(pid, got > 0 ? static_cast<size_t>(got) : 0)));
    return fail(Code::kConflict, path, " is held by another process", owner.empty() ? "" : ", pid " + owner);
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0) return system_error("write", path);
  TRY_DO(write_all(fd.get(), pid, path));
  int kept = ::dup(fd.get());  // shares the lock; the first descriptor closes with this scope
  if (kept < 0) return system_error("lock", path);
  ::fcntl(kept, F_SETFD, FD_CLOEXEC);
  return LockFile(kept);
}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace autonomous
