// RewriteGuard: whether somebody rewrote a branch. Then nothing may be written until an operator accepts that, or the
// branch is as it was again. Owned by the writer's thread.
#pragma once

#include <string>
#include <utility>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"
#include "gitops/store/journal.h"

namespace autonomous::store {

// Whether `to` goes on from `from`; anything goes on from zero.
bool descends(const git::Repository& repository, const git::Oid& from, const git::Oid& to);

class RewriteGuard {
 public:
  // branch: of what runs (RecordConfig::branch).
  explicit RewriteGuard(std::string branch) : branch_(std::move(branch)) {}

  bool stopped() const { return !why_.empty(); }
  // Why, and what to do about it. Stopped before.
  Error error() const;

  // Stops where a branch of `now` does not go on from that of `known`, and says so (kConflict).
  Result<void> check(const git::Repository& repository, const Tips& known, const Tips& now);
  // `pushed`, which was pushed last, is not on its branch: it is given up.
  void stop_for(const Move& pushed);
  // The newest release's commit is not on deploy.
  void stop_for_release(const git::Oid& commit);

  // The tips that a rewrite replaced, where that was before what is known now.
  void give_up(const Tips& before) { given_up_ = before; }
  // deploy as it was before the rewrite, if all that came since is `known`.
  git::Oid deploy_before(const Tips& known) const {
    return given_up_.deploy.is_zero() ? known.deploy : given_up_.deploy;
  }
  // All that was replaced is on the branches again.
  bool is_back(const git::Repository& repository, const Tips& known, const Tips& now) const;

  // No longer stopped, as far as that goes: gives why it was. What was given up stays, for the next look.
  std::string lift() { return std::exchange(why_, ""); }
  // It goes on.
  void end() {
    why_.clear();
    given_up_ = Tips{};
  }

 private:
  std::string branch_;
  std::string why_;   // "": not stopped
  std::string told_;  // what the log said of a lost release last: each look finds it again
  Tips given_up_;     // zero: what is known
};

}  // namespace autonomous::store
