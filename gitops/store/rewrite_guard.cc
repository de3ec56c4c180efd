#include "gitops/store/rewrite_guard.h"

#include <utility>

#include "gitops/base/log.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kUntil = "; nothing is written until an operator accepts it";

struct Branch {
  std::string name;
  git::Oid before, now;
};

}  // namespace

bool descends(const git::Repository& repository, const git::Oid& from, const git::Oid& to) {
  if (from.is_zero() || from == to) return true;
  if (to.is_zero()) return false;
  auto yes = repository.is_ancestor(from, to);
  return yes && *yes;
}

Error RewriteGuard::error() const {
  return fail(Code::kConflict, why_)
      .hint("look at the branch; when the rewrite is right: autonomous repair --accept-rewrite --because …");
}

Result<void> RewriteGuard::check(const git::Repository& repository, const Tips& known, const Tips& now) {
  for (const Branch& branch :
       {Branch{std::string(kMain), known.main, now.main}, Branch{branch_, known.deploy, now.deploy},
        Branch{ledger_branch(branch_), known.ledger, now.ledger}}) {
    if (descends(repository, branch.before, branch.now)) continue;
    why_ = "branch " + branch.name +
           " was rewritten: " + (branch.now.is_zero() ? "it is gone" : branch.now.short_hex(12)) +
           " does not descend from " + branch.before.short_hex(12) + std::string(kUntil);
    return error();
  }
  return ok();
}

void RewriteGuard::stop_for(const Move& pushed) {
  std::string branch = pushed.ref.substr(std::string_view("refs/heads/").size());
  why_ = "branch " + branch + " was rewritten: " + pushed.to.short_hex(12) + ", which was pushed last, is not on it" +
         std::string(kUntil);
  (branch == branch_ ? given_up_.deploy : given_up_.ledger) = pushed.to;
  log(Level::kError, why_, {});
}

void RewriteGuard::stop_for_release(const git::Oid& commit) {
  why_ = "branch " + branch_ + " was rewritten: the newest release's commit " + commit.short_hex(12) + " is not on it" +
         std::string(kUntil);
  if (std::exchange(told_, why_) != why_) log(Level::kError, why_, {});
}

bool RewriteGuard::is_back(const git::Repository& repository, const Tips& known, const Tips& now) const {
  auto back = [&](const git::Oid& given_up, const git::Oid& before, const git::Oid& tip) {
    return descends(repository, given_up.is_zero() ? before : given_up, tip);
  };
  return back(given_up_.main, known.main, now.main) && back(given_up_.deploy, known.deploy, now.deploy) &&
         back(given_up_.ledger, known.ledger, now.ledger);
}

}  // namespace autonomous::store
