// Which commit of main a release's configuration is of: the newest that changed platform.yaml or the target's overlay,
// not the tip. So release.yaml stays the same, and what people approved stays what they approved, while main moves for
// others' reasons. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "daemon/pipeline/wish.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

class ConfigCommits {
 public:
  // view.commit where nothing older has the same platform.yaml and the same overlay ("" or a path below config/).
  std::string commit_for(const git::Repository& gitops, const PlatformView& view, const std::string& overlay);

 private:
  std::optional<git::Oid> changed_by(const git::Repository& gitops, const git::Oid& tip, const std::string& path);

  struct Known {
    git::Oid tip;     // of main, when it was looked for
    git::Oid commit;  // the newest that changed the path
  };
  std::mutex mutex_;                    // guards known_
  std::map<std::string, Known> known_;  // by path; the same as a walk of all of main would find
};

}  // namespace autonomous::daemon
