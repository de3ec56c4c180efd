#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/ref_files.h"

namespace autonomous::git {

namespace {

// Where a folder is in the way of a file but holds nothing (git leaves such behind).
void remove_empty_folders(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return;
  while (dirent* entry = ::readdir(dir.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") remove_empty_folders(path + "/" + std::string(name));
  }
  ::rmdir(path.c_str());
}

// Of the folders on the way to this one, and itself.
std::string deepest_existing(std::string folder) {
  while (folder.rfind('/') != std::string::npos && folder.rfind('/') > 0 && !exists(folder))
    folder.resize(folder.rfind('/'));
  return folder;
}

}  // namespace

bool is_open_somewhere(uint64_t device, uint64_t inode) {
  std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return true;  // unknown is not dead
  while (dirent* process = ::readdir(proc.get())) {
    if (process->d_name[0] < '0' || process->d_name[0] > '9') continue;
    std::string folder = std::string("/proc/") + process->d_name + "/fd";
    std::unique_ptr<DIR, int (*)(DIR*)> files(::opendir(folder.c_str()), ::closedir);
    if (!files) continue;
    while (dirent* file = ::readdir(files.get())) {
      struct stat info {};
      if (::fstatat(::dirfd(files.get()), file->d_name, &info, 0) != 0) continue;
      if (info.st_dev == device && info.st_ino == inode) return true;
    }
  }
  return false;
}

bool remove_lock(const std::string& lock, uint64_t inode) {
  // Renamed first, so that of two who think it dead only one removes it, and never a third one's fresh lock.
  std::string aside = lock + ".dead-" + std::to_string(::getpid());
  if (::rename(lock.c_str(), aside.c_str()) != 0) return false;
  struct stat info {};
  bool same = ::stat(aside.c_str(), &info) == 0 && info.st_ino == inode;
  if (!same) (void)!::link(aside.c_str(), lock.c_str());
  ::unlink(aside.c_str());
  return same;
}

LockWatch::Seen LockWatch::look(const std::string& path) const {
  struct stat info {};
  Seen seen{path, 0, 0, 0, std::chrono::steady_clock::now()};
  if (::stat((path + ".lock").c_str(), &info) == 0) {
    seen.inode = info.st_ino;
    seen.seconds = info.st_mtim.tv_sec;
    seen.nanoseconds = info.st_mtim.tv_nsec;
  }
  return seen;
}

void LockWatch::meet(const std::string& path) {
  // A dead transaction leaves many locks: all are looked at from the first meeting on, so that they are waited for
  // once.
  if (seen_.empty()) {
    for (const std::string& other : paths_) seen_.push_back(look(other));
  }
  auto at = std::find_if(seen_.begin(), seen_.end(), [&](const Seen& seen) { return seen.path == path; });
  if (at == seen_.end()) at = seen_.insert(seen_.end(), look(path));
  Seen now = look(path);
  if (now.inode != at->inode || now.seconds != at->seconds || now.nanoseconds != at->nanoseconds) {
    *at = now;
    return;
  }
  if (now.inode == 0 || now.since - at->since < stale_after_) return;
  struct stat info {};
  if (::stat((path + ".lock").c_str(), &info) != 0 || info.st_ino != now.inode) return;
  if (is_open_somewhere(info.st_dev, info.st_ino)) return;
  if (remove_lock(path + ".lock", now.inode)) {
    log(Level::kWarning, "removed the lock of a process that is gone", {{"lock", path + ".lock"}});
  }
}

Result<RefLock> RefLock::take(const Ctx& ctx, const std::string& path, LockWatch& watch) {
  std::string lock = path + ".lock";
  Millis wait(1);
  std::string last_old_folder;
  for (int missing = 0;;) {
    int fd = ::open(lock.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) return RefLock(path, fd, std::move(last_old_folder));
    int error = errno;
    if (error == ENOTDIR) return fail(Code::kConflict, "another ref is in the way of ", path);
    if (error == ENOENT && missing++ < 10) {  // git removes empty folders while we make them
      std::string folder = path.substr(0, path.rfind('/'));
      std::string there = deepest_existing(folder);
      if (last_old_folder.empty() || there.size() < last_old_folder.size()) last_old_folder = std::move(there);
      Result<void> made = make_folders(folder);
      if (!made && missing == 10) return std::move(made).error();
      continue;
    }
    if (error == ENAMETOOLONG) return fail(Code::kInvalid, "the name of a ref is too long: ", one_line(path));
    if (error != EEXIST) return fail(Code::kUnavailable, "cannot lock ", path, ": ", std::strerror(error)).may_retry();
    watch.meet(path);
    if (Result<void> go_on = ctx.check(); !go_on) {
      if (go_on.error().code() == Code::kCancelled) return std::move(go_on).error();
      return fail(Code::kUnavailable, "somebody else holds ", lock).may_retry();
    }
    ctx.pause(wait);
    wait = std::min(wait * 2, Millis(50));
  }
}

void RefLock::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

RefLock::~RefLock() {
  close();
  if (path_.empty()) return;
  ::unlink((path_ + ".lock").c_str());
  // Whoever lists refs looks into each folder.
  std::string folder = path_;
  for (;;) {
    folder.resize(folder.rfind('/'));
    if (folder.ends_with("/refs/tags") || folder.ends_with("/refs/heads") || ::rmdir(folder.c_str()) != 0) break;
  }
}

Result<void> RefLock::write_synced(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return fail(Code::kUnavailable, "cannot write ", path_, ".lock: ", std::strerror(errno)).may_retry();
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(fd_) != 0)
    return fail(Code::kUnavailable, "cannot sync ", path_, ".lock: ", std::strerror(errno)).may_retry();
  return ok();
}

Result<void> RefLock::rename_into_place() {
  std::string lock = path_ + ".lock";
  if (::rename(lock.c_str(), path_.c_str()) != 0) {
    if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST) remove_empty_folders(path_);
    if (::rename(lock.c_str(), path_.c_str()) != 0) {
      return fail(Code::kUnavailable, "cannot put ", path_, " in place: ", std::strerror(errno)).may_retry();
    }
  }
  std::string path = std::move(path_);
  path_.clear();
  std::string folder = path.substr(0, path.rfind('/'));
  TRY_DO(sync_folder(folder));
  while (!last_old_folder_.empty() && folder.size() > last_old_folder_.size()) {
    folder.resize(folder.rfind('/'));
    TRY_DO(sync_folder(folder));
  }
  return ok();
}

}  // namespace autonomous::git
