// policy: which platform.yaml of main is in force (design.md §10: weakening a policy needs the old policy's approvals).
// Answered by git alone, the same by every daemon and by the audit: from the policy that the newest release names,
// along main's first parents, each platform.yaml follows the one before, unless it is weaker (model/weaker.h) and the
// ledger does not hold the approvals that the one before asks for. Any thread with a repository of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/model/entry.h"
#include "gitops/model/platform.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// What people are asked to agree to, of one environment: an entry `propose` without a target, whose `scope` is the
// environment, `tree` the new platform.yaml, `previous` the one in force, `commit` that of main, `id` a digest of
// these.
struct PolicyQuestion {
  model::Entry proposal;
  uint32_t needed = 0;
  std::vector<std::string> weaker;       // in what, as sentences
  std::vector<model::Entry> approvals;   // all, oldest first, one a person's last word
  std::vector<model::Entry> counting;    // of them
  std::optional<model::Who> stands_for;  // where the policy says `not:`, the first who agreed: does not count
  model::Responsible responsible;        // what independence is judged by
};

struct PolicyInForce {
  git::Oid commit;  // of main; zero: there is none that can be read
  git::Oid blob;    // of platform.yaml in it
  std::shared_ptr<const model::Platform> platform;
  // The newest platform.yaml of main is weaker, and waits for these; empty: it does not wait.
  std::vector<PolicyQuestion> questions;
};

// Whether an approval's signature (where it has one) is good under the policy that it is judged by; null: all are.
using CountsApproval =
    std::function<bool(const model::Entry& proposal, const model::Entry& approval, const model::Platform& platform)>;

// `base`: the commit of main that the newest release names; zero: there is none, and the tip is in force as it is.
// `said`: entries of the ledger without a target, oldest first. A platform.yaml that cannot be read is passed over.
Result<PolicyInForce> policy_in_force(const git::Repository& repository, const git::Oid& base, const git::Oid& tip,
                                      const std::vector<model::Entry>& said, const CountsApproval& counts = nullptr);

// What an approver's `production/platform.yaml` means: "production"; "" for anything else.
std::string policy_scope(std::string_view text);

}  // namespace autonomous::store
