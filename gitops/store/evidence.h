// Evidence: what an auditor takes away: every release of a span with who, what, when, why, by whose approval and how it
// went; every decision; every change of policy and keys; what was made past the platform. Plain values, and the three
// ways to write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gitops/base/clock.h"

namespace autonomous::store {

struct AuditReport;

struct ReleaseEvidence {
  std::string target;
  uint32_t number = 0;
  Time at{};
  std::optional<Time> until;  // the next release of the target; nothing: it is what runs
  std::string outcome;        // "healthy"…, "unknown"
  std::string reason;         // of the outcome
  std::string trigger, because, ticket;
  std::string requested_by;
  std::vector<std::string> approved_by;
  uint32_t approvals_needed = 0;
  std::string independent;  // "yes", "no: …", "not asked for"
  std::string author, subject;
  std::string source;  // URL, commit, ref
  std::string build;   // the Build trailer as it is, or that nothing is known
  std::vector<std::string> images, secrets;
  std::string chart;
  std::string input_digest, target_tree;
  std::string policy;  // commit of main and blob of platform.yaml
  // What release.yaml names: commit of main, blobs of platform.yaml and of the target's overlay there ("": none).
  std::string config_commit, config_platform, config_overlay;
  std::string commit;  // on deploy
  std::string restores, promoted_from, adopts;
  std::string emergency;  // the break-glass that it used
};

struct DecisionEvidence {
  Time at{};
  std::string type, subject;  // "hold", "production/shop/web"
  std::string who, because, ticket;
  std::optional<Time> until;
};

// A commit of main that changed platform.yaml or an overlay below config/.
struct PolicyEvidence {
  Time at{};
  std::string commit, author, subject;
  std::vector<std::string> files;  // the first of them
  bool is_signed = false;
};

// An attempt that made no release.
struct AttemptEvidence {
  Time at{};
  std::string target, trigger, who, source, subject;
  std::string step, reason;
};

struct Evidence {
  std::optional<Time> from, to;
  std::vector<ReleaseEvidence> releases;  // by time
  std::vector<DecisionEvidence> decisions;
  std::vector<DecisionEvidence> keys;    // brought in or ended
  std::vector<PolicyEvidence> policies;  // newest first
  std::vector<AttemptEvidence> failed;
};

std::string evidence_html(const AuditReport& report);
std::string evidence_json(const AuditReport& report);
// One row a release; RFC 4180.
std::string evidence_csv(const AuditReport& report);

}  // namespace autonomous::store
