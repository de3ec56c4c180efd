// The leaving part of Service: an app goes its own way, and nothing of it stops.
#include "daemon/pipeline/service.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

// The Application goes, as a commit on deploy that its root follows. It has no finalizer, so what it made stays.
Result<ActionAnswer> Service::let_go(const Ctx& ctx, const Ask& ask, const std::string& text, ProgressPtr) {
  TRY(Known known, this->known(text));
  TRY_DO(allowed(ask, "retire", known.target.environment, known.target.project));
  if (!known.state->orphaned) {
    return fail(Code::kConflict, text, " is still in the project's spec: the next push would take it on again")
        .hint("take it out of autonomous.yaml and push; then let go of it");
  }
  TRY(git::Repository repository, git::Repository::open(options_.gitops));
  std::string file = store::application_file(known.target);
  auto there = repository.entry(pipeline_.board().state()->deploy, file);
  if (!there && there.error().code() != Code::kNotFound) return std::move(there).error();
  if (!there) {
    return fail(Code::kConflict, text,
                known.state->taken_on ? "'s Application is gone from deploy already"
                                      : " is followed by nothing that could let go of it")
        .hint("what runs stays as it is");
  }
  auto live = known.state->live();
  std::string says = "Argo CD lets go of it: what runs stays, and nothing here follows it any more";
  ActionAnswer answer{text + ": " + says, {{text, live ? live->number : 0, says}}};
  if (ask.dry_run) return answer;
  store::TakeOn off;
  off.target = known.target;
  off.files[file] = std::nullopt;
  off.what = "let go of: what runs stays";
  model::Who by = who(ask.who);
  off.because = by.str() + (ask.because.empty() ? "" : ": " + ask.because);
  off.author = {by.name, by.email, std::nullopt};
  TRY_DO(pipeline_.writer().on_record(ctx, [off](const Ctx& within, store::Record& record) -> Result<void> {
    store::Batch batch;
    batch.taken.push_back(off);
    TRY(store::BatchResult result, record.commit(within, std::move(batch)));
    return result.taken.front() ? Result<void>(*result.taken.front()) : ok();
  }));
  return answer;
}

}  // namespace autonomous::daemon
