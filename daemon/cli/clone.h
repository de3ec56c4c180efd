// Clone: the GitOps repository that a command reads by itself, and what it finds in it by short names.
#pragma once

#include <memory>
#include <string>

#include "daemon/cli/command.h"
#include "gitops/base/file.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// A path, or a URL, which is cloned for the time of the command.
class Clone {
 public:
  // said: from the folder of the command; empty: that folder.
  static Result<Clone> of(Command& command, const std::string& said);
  // The same; where nothing was said and the folder is no such repository, the one that the daemon serves.
  static Result<Clone> here_or_served(Command& command, const std::string& said, const std::string& branch);
  const std::string& path() const { return path_; }

 private:
  explicit Clone(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::unique_ptr<TempFolder> folder_;
};

OptionSpec repo_option();
OptionSpec branch_option();

// "production/shop/web/42", a tag's name, or "web" for the newest of the only target that ends so.
Result<model::ReleaseId> find_release(const std::string& repository, const std::string& branch, std::string text);
// "web" or "production/shop/web" of what the clone knows.
Result<model::Target> find_recorded(const store::State& state, const std::string& text);

}  // namespace autonomous::daemon
