// Files on disk: whole reads, durable writes, temporary folders, locks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous {

Result<std::string> read_file(const std::string& path, uint64_t max_bytes = 64u << 20);
// The same of a file that was opened as `fd`, which stays open; `path` is for messages.
Result<std::string> read_open_file(int fd, const std::string& path, uint64_t max_bytes);
// What errno says of a call that failed: "cannot <doing> <path>: <why>".
Error system_error(std::string_view doing, const std::string& path);
// Writes beside `path`, fsyncs, renames, fsyncs the folder: after success the new content survives a power cut; after a
// failure the old one is still there. mode: permissions of a new file.
Result<void> write_file_durable(const std::string& path, std::string_view content, unsigned mode = 0644);
// Quick, for what may be lost (cache, tests).
Result<void> write_file(const std::string& path, std::string_view content, unsigned mode = 0644);
Result<void> make_folders(const std::string& path, unsigned mode = 0755);
Result<void> sync_folder(const std::string& path);
// Removes a folder with all that is in it; does not follow links. Fine when it isn't there.
Result<void> remove_all(const std::string& path);
bool exists(const std::string& path);

// A folder that is removed with the object.
class TempFolder {
 public:
  static Result<TempFolder> make(std::string_view prefix = "autonomous");
  TempFolder(TempFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempFolder& operator=(TempFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TempFolder();
  const std::string& path() const { return path_; }

 private:
  explicit TempFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// An exclusive lock on a file that holds the owner's pid; released with the object, or by the kernel when we die.
class LockFile {
 public:
  // kConflict, with the other's pid in the message, where somebody holds it.
  static Result<LockFile> take(const std::string& path);
  LockFile(LockFile&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  LockFile& operator=(LockFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~LockFile();

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace autonomous
