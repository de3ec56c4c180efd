// What waits for people, and what they say to it. Each word is a ledger entry that is in force when the call returns.
#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/signed_by.h"
#include "gitops/model/approval.h"
#include "gitops/model/policy.h"

namespace autonomous::daemon {

namespace {

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
  return model::approval_trouble(platform, environment->approvals,
                                 model::with_stand(platform, environment->approvals,
                                                   responsible_for(proposal.entry, state), proposal.approvals, now),
                                 approval, now);
}

// The first to agree to what came with main does not count where the policy wants others than who asks (approval.h).
bool will_stand_for(const model::Entry& approval, const store::Proposal& proposal, const store::State& state,
                    const model::Platform& platform, Time now) {
  const model::Approvals& rules = model::find_environment(platform, proposal.entry.target->environment)->approvals;
  model::Responsible responsible = responsible_for(proposal.entry, state);
  std::vector<model::Entry> with = proposal.approvals;
  if (model::with_stand(platform, rules, responsible, with, now).stands_for) return false;
  with.push_back(approval);
  return model::with_stand(platform, rules, responsible, with, now).stands_for == approval.by;
}

}  // namespace

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
  bool stands = will_stand_for(entry, open, *pipeline_.board().state(), *view->platform, now);
  std::string text = (stands ? entry.by->name + " stands for it" : "approved by " + entry.by->name) +
                     (entry.signature.empty() ? "" : ", signed");
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

}  // namespace autonomous::daemon
