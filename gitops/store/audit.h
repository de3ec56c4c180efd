// Audit: is the history of a GitOps repository whole? Needs a clone and nothing else; writes nothing.
//
// Findings name rule, commit and file, and carry their remedy (AUDIT.md has a page on each). What the audit can and
// cannot prove is part of its answer: signatures count against keys given from outside, else "trust: self-asserted".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/ctx.h"
#include "gitops/base/result.h"
#include "gitops/store/evidence.h"

namespace autonomous::store {

enum class Severity : uint8_t { kNote, kWarning, kError };

struct Finding {
  std::string rule;  // "number-gap"; the table of rules: audit_rules()
  Severity severity = Severity::kError;
  std::string commit;  // 40 hex digits, or ""
  std::string file;    // in that commit, or ""
  std::string target;  // "production/shop/web", or ""
  uint32_t release = 0;
  std::string message;
  std::string remedy;
};

// A signed summary of a history, kept elsewhere: a later audit finds with it whether anything was cut or rewritten.
struct Baseline {
  Time made{};
  std::string deploy, ledger, main;  // tips, hex
  uint64_t releases = 0, targets = 0;
  std::string trust;      // of the audit that made it
  std::string signature;  // armoured, of its JSON; empty: not signed
};
inline constexpr std::string_view kBaselineNamespace = "autonomous-baseline";

// Something on deploy that others made, adopted or written down as drift.
struct PastPlatform {
  Time at{};           // as the ledger says it, or the commit where the ledger says nothing
  std::string commit;  // 40 hex digits
  std::string target;  // "production/shop/web", or "" of a file that is no target's
  std::string what;
  std::string line() const { return target.empty() ? what : target + ": " + what; }
};

struct AuditOptions {
  std::string repository;  // a clone (bare or not), or the record itself
  std::string branch = "deploy";
  std::optional<std::string> allowed_signers;  // the text of a file from outside
  std::optional<Time> since;                   // only what happened since; the chain before is still walked
  std::optional<std::string> baseline;         // the text of a file that format_baseline made
  std::optional<std::string> witness;          // another clone, that others own: nothing of it may be missing here
  bool evidence = false;                       // fill AuditReport::evidence
  std::optional<Time> from, to;                // of the evidence
  size_t max_findings = 1000;
};

struct AuditReport {
  std::vector<Finding> findings;  // errors first, then by commit order
  bool truncated = false;
  std::string trust;                // "anchored: 2 keys given from outside" | "self-asserted: …"
  std::vector<std::string> proved;  // sentences
  std::vector<std::string> unproved;
  // what was looked at
  uint64_t commits = 0, releases = 0, outcomes = 0, targets = 0, tags = 0, signatures = 0, entries = 0;
  uint64_t approvals = 0, signed_approvals = 0;  // that releases rest on
  std::vector<PastPlatform> foreign;             // with evidence: those of the span
  std::string deploy, ledger, main;              // tips, hex
  Evidence evidence;
  bool ok() const;  // no errors (notes and warnings may be there)
};

Result<AuditReport> audit(const Ctx& ctx, const AuditOptions& options);

std::string audit_text(const AuditReport& report);
std::string audit_json(const AuditReport& report);
std::string audit_sarif(const AuditReport& report);

// The file of a baseline: one line of JSON, and its signature where `sign` is given.
Result<std::string> format_baseline(const AuditReport& report, Time made,
                                    const std::function<Result<std::string>(std::string_view)>& sign);
// Splits the file; `payload` is what was signed.
Result<Baseline> parse_baseline(std::string_view text, std::string& payload);

struct AuditRule {
  std::string_view name;
  std::string_view what;  // is checked
  std::string_view remedy;
};
const std::vector<AuditRule>& audit_rules();

}  // namespace autonomous::store
