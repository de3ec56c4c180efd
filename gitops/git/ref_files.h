// The files that hold refs: loose ones and packed-refs (gitrepository-layout(5)). Internal to this module; same thread
// rules as Repository.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/oid.h"
#include "gitops/git/refs.h"

namespace autonomous::git {

// What packed-refs says. A value.
class PackedRefs {
 public:
  struct Line {
    std::string_view name;
    Oid oid;
    std::optional<Oid> peeled;
  };
  static Result<PackedRefs> parse(std::string text);

  std::optional<Oid> find(std::string_view name) const;
  // A ref below the folder `name` + "/", "" where there is none.
  std::string_view below(std::string_view name) const;
  const std::vector<Line>& lines() const { return lines_; }
  // Every tag line has its peeled value, so that what we add must have it too.
  bool fully_peeled() const { return fully_peeled_; }

 private:
  std::shared_ptr<const std::string> text_;
  std::vector<Line> lines_;  // by name
  bool fully_peeled_ = false;
};

class RefFiles {
 public:
  explicit RefFiles(std::string common) : common_(std::move(common)) {}

  // The text of a loose ref, without white space at the end; nothing where there is no such file.
  Result<std::optional<std::string>> loose(std::string_view name) const;
  // The value that its file holds; nothing where it has none; kInvalid for a symbolic one.
  Result<std::optional<Oid>> loose_value(std::string_view name) const;
  // The value of a ref that is not symbolic; nothing where there is none; kInvalid for a symbolic one.
  Result<std::optional<Oid>> value(std::string_view name) const;
  // Names of loose refs below `prefix`.
  Result<std::vector<std::string>> loose_names(std::string_view prefix) const;
  // Read anew unless the file is certainly the same.
  Result<std::shared_ptr<const PackedRefs>> packed() const;
  const std::string& folder() const { return common_; }

 private:
  struct Stamp {
    uint64_t device = 0, inode = 0;
    int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  std::string common_;
  mutable Stamp stamp_;
  mutable std::shared_ptr<const PackedRefs> packed_;
};

// An exclusive <path>.lock as git makes it; removed with the object.
class RefLock {
 public:
  RefLock(RefLock&& other) noexcept
      : path_(std::move(other.path_)), fd_(other.fd_), last_old_folder_(std::move(other.last_old_folder_)) {
    other.path_.clear();
    other.fd_ = -1;
  }
  RefLock& operator=(RefLock&&) = delete;
  ~RefLock();
  // `path`: what is locked. Folders on the way are made.
  static Result<RefLock> take(const Ctx& ctx, const std::string& path, class LockWatch& watch);
  Result<void> write_synced(std::string_view text);
  // Puts what was written in the place of `path`.
  Result<void> rename_into_place();
  // Stays locked, without a descriptor: nothing will be written.
  void close();
  bool is_open() const { return fd_ >= 0; }
  const std::string& locked() const { return path_; }

 private:
  RefLock(std::string path, int fd, std::string last_old_folder)
      : path_(std::move(path)), fd_(fd), last_old_folder_(std::move(last_old_folder)) {}
  std::string path_;
  int fd_;
  std::string
      last_old_folder_;  // those below it were made for the lock, and are synced with the ref; "": none was made
};

// Watches the locks of others, to tell the dead from the living: the same file for long, opened by nobody.
class LockWatch {
 public:
  LockWatch(std::vector<std::string> paths, Millis stale_after) : paths_(std::move(paths)), stale_after_(stale_after) {}
  // Called again and again while `path`.lock is there; removes it once it is dead.
  void meet(const std::string& path);

 private:
  struct Seen {
    std::string path;
    uint64_t inode = 0;
    int64_t seconds = 0, nanoseconds = 0;
    std::chrono::steady_clock::time_point since;
  };
  Seen look(const std::string& path) const;
  std::vector<std::string> paths_;
  Millis stale_after_;
  std::vector<Seen> seen_;
};

// Whether a process that we can see has the file open.
bool is_open_somewhere(uint64_t device, uint64_t inode);
// Takes a lock file out of the way unless it has become another file meanwhile.
bool remove_lock(const std::string& lock, uint64_t inode);

}  // namespace autonomous::git
