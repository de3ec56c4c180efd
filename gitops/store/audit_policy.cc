// Was a release allowed? Judged by the platform.yaml that it names, and by what the ledger said just before it.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/policy.h"

namespace autonomous::store {

namespace {

// A window that began while the release was being written does not make it wrong.
constexpr Millis kGrace{120'000};

model::Intent intent_of(const model::Trailers& trailers) {
  return trailers.trigger == model::Trigger::kRollback ? model::Intent::kRollback : model::Intent::kRelease;
}

}  // namespace

const Policy* Auditor::policy_of(const git::Oid& blob) {
  auto [known, fresh] = policies_.try_emplace(blob);
  Policy& policy = known->second;
  if (fresh) {
    auto text = repository_.blob(blob, 4u << 20);
    auto parsed = text ? model::parse_platform(*text) : model::Parsed<model::Platform>{};
    if (parsed) {
      policy.platform = std::move(parsed.value);
      auto approvers = git::AllowedSigners::parse(model::approvers_file(*policy.platform));
      if (approvers) policy.approvers = *std::move(approvers);
    }
  }
  return policy.platform ? &policy : nullptr;
}

// The blob of platform.yaml at a commit of main; zero: there is none.
git::Oid Auditor::platform_at(const git::Oid& commit) {
  auto [platform, fresh] = platforms_.try_emplace(commit);
  if (fresh && !commit.is_zero()) {
    auto entry = repository_.entry(commit, kPlatformFile);
    if (entry) platform->second = entry->oid;
  }
  return platform->second;
}

const Policy* Auditor::check_policy(const Named& named) {
  if (!named.trailers.policy) {
    find("policy-missing", Severity::kNote, "it names no policy", named.commit, "", &named);
    return nullptr;
  }
  git::Oid commit = git::Oid::parse(named.trailers.policy->commit).value_or(git::Oid());
  if (!on_main_.contains(commit)) {
    find("policy-unknown", Severity::kError, "its policy " + commit.short_hex(12) + " is not on main", named.commit, "",
         &named);
    return nullptr;
  }
  git::Oid platform = platform_at(commit);
  if (platform.hex() != named.trailers.policy->blob) {
    find("policy-unknown", Severity::kError, "platform.yaml at " + commit.short_hex(12) + " is another one",
         named.commit, "", &named);
    return nullptr;
  }
  auto last = last_policy_.find(named.target);
  if (last != last_policy_.end() && last->second != commit && !ancestor(last->second, commit))
    find("policy-older", Severity::kError, "the release before was judged by a newer policy", named.commit, "", &named);
  const Policy* policy = policy_of(platform);
  if (policy == nullptr)
    find("policy-unknown", Severity::kError, "platform.yaml at " + commit.short_hex(12) + " cannot be read",
         named.commit, std::string(kPlatformFile), &named);
  if (policy != nullptr && commit != in_force_) check_weaker(named, commit, platform);
  return policy;
}

// From the policy that the release before named (of any target), as the daemon goes on from there.
void Auditor::check_weaker(const Named& named, const git::Oid& commit, const git::Oid& blob) {
  CountsApproval counts = [&](const model::Entry& proposal, const model::Entry& approval, const model::Platform&) {
    if (approval.signature.empty()) return true;
    const Policy* judge = policy_of(git::Oid::parse(proposal.previous).value_or(git::Oid()));
    std::string why = judge == nullptr ? "nobody knows its key" : signature_trouble(proposal, approval, *judge);
    if (why.empty()) return true;
    find("approval-signature", Severity::kError,
         "the approval of " + approval.by.value_or(model::Who{}).str() + " for " + proposal.scope +
             "/platform.yaml: " + why,
         named.commit, "", &named);
    return false;
  };
  auto in_force = policy_in_force(repository_, in_force_, commit, builder_.state().platform, counts);
  if (!in_force) {
    return find("policy-unknown", Severity::kError, in_force.error().line(), named.commit, "", &named);
  }
  for (const PolicyQuestion& question : in_force->questions) {
    if (in_force->blob == blob) break;
    find("policy-weakened", Severity::kError,
         "platform.yaml of " + question.proposal.commit.substr(0, 12) + " is weaker for " + question.proposal.scope +
             " than the one before (" + join(question.weaker, "; ") + "), and " +
             std::to_string(question.counting.size()) + " of " + std::to_string(question.needed) +
             " approvals count in the ledger",
         named.commit, std::string(kPlatformFile), &named);
  }
}

// "" where it is good.
std::string Auditor::signature_trouble(const model::Entry& proposal, const model::Entry& approval,
                                       const Policy& policy) const {
  std::string text = model::approval_text(proposal, approval.until.value_or(Time{}));
  std::string email = approval.by ? approval.by->email : "";
  git::Verdict own = policy.approvers.verify(text, approval.signature, model::kApprovalNamespace, email);
  if (own.good) return "";
  // A file from outside says more than the repository about itself.
  bool outside = outside_keys_ > 0 && outside_.verify(text, approval.signature, model::kApprovalNamespace, email).good;
  return outside ? "" : own.reason;
}

void Auditor::check_rules(const Named& named, const Before& before, const Policy& policy) {
  const model::Trailers& trailers = named.trailers;
  const model::Environment* environment = model::find_environment(*policy.platform, named.target.environment);
  if (environment == nullptr) {
    return find("policy-unknown", Severity::kError, "its policy has no environment " + named.target.environment,
                named.commit, "", &named);
  }
  bool goes_back = trailers.trigger == model::Trigger::kRollback || trailers.trigger == model::Trigger::kRetire;
  if (before.hold && !goes_back) {
    find("past-hold", Severity::kError,
         "it was held since " + format_time(before.hold->since) + " by " + before.hold->by.str(), named.commit, "",
         &named);
  }
  if (before.bad && !trailers.rollback_of)
    find("bad-artifact", Severity::kError, "its artifact was marked bad before", named.commit, "", &named);
  if (auto violation = model::check_ticket(*environment, trailers.ticket))
    find("ticket-missing", Severity::kError, violation->message, named.commit, "", &named);
  check_freeze(named, before, *environment);
  check_approvals(named, before, policy, *environment);
}

void Auditor::check_freeze(const Named& named, const Before& before, const model::Environment& environment) {
  if (!model::freeze_applies(environment, intent_of(named.trailers)) || before.glass) return;
  if (before.freeze) {
    return find("in-freeze", Severity::kError,
                before.freeze->scope + " was frozen by " + before.freeze->by.str() + " since " +
                    format_time(before.freeze->since),
                named.commit, "", &named);
  }
  if (environment.freeze.empty()) return;
  auto window = model::frozen(environment, named.entry.time);
  auto earlier = model::frozen(environment, named.entry.time - kGrace);
  if (window && *window && earlier && *earlier)
    find("in-freeze", Severity::kError, "it was made in the window " + (*window)->text, named.commit, "", &named);
}

// Those of the ledger that are of exactly this release, and whose signatures (where they have one) are good.
std::vector<model::Entry> Auditor::sound_approvals(const Named& named, const Proposal& proposal, const Policy& policy) {
  std::vector<model::Entry> out;
  for (const model::Entry& approval : proposal.approvals) {
    bool same = approval.artifact == proposal.entry.artifact && approval.input_digest == proposal.entry.input_digest &&
                approval.tree == proposal.entry.tree;
    if (!same) continue;
    std::string trouble = approval.signature.empty() ? "" : signature_trouble(proposal.entry, approval, policy);
    if (!trouble.empty()) {
      find("approval-signature", Severity::kError,
           "the approval of " + approval.by.value_or(model::Who{}).str() + ": " + trouble, named.commit, "", &named);
      continue;
    }
    out.push_back(approval);
  }
  return out;
}

void Auditor::check_approvals(const Named& named, const Before& before, const Policy& policy,
                              const model::Environment& environment) {
  uint32_t needed = model::approvals_needed(environment, intent_of(named.trailers));
  std::vector<model::Entry> approvals;
  model::Responsible responsible;
  bool of_it = before.proposal && before.proposal->entry.input_digest == named.trailers.input_digest &&
               before.proposal->entry.tree == named.trailers.target_tree;
  if (of_it) {
    approvals = sound_approvals(named, *before.proposal, policy);
    responsible =
        model::with_stand(*policy.platform, environment.approvals,
                          responsible_for(before.proposal->entry, [&](const model::ReleaseId& id) { return row(id); }),
                          approvals, named.entry.time - kGrace);
  }
  for (const model::Who& who : named.trailers.approved_by) {
    bool known = std::any_of(approvals.begin(), approvals.end(),
                             [&](const model::Entry& approval) { return model::approved_by(approval) == who; });
    if (!known)
      find("approval-unknown", Severity::kError, "the ledger has no approval of this release by " + who.str(),
           named.commit, "", &named);
  }
  if (needed == 0) return;
  std::vector<model::Entry> counting = model::counting_approvals(*policy.platform, environment.approvals, responsible,
                                                                 approvals, named.entry.time - kGrace);
  report_.approvals += counting.size();
  report_.signed_approvals += static_cast<uint64_t>(std::count_if(
      counting.begin(), counting.end(), [](const model::Entry& approval) { return !approval.signature.empty(); }));
  if (counting.size() >= needed) return;
  std::string why = !of_it ? "; the ledger has no open proposal of it" : "";
  for (const model::Entry& approval : approvals) {
    std::string trouble = model::approval_trouble(*policy.platform, environment.approvals, responsible, approval,
                                                  named.entry.time - kGrace);
    if (why.empty() && !trouble.empty()) why = "; " + trouble;
  }
  find("approval-missing", Severity::kError,
       std::to_string(counting.size()) + " of " + std::to_string(needed) + " approvals count" + why, named.commit, "",
       &named);
}

}  // namespace autonomous::store
