// The deciding part of Service: promotions, approvals, freezes, marks. Each decision is a ledger entry that is in force
// when the call returns.
#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/signed_by.h"
#include "gitops/base/text.h"
#include "gitops/model/approval.h"
#include "gitops/model/policy.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kGlassBroken{3'600'000};

std::string until_text(const std::optional<Time>& until) { return until ? " until " + format_time(*until) : ""; }

Result<void> check_until(const std::optional<Time>& until, Time now, std::string_view what) {
  if (!until || *until > now) return ok();
  return fail(Code::kInvalid, what, " would end in the past: ", format_time(*until));
}

Result<void> want_because(const Ask& ask, std::string_view what) {
  if (!trim(ask.because).empty()) return ok();
  return fail(Code::kInvalid, what, " needs a reason").hint("--because 'why'");
}

// "3f2c1ab Fix the cart", or what else it is.
std::string short_text(const model::Entry& proposal) {
  if (!proposal.source) return proposal.origin.empty() ? "proposal " + proposal.id : proposal.origin;
  return proposal.source->commit.substr(0, 7) + " " + proposal.subject;
}

// As the gate will judge it.
std::string approval_trouble_of(const model::Entry& approval, const store::Proposal& proposal,
                                const store::State& state, const model::Platform& platform, Time now) {
  const model::Environment* environment = model::find_environment(platform, proposal.entry.target->environment);
  if (environment == nullptr) return "the environment is gone";
  return model::approval_trouble(platform, environment->approvals, responsible_for(proposal.entry, state), approval,
                                 now);
}

}  // namespace

model::Identity Service::identity(const Caller& caller) const {
  model::Identity out{model::Who::clean(caller.name, caller.email, caller.how), caller.user, caller.token,
                      caller.groups};
  PlatformPtr view = pipeline_.board().view();
  if (!view) return out;
  auto person = view->platform->people.find(caller.token.empty() ? caller.user : caller.token);
  if (person == view->platform->people.end()) return out;
  const model::Person& known = person->second;
  out.who = model::Who::clean(known.full_name.empty() ? out.who.name : known.full_name,
                              known.email.empty() ? out.who.email : known.email, caller.how);
  return out;
}

Result<void> Service::allowed(const Ask& ask, std::string_view action, const std::string& environment,
                              const std::string& project) const {
  PlatformPtr view = pipeline_.board().view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  model::Identity who = identity(ask.who);
  if (model::may(*view->platform, action, environment, project, who)) return ok();
  std::vector<std::string> roles;
  for (const auto& [name, role] : view->platform->roles) {
    bool allows = std::find(role.can.begin(), role.can.end(), action) != role.can.end();
    if (allows) roles.push_back(name);
  }
  return fail(Code::kDenied, who.who.name, " (", who.who.how, ") may not ", action,
              environment.empty() ? "" : " in " + environment)
      .hint(roles.empty() ? "no role of platform.yaml allows it to anybody"
                          : "platform.yaml allows it to: " + join(roles, ", "));
}

// ---- promotion

Result<WishPtr> Service::promotion(const model::Target& target, const model::ReleaseId& from,
                                   const store::ReleaseRow& row, const Ask& ask) const {
  PlatformPtr view = pipeline_.board().view();
  if (row.source_commit.empty())
    return fail(Code::kConflict, from.str(), " was made of no source commit: there is no artifact to move");
  TRY_WITH(WishPtr planned, "while looking for the source of " + from.str(),
           pipeline_.plan_target(target, row.source_commit, view));
  auto wish = std::make_shared<Wish>(*planned);
  auto source = std::make_shared<SourceCommit>(*planned->source);
  if (!row.source_ref.empty()) source->ref = row.source_ref;
  source->repository.url = row.source_url;  // as it was built, although the source may have moved since
  wish->source = std::move(source);
  wish->trigger = model::Trigger::kPromotion;
  wish->by = who(ask.who);
  wish->because = ask.because;
  wish->ticket = ask.ticket;
  wish->promoted_from = from;
  wish->artifact = row.artifact;
  for (const model::ImageFact& image : row.images) wish->images[image.name] = image.reference;
  return WishPtr(std::move(wish));
}

Result<ActionAnswer> Service::promote(const Ctx& ctx, const Ask& ask, const PromoteRequest& request,
                                      ProgressPtr progress) {
  TRY(model::Target target, model::Target::parse(request.target));
  TRY_DO(allowed(ask, "promote", target.environment, target.project));
  PlatformPtr view = pipeline_.board().view();
  const model::Environment* environment = model::find_environment(*view->platform, target.environment);
  if (environment == nullptr) return fail(Code::kNotFound, "platform.yaml has no environment ", target.environment);
  if (environment->from.kind != model::Feed::Kind::kEnvironment) {
    return fail(Code::kConflict, target.environment,
                " is not promoted to: platform.yaml does not feed it from an environment")
        .hint("environments: {" + target.environment + ": {from: staging}} on main; or `autonomous deploy`");
  }
  model::Target source{environment->from.name, target.project, target.app};
  store::StatePtr state = pipeline_.board().state();
  store::TargetPtr record = state->find(source);
  store::ReleaseRowPtr row = !record ? nullptr : request.from != 0 ? record->find(request.from) : record->live();
  if (!row)
    return fail(
        Code::kNotFound, source.str(),
        request.from != 0 ? " has no release " + std::to_string(request.from) : std::string(" was never released"));
  model::ReleaseId from{source, row->number};
  store::ReleaseRowPtr well = record->last_good(0, request.unverified, state.get());
  std::string good = well ? "; --from " + std::to_string(well->number) + " is the newest that is well" : "";
  if (!row->outcome) return fail(Code::kConflict, from.str(), " is still being verified", good).may_retry();
  bool healthy = row->outcome->verdict == model::Verdict::kHealthy;
  bool unverified = row->outcome->verdict == model::Verdict::kUnverified;
  if (unverified && !request.unverified) {
    return fail(Code::kConflict, "nobody knows whether ", from.str(), " works: ", row->outcome->reason)
        .hint("--unverified promotes it all the same");
  }
  if (!healthy && !unverified)
    return fail(Code::kConflict, from.str(), " is ", model::verdict_name(row->outcome->verdict), ": ",
                row->outcome->reason, good);
  TRY(WishPtr wish, promotion(target, from, *row, ask));
  return want(ctx, std::move(wish), ask, "takes what runs as " + from.str() + (unverified ? ", unverified" : ""),
              std::move(progress));
}

// ---- approvals

ProposalRow Service::proposal_row(const model::Target& target, const store::Proposal& proposal,
                                  std::optional<Time> until) const {
  const model::Entry& entry = proposal.entry;
  ProposalRow row;
  row.target = target.str();
  row.id = entry.id;
  row.artifact = entry.artifact;
  row.input_digest = entry.input_digest;
  row.tree = entry.tree;
  if (entry.source) row.source_commit = entry.source->commit;
  row.subject = entry.subject;
  row.author = entry.author;
  if (entry.by) row.who = entry.by->str();
  row.because = entry.because;
  row.ticket = entry.ticket;
  if (entry.trigger) row.trigger = model::trigger_name(*entry.trigger);
  row.origin = entry.origin;
  row.at = entry.time;
  PlatformPtr view = pipeline_.board().view();
  Time now = pipeline_.clock().now();
  const model::Environment* environment = view ? model::find_environment(*view->platform, target.environment) : nullptr;
  row.until = until.value_or(now + (environment ? environment->approvals.expires : Millis(0)));
  row.text = model::approval_text(entry, row.until);
  for (const Flight& flight : pipeline_.board().flights(target)) {
    if (flight.proposal == entry.id) row.why = flight.release.blocked;
  }
  if (environment == nullptr) return row;
  model::Intent intent =
      entry.trigger == model::Trigger::kRollback ? model::Intent::kRollback : model::Intent::kRelease;
  row.needed = model::approvals_needed(*environment, intent);
  for (const model::Entry& approval : proposal.approvals) {
    ProposalRow::Approval shown{approval.by ? approval.by->str() : "",
                                approval.role,
                                approval.because,
                                approval.time,
                                approval.until,
                                !approval.signature.empty(),
                                ""};
    shown.trouble = approval_trouble_of(approval, proposal, *pipeline_.board().state(), *view->platform, now);
    row.approvals.push_back(std::move(shown));
  }
  return row;
}

Result<std::vector<ProposalRow>> Service::proposals(const Ctx&, std::optional<Time> until) {
  store::StatePtr state = pipeline_.board().state();
  std::vector<ProposalRow> out;
  for (const model::Target& target : state->proposals) {
    store::TargetPtr record = state->find(target);
    if (record && record->proposal) out.push_back(proposal_row(target, *record->proposal, until));
  }
  if (PlatformPtr view = pipeline_.board().view()) {
    for (const store::PolicyQuestion& question : view->questions) out.push_back(policy_row(question, until));
  }
  return out;
}

Result<ActionAnswer> Service::approve(const Ctx& ctx, const Ask& ask, const ApproveRequest& request,
                                      ProgressPtr progress) {
  if (!store::policy_scope(request.target).empty()) return approve_policy(ctx, ask, request);
  TRY(Known known, this->known(request.target));
  if (!known.state->proposal) return fail(Code::kNotFound, known.target.str(), " has nothing to approve");
  const store::Proposal open = *known.state->proposal;
  if (!request.proposal.empty() && request.proposal != open.entry.id) {
    return fail(Code::kConflict, "the proposal ", request.proposal, " is no longer open; ", open.entry.id, " is")
        .hint("look at it first: `autonomous approve` lists what waits");
  }
  PlatformPtr view = pipeline_.board().view();
  const model::Environment* environment = model::find_environment(*view->platform, known.target.environment);
  if (environment == nullptr)
    return fail(Code::kNotFound, "platform.yaml has no environment ", known.target.environment);
  if (proposal_row(known.target, open, {}).needed == 0) {
    return fail(Code::kConflict, known.target.str(), " needs nobody's approval; it ",
                proposal_row(known.target, open, {}).why);
  }
  Time now = pipeline_.clock().now();
  TRY_DO(check_until(request.until, now, "the approval"));
  model::Entry entry = decision(model::EntryType::kApprove, ask, known.target);
  entry.id = open.entry.id;
  entry.artifact = open.entry.artifact;
  entry.input_digest = open.entry.input_digest;
  entry.tree = open.entry.tree;
  entry.until = request.until.value_or(now + environment->approvals.expires);
  model::Identity who = identity(ask.who);
  if (!request.signature.empty()) {
    // Whoever carries the signature here need not be the one who signed.
    TRY(who, signed_by(*view->platform, model::approval_text(open.entry, *entry.until), request.signature));
    entry.by = who.who;
    entry.signature = request.signature;
  }
  std::vector<std::string> roles =
      model::roles_for(*view->platform, "approve", known.target.environment, known.target.project, who);
  if (!view->platform->roles.empty() && roles.empty())
    return fail(Code::kDenied, who.who.name, " (", who.who.how, ") may not approve in ", known.target.environment)
        .hint("no role of platform.yaml that can approve has them as a member");
  for (const std::string& role : roles) {
    const std::vector<std::string>& from = environment->approvals.from;
    bool wanted = from.empty() || std::find(from.begin(), from.end(), role) != from.end();
    if (wanted && entry.role.empty()) entry.role = role;
  }
  if (entry.role.empty() && !roles.empty()) entry.role = roles.front();
  std::string trouble = approval_trouble_of(entry, open, *pipeline_.board().state(), *view->platform, now);
  if (!trouble.empty()) return fail(Code::kDenied, "the approval would not count: ", trouble);
  std::string text = "approved by " + entry.by->name + (entry.signature.empty() ? "" : ", signed");
  ActionAnswer answer{known.target.str() + ": " + text + ", " + short_text(open.entry), {}};
  if (!ask.dry_run) {
    TRY_DO(pipeline_.writer().decide(ctx, {entry}));
    if (progress) {
      auto follower = std::make_shared<Follower>(std::move(progress));
      pipeline_.board().follow(known.target, open.entry.id, follower);
      follower->complete();
    }
    store::TargetPtr after = pipeline_.board().state()->find(known.target);
    if (after && after->proposal && after->proposal->entry.id == open.entry.id)
      text = proposal_row(known.target, *after->proposal, {}).why;
  }
  answer.affected = {{known.target.str(), 0, text.empty() ? "enough have agreed" : text}};
  return answer;
}

Result<ActionAnswer> Service::reject(const Ctx& ctx, const Ask& ask, const std::string& text,
                                     const std::string& proposal) {
  TRY(Known known, this->known(text));
  // Who may approve may also say no.
  if (!allowed(ask, "approve", known.target.environment, known.target.project))
    TRY_DO(allowed(ask, "reject", known.target.environment, known.target.project));
  if (!known.state->proposal) return fail(Code::kNotFound, known.target.str(), " has nothing to reject");
  const model::Entry& open = known.state->proposal->entry;
  if (!proposal.empty() && proposal != open.id)
    return fail(Code::kConflict, "the proposal ", proposal, " is no longer open; ", open.id, " is");
  TRY_DO(want_because(ask, "a rejection"));
  ActionAnswer answer{known.target.str() + ": rejected, " + short_text(open),
                      {{known.target.str(), 0, "what waits behind it goes on"}}};
  if (ask.dry_run) return answer;
  model::Entry entry = decision(model::EntryType::kReject, ask, known.target);
  entry.id = open.id;
  entry.artifact = open.artifact;
  entry.source = open.source;
  TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  return answer;
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

// ---- freezes, marks, broken glass

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
