// What the hooks of the built-in hosting ask and tell: whether a push may come in, and that it did.
#include "daemon/pipeline/service.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"
#include "gitops/git/refs.h"

namespace autonomous::daemon {

namespace {

// A git that died in the middle of a push would otherwise be in the way of every later one.
void remove_dead_locks(const std::string& repository) {
  for (const std::string& lock : git::remove_stale_locks(repository, Millis(10'000)))
    log(Level::kWarning, "removed the lock of a process that is gone", {{"lock", lock}});
}

}  // namespace

Result<void> Service::check_source_push(const Ctx&, const Push& push) {
  TRY_DO(model::check_name("project", push.project, model::kMaxProject));
  remove_dead_locks(hosted_repository(push.project));
  PlatformPtr view = pipeline_.board().view();
  if (!view)
    return fail(Code::kUnavailable, "the GitOps repository was not read yet; push again in a moment").may_retry();
  auto bound = view->platform->projects.find(push.project);
  if (bound != view->platform->projects.end() && !bound->second.source.empty()) {
    return fail(Code::kDenied, "the project ", push.project, " lives at ",
                git::url_without_credentials(bound->second.source), ": push there");
  }
  return ok();
}

std::string Service::hosted_repository(const std::string& project) const {
  return pipeline_.options().sources.repositories + "/" + project + ".git";
}

void Service::source_pushed(const Push& push, const std::string&, ProgressPtr progress) {
  pipeline_.source_pushed(push, follower_of(std::move(progress)));
}

Result<void> Service::check_gitops_push(const Ctx&, const Push& push) {
  if (options_.hosted) remove_dead_locks(options_.gitops);
  for (const RefUpdate& update : push.updates) {
    bool deleted = update.new_oid.find_first_not_of('0') == std::string::npos;
    if (starts_with(update.ref, "refs/heads/autonomous/"))
      return fail(Code::kDenied, update.ref, " is the ledger: only the daemon writes it");
    if (starts_with(update.ref, "refs/tags/release/"))
      return fail(Code::kDenied, update.ref, ": release tags are made by the daemon and never change");
    bool ours = update.ref == "refs/heads/main" || update.ref == "refs/heads/" + options_.branch;
    if (ours && deleted) return fail(Code::kDenied, update.ref, " is part of the record and stays");
  }
  return ok();
}

void Service::gitops_pushed(const Push&, ProgressPtr progress) { pipeline_.writer().follow_sync(std::move(progress)); }

}  // namespace autonomous::daemon
