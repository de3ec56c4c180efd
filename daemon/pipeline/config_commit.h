// Which commit of main a release's configuration is of: the newest that changed platform.yaml or the target's overlay,
// not the tip. So release.yaml stays the same, and what people approved stays what they approved, while main moves for
// others' reasons. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

// Who changed on main what a target is made of.
struct ConfigChange {
  std::string file;  // the overlay, platform.yaml, or the overlay of an app that it is bound to
  git::Oid commit;   // the newest that changed it; of a merge that only brought it in: the one that it brought in
  git::Person author;
  std::string subject;  // hostile
};

// What differs between main at `before` (zero: nothing was there) and at `now`, of these files, in their order.
std::vector<ConfigChange> config_changes(const git::Repository& gitops, const git::Oid& before, const git::Oid& now,
                                         const std::vector<std::string>& files);
// The same of what a target's newest release was made with (`live`; null: nothing), the most special file first.
std::vector<ConfigChange> config_changes(const git::Repository& gitops, const store::ReleaseRow* live,
                                         const PlatformView& view, const model::Target& target,
                                         const Neighbours& neighbours);
// "main: config/staging/shop/web.yaml was changed in <commit>": lines for a release's prose, of our own words only.
std::string prose_of(const std::vector<ConfigChange>& changes);

}  // namespace autonomous::daemon
