// RecordingTree: passes reads on and remembers what was read, so that exactly that can be kept for `verify`.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "gitops/base/tree.h"

namespace autonomous::daemon {

class RecordingTree final : public FileTree {
 public:
  explicit RecordingTree(const FileTree& tree) : tree_(tree) {}
  Result<std::vector<FileEntry>> list(std::string_view under) const override { return tree_.list(under); }
  Result<FileEntry> stat(std::string_view path) const override { return tree_.stat(path); }
  Result<std::string> read(std::string_view path, uint64_t max_bytes) const override {
    auto content = tree_.read(path, max_bytes);
    if (content) {
      std::lock_guard lock(mutex_);
      read_[std::string(path)] = *content;
    }
    return content;
  }
  // Path → content of all that was read.
  std::map<std::string, std::string> taken() const {
    std::lock_guard lock(mutex_);
    return read_;
  }

 private:
  const FileTree& tree_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string> read_;
};

}  // namespace autonomous::daemon
