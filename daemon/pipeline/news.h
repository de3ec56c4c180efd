// Whether a source commit is news for a target: against what was released of it, tried, and taken back by people.
// Reads git objects, changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/model/spec.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

// Where a target stands in the source: the newest commit whose content was released or found unchanged; "" for none.
std::string released_source(const store::TargetState* state);
// Whether an attempt with this source commit failed before there was a release.
bool failed_before(const store::TargetState& state, const git::Oid& commit);

// Why a commit is no news for a target.
struct NoNews {
  std::string gate, text;  // of `why`
  bool failed = false;     // it was tried
};

// One commit, asked of many targets: what changed since is asked of git once for each commit that they stand at.
class News {
 public:
  // folder: of the project in the repository; "": all of it.
  News(const git::Repository& repository, const git::Oid& commit, const std::string& folder)
      : repository_(repository), commit_(commit), folder_(folder) {}

  // Nothing: it is news. state: null before the target's first release.
  std::optional<NoNews> none_for(const store::TargetState* state, const model::App& app);

 private:
  // Paths below the project's folder; `known` false: the base is gone (a rewritten branch), so everything may have
  // changed.
  struct Changes {
    bool known = false;
    std::vector<std::string> paths;
  };
  const Changes& since(const std::string& base);
  Changes compute(const std::string& base) const;

  const git::Repository& repository_;
  git::Oid commit_;
  std::string folder_;
  std::map<std::string, Changes> changes_;  // by base
};

}  // namespace autonomous::daemon
