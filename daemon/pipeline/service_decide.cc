// The deciding part of Service: what waits is cancelled; freezes, marks, broken glass. Each decision is a ledger entry
// that is in force when the call returns.
#include <algorithm>

#include "daemon/pipeline/service.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kGlassBroken{3'600'000};

std::string until_text(const std::optional<Time>& until) { return until ? " until " + format_time(*until) : ""; }

}  // namespace

Result<void> check_until(const std::optional<Time>& until, Time now, std::string_view what) {
  if (!until || *until > now) return ok();
  return fail(Code::kInvalid, what, " would end in the past: ", format_time(*until));
}

Result<void> want_because(const Ask& ask, std::string_view what) {
  if (!trim(ask.because).empty()) return ok();
  return fail(Code::kInvalid, what, " needs a reason").hint("--because 'why'");
}

Result<ActionAnswer> Service::cancel(const Ctx& ctx, const Ask& ask, const std::string& text) {
  TRY(Known known, this->known(text));
  TRY_DO(allowed(ask, "cancel", known.target.environment, known.target.project));
  std::vector<Flight> flights = pipeline_.board().flights(known.target);
  std::erase_if(flights, [](const Flight& flight) {
    return flight.release.phase == model::Phase::kVerifying || flight.release.phase == model::Phase::kDone;
  });
  for (const Flight& flight : flights) {
    if (flight.release.phase == model::Phase::kCommitting)
      return fail(Code::kConflict, known.target.str(), " is being committed at this moment")
          .hint("`autonomous rollback` takes it back");
  }
  if (flights.empty() && !known.state->proposal && known.state->asked.empty())
    return fail(Code::kConflict, known.target.str(), " has nothing that waits")
        .hint("what was released is taken back with `autonomous rollback`");
  ActionAnswer answer{known.target.str() + ": cancelled", {}};
  std::vector<model::Entry> entries;
  auto end = [&](const std::string& id, const std::string& artifact, std::optional<model::SourceFact> source) {
    model::Entry entry = decision(model::EntryType::kCancel, ask, known.target);
    entry.id = id;
    entry.artifact = artifact;
    entry.source = std::move(source);
    entries.push_back(std::move(entry));
  };
  for (const Flight& flight : flights) {
    const SourceCommit* source = flight.wish->source.get();
    std::optional<model::SourceFact> fact;
    if (source != nullptr)
      fact = model::SourceFact{git::url_without_credentials(source->repository.url), source->id, source->ref};
    end(flight.proposal.empty() ? flight.ask : flight.proposal, artifact_of(*flight.wish), fact);
    answer.affected.push_back(
        {known.target.str(), 0, source ? source->id.substr(0, 7) + " " + source->subject : flight.wish->intent});
  }
  // What a daemon before us left, and what could not be made again.
  std::vector<model::Entry> waits = known.state->asked;
  if (known.state->proposal) waits.push_back(known.state->proposal->entry);
  for (const model::Entry& left : waits) {
    bool said = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.id == left.id; });
    if (!said) end(left.id, left.artifact, left.source);
  }
  if (ask.dry_run) return answer;
  std::string why = "cancelled by " + who(ask.who).name + (ask.because.empty() ? "" : ": " + ask.because);
  // Taken off first, so that nothing of it goes out between the words and the deed.
  for (const Flight& dropped : pipeline_.board().drop_pending(known.target, why)) (void)dropped;
  TRY_DO(pipeline_.writer().decide(ctx, std::move(entries)));
  return answer;
}

Result<ActionAnswer> Service::freeze(const Ctx& ctx, const Ask& ask, const std::string& scope, bool on,
                                     std::optional<Time> until) {
  PlatformPtr view = pipeline_.board().view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  std::string environment = scope.substr(0, scope.find('/'));
  std::string project;
  if (scope.find('/') != std::string::npos) {
    TRY(Known known, this->known(scope));
    project = known.target.project;
  } else if (model::find_environment(*view->platform, scope) == nullptr) {
    return fail(Code::kNotFound, "platform.yaml has no environment ", scope);
  }
  TRY_DO(allowed(ask, "freeze", environment, project));
  TRY_DO(check_until(until, pipeline_.clock().now(), "the freeze"));
  store::StatePtr state = pipeline_.board().state();
  auto there = state->freezes.find(scope);
  bool frozen =
      there != state->freezes.end() && (!there->second.until || *there->second.until > pipeline_.clock().now());
  if (!on && !frozen)
    return fail(Code::kConflict, scope, " is not frozen by anybody")
        .hint("windows of platform.yaml end by themselves; `autonomous break-glass` passes them");
  if (on) TRY_DO(want_because(ask, "a freeze"));
  ActionAnswer answer{
      scope + (on ? ": frozen" + until_text(until) + "; nothing is released there" : ": no longer frozen"), {}};
  if (ask.dry_run) return answer;
  model::Entry entry;
  entry.type = on ? model::EntryType::kFreeze : model::EntryType::kUnfreeze;
  entry.time = pipeline_.clock().now();
  entry.scope = scope;
  entry.by = who(ask.who);
  entry.because = model::clean_value(ask.because);
  entry.ticket = model::clean_value(ask.ticket);
  entry.until = until;
  TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  return answer;
}

Result<ActionAnswer> Service::mark(const Ctx& ctx, const Ask& ask, const std::string& text, uint32_t release,
                                   bool bad) {
  TRY(Known known, this->known(text));
  TRY_DO(allowed(ask, "mark-bad", known.target.environment, known.target.project));
  store::ReleaseRowPtr row = release != 0 ? known.state->find(release) : known.state->live();
  if (!row)
    return fail(Code::kNotFound, text,
                release != 0 ? " has no release " + std::to_string(release) : std::string(" was never released"));
  if (row->artifact.empty()) return fail(Code::kConflict, text, "/", row->number, " was made of no artifact");
  bool is = pipeline_.board().state()->is_bad(row->artifact);
  std::string what = "the artifact of " + known.target.str() + "/" + std::to_string(row->number) + " (" +
                     row->source_commit.substr(0, 7) + ")";
  if (is == bad) return fail(Code::kConflict, what, bad ? " is marked bad already" : " is not marked bad");
  if (bad) TRY_DO(want_because(ask, "a mark"));
  ActionAnswer answer{what + (bad ? " is bad: nothing releases or promotes it" : " may be released again"), {}};
  store::StatePtr state = pipeline_.board().state();
  for (const auto& [target, record] : state->targets) {
    store::ReleaseRowPtr live = record->live();
    if (live && live->artifact == row->artifact)
      answer.affected.push_back(
          {target.str(), live->number, bad ? "runs it; `autonomous rollback` takes it off" : "runs it"});
  }
  if (ask.dry_run) return answer;
  model::Entry entry = decision(bad ? model::EntryType::kMarkBad : model::EntryType::kUnmark, ask, known.target);
  entry.artifact = row->artifact;
  entry.number = row->number;
  entry.origin = model::ReleaseId{known.target, row->number}.str();  // the mark itself holds everywhere
  TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  return answer;
}

Result<ActionAnswer> Service::break_glass(const Ctx& ctx, const Ask& ask, const std::string& text,
                                          std::optional<Time> until) {
  TRY(model::Target target, model::Target::parse(text));
  TRY_DO(allowed(ask, "break-glass", target.environment, target.project));
  TRY_DO(want_because(ask, "breaking the glass"));
  Time now = pipeline_.clock().now();
  TRY_DO(check_until(until, now, "it"));
  Time end = until.value_or(now + kGlassBroken);
  ActionAnswer answer{target.str() + ": the next release passes every freeze until " + format_time(end), {}};
  if (ask.dry_run) return answer;
  model::Entry entry = decision(model::EntryType::kBreakGlass, ask, target);
  entry.until = end;
  TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  return answer;
}

}  // namespace autonomous::daemon
