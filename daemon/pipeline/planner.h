// plan(): which targets a source commit is about, and why not the others. Reads git objects, changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/pipeline/config_commit.h"
#include "daemon/pipeline/wish.h"
#include "gitops/model/detect.h"
#include "gitops/store/state.h"

namespace autonomous::daemon {

struct PlanInput {
  SourceRepository source;
  std::string branch;  // without refs/heads/
  std::string default_branch;
  git::Oid commit;
  PlatformPtr view;
  store::StatePtr state;
  model::Who by;               // who pushed; empty: the commit's author, unverified
  std::string environment;     // only into this one, whatever the branch feeds (a promotion)
  bool configuration = false;  // main moved: targets at this very commit are wanted again, if something differs
  size_t max_apps = 1000;      // of the project
  // The same for single targets; null: none.
  std::function<bool(const model::Target&)> configured_otherwise;
  // Who changed on main what a target is made of, the likeliest first (config_commit.h); null: nobody asks git.
  std::function<std::vector<ConfigChange>(const model::Target&, const Neighbours&)> configured_by;
};

struct Skipped {
  model::Target target;
  std::string gate;  // of `why`: mapped, paths, seen
  std::string why;
};

struct Plan {
  SourceCommitPtr source;
  std::vector<std::string> environments;  // the branch goes to
  std::vector<WishPtr> wishes;
  std::vector<Skipped> skipped;
  std::vector<model::Target> vanished;                         // were released, and the spec has them no more
  std::map<std::string, std::shared_ptr<const Doubt>> doubts;  // by environment: they are in it, not in `vanished`
  std::vector<model::Target> found;                            // were orphaned, and are back
  std::vector<Error> errors;       // of the spec: nothing is released of the apps they are about
  std::vector<std::string> notes;  // what was detected, warnings, what is missing
  bool whole = false;              // the spec could be read: `vanished` means something
};

Plan plan(const git::Repository& repository, const PlanInput& input);

}  // namespace autonomous::daemon
