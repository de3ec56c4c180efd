// The part of Service that is about platform.yaml itself: one that is weaker than the one in force waits for people.
#include <algorithm>

#include "daemon/pipeline/service.h"
#include "daemon/pipeline/signed_by.h"
#include "gitops/base/text.h"
#include "gitops/model/approval.h"

namespace autonomous::daemon {

namespace {

using store::PolicyQuestion;

// "" where it counts. Whoever agrees first may be held to be the one who asks: said as what it is.
std::string trouble_of(const PolicyQuestion& question, const model::Entry& approval, const model::Platform& platform,
                       Time now) {
  const model::Environment& environment = *model::find_environment(platform, question.proposal.scope);
  if (question.stands_for && approval.by && model::same_person(platform, *question.stands_for, *approval.by))
    return "who agrees first is held to be the one who asks";
  return model::approval_trouble(platform, environment.approvals, question.responsible, approval, now);
}

size_t counting(const PolicyQuestion& question, const model::Platform& platform, Time now) {
  const model::Environment& environment = *model::find_environment(platform, question.proposal.scope);
  return model::counting_approvals(platform, environment.approvals, question.responsible, question.approvals, now)
      .size();
}

}  // namespace

std::string waits_for(const PolicyQuestion& question, const model::Platform& platform, Time now) {
  size_t have = counting(question, platform, now);
  std::string out = std::to_string(have) + " of " + std::to_string(question.needed) + " approvals count";
  const model::Environment& environment = *model::find_environment(platform, question.proposal.scope);
  bool nobody_yet = !environment.approvals.without.empty() && !question.stands_for;
  if (nobody_yet) out += ", beside that of one who stands for it";
  return out + ": autonomous approve " + question.proposal.scope + "/platform.yaml";
}

ProposalRow Service::policy_row(const PolicyQuestion& question, std::optional<Time> until) const {
  PlatformPtr view = pipeline_.board().view();
  Time now = pipeline_.clock().now();
  const model::Entry& entry = question.proposal;
  ProposalRow row;
  row.target = entry.scope + "/platform.yaml";
  row.id = entry.id;
  row.tree = entry.tree;
  row.source_commit = entry.commit;
  row.subject = entry.subject;
  row.author = entry.author;
  row.because = "weaker: " + join(question.weaker, "; ");
  row.trigger = "configuration";
  row.needed = question.needed;
  row.at = now;
  for (const model::Entry& said : pipeline_.board().state()->platform) {
    if (said.type == model::EntryType::kPropose && said.id == entry.id) row.at = said.time;
  }
  const model::Environment* environment = model::find_environment(*view->platform, entry.scope);
  row.until = until.value_or(now + (environment != nullptr ? environment->approvals.expires : Millis(0)));
  row.text = model::approval_text(entry, row.until);
  row.why = waits_for(question, *view->platform, now);
  for (const model::Entry& approval : question.approvals) {
    row.approvals.push_back({approval.by->str(), approval.role, approval.because, approval.time, approval.until,
                             !approval.signature.empty(), trouble_of(question, approval, *view->platform, now)});
  }
  return row;
}

Result<ActionAnswer> Service::approve_policy(const Ctx& ctx, const Ask& ask, const ApproveRequest& request) {
  PlatformPtr view = pipeline_.board().view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  std::string scope = store::policy_scope(request.target);
  auto question = std::find_if(view->questions.begin(), view->questions.end(),
                               [&](const PolicyQuestion& each) { return each.proposal.scope == scope; });
  if (question == view->questions.end()) return fail(Code::kNotFound, request.target, " has nothing to approve");
  const model::Entry& open = question->proposal;
  if (!request.proposal.empty() && request.proposal != open.id) {
    return fail(Code::kConflict, "the proposal ", request.proposal, " is no longer open; ", open.id, " is")
        .hint("look at it first: `autonomous approve` lists what waits");
  }
  const model::Environment& environment = *model::find_environment(*view->platform, scope);
  Time now = pipeline_.clock().now();
  if (request.until && *request.until <= now)
    return fail(Code::kInvalid, "the approval would end in the past: ", format_time(*request.until));
  model::Entry entry;
  entry.type = model::EntryType::kApprove;
  entry.time = now;
  entry.scope = scope;
  entry.id = open.id;
  entry.tree = open.tree;
  entry.because = model::clean_value(ask.because);
  entry.ticket = model::clean_value(ask.ticket);
  entry.until = request.until.value_or(now + environment.approvals.expires);
  model::Identity who = identity(ask.who);
  if (!request.signature.empty()) {
    TRY(who, signed_by(*view->platform, model::approval_text(open, *entry.until), request.signature));
    entry.signature = request.signature;
  }
  entry.by = who.who;
  std::vector<std::string> roles = model::roles_for(*view->platform, "approve", scope, "", who);
  if (!view->platform->roles.empty() && roles.empty())
    return fail(Code::kDenied, who.who.name, " (", who.who.how, ") may not approve in ", scope)
        .hint("no role of the platform.yaml in force that can approve has them as a member");
  const std::vector<std::string>& from = environment.approvals.from;
  auto wanted = std::find_if(roles.begin(), roles.end(), [&](const std::string& role) {
    return from.empty() || std::find(from.begin(), from.end(), role) != from.end();
  });
  if (!roles.empty()) entry.role = wanted == roles.end() ? roles.front() : *wanted;
  // Who agrees first counts for nobody else where the policy says `not:`; all others have to count.
  bool stands_for_it = !environment.approvals.without.empty() && !question->stands_for;
  model::Approvals rules = environment.approvals;
  if (stands_for_it) rules.without.clear();
  std::string trouble = model::approval_trouble(*view->platform, rules, question->responsible, entry, now);
  if (!trouble.empty()) return fail(Code::kDenied, "the approval would not count: ", trouble);
  ActionAnswer answer{request.target +
                          (stands_for_it ? ": " + who.who.name + " stands for it" : ": approved by " + who.who.name) +
                          (entry.signature.empty() ? "" : ", signed"),
                      {}};
  if (!ask.dry_run) TRY_DO(pipeline_.writer().decide(ctx, {std::move(entry)}));
  PlatformPtr after = pipeline_.board().view();
  std::string text = "it is in force";
  for (const PolicyQuestion& left : after->questions) {
    if (left.proposal.id == open.id) text = waits_for(left, *after->platform, now);
    else if (text == "it is in force") text = "it waits for " + left.proposal.scope + ", too";
  }
  answer.affected = {{request.target, 0, text}};
  return answer;
}

}  // namespace autonomous::daemon
