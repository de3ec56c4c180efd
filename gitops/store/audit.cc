#include "gitops/store/audit.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/whole.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/refs.h"

namespace autonomous::store {

namespace {

constexpr size_t kMaxNotes = 50;

}  // namespace

const std::vector<AuditRule>& audit_rules() {
  static const std::vector<AuditRule> rules = {
      {"ledger-signature", "each commit of the ledger is signed by a key that counts",
       "find out who wrote it; give the daemon's keys with --allowed-signers, or restore the ledger from a clone that is whole"},
      {"ledger-rewritten", "the ledger only grows: no line or file is changed or removed, its history has no merges",
       "restore the ledger from an older clone, then accept the rewrite in the daemon"},
      {"ledger-line", "each line of the ledger is an entry that can follow the ones before",
       "restore the ledger from a clone that is whole"},
      {"move-unmatched", "a target that goes on after another one says so on both sides",
       "look at both ledgers in other clones; release the target again"},
      {"number-gap", "release numbers of a target are gapless, from 1",
       "look for the lost release in other clones and in the tags"},
      {"commit-missing", "the commit of each release is on deploy",
       "restore deploy from a clone that is whole, or accept the rewrite in the daemon"},
      {"commit-signature", "each release's commit is signed by a key that counts",
       "find out who wrote it; release the target again"},
      {"trailers-differ", "commit and tag of a release carry the same trailers, in their exact form",
       "release the target again"},
      {"tag-signature", "each release's tag, as the ledger holds it, is signed and names its commit",
       "release the target again"},
      {"tag-missing", "each release has its tag, but for those that the ledger's tag window has no room for",
       "autonomous repair (byte for byte from the ledger); in a clone: git fetch --tags"},
      {"tag-moved", "a tag is what the ledger holds", "delete the tag at the host, then autonomous repair"},
      {"target-tree", "the files of a release's commit are those that its Target-Tree names",
       "release the target again"},
      {"beyond-target", "a release changes files of its own target only",
       "revert what does not belong to it; see who wrote the commit"},
      {"release-yaml", "release.yaml agrees with the trailers: target, source, images, input digest",
       "release the target again with a daemon of the same version"},
      {"plaintext-secret", "no manifest holds a secret's value",
       "rotate the secret now; use a reference (ExternalSecret) instead"},
      {"rollback-differs", "a rollback has the files of the release that it names", "roll back again"},
      {"adopts-unfounded",
       "what a release takes over was made on deploy by others, before it, and goes back to an earlier release",
       "find out who made the release; release the target again"},
      {"config-unknown", "the configuration of a release is on main, with the files that release.yaml names",
       "push main as it was; release the target again"},
      {"input-differs", "what the ledger keeps by a digest has that digest",
       "restore the ledger from a clone that is whole; do not trust verify of what was made from it"},
      {"time-implausible", "the time of an entry fits that of the commit which brought it into the ledger",
       "look at the clock of the daemon; find out who wrote the entry"},
      {"origin-unknown", "what a release is a retry or a promotion of exists, and is the same artifact",
       "look at the release it names"},
      {"policy-unknown", "the policy of a release is on main, with the platform.yaml that it names",
       "push main as it was, or release again under today's policy"},
      {"policy-older", "a release's policy is not older than the one before",
       "find out why main went back; release again under today's policy"},
      {"outcome-missing", "each release has an outcome", "autonomous repair, or let the daemon verify it"},
      {"unrecorded-change", "each change on deploy is a release, a taking-on, or known as made past the platform",
       "see who did it; revert it, or release the target again"},
      {"not-taken-in", "what others did on deploy has been taken in by the daemon",
       "start the daemon, or ask why it stopped: autonomous status"},
      {"odd-file", "there are no links and no submodules on deploy",
       "remove it; a link that leaves the repository stops Argo CD"},
      {"key-unproven", "a new key was brought in by a commit that an older key signed",
       "confirm the key with its owner, and give it with --allowed-signers"},
      {"values-yaml", "each release has the values that it was rendered with", "release the target again"},
      {"image-elsewhere", "the images of the trailers are those of the manifests",
       "look at what the chart does with `image`; release the target again"},
      {"number-burnt", "somebody else's tag had the number, which is not used again",
       "find out who made the tag, and delete it at the host"},
      {"tag-unknown", "each tag below release/ is of a release in the ledger",
       "find out who made it, and delete it at the host; its number is not used again"},
      {"policy-missing", "each release names the policy that it was made under",
       "it was made by an early version, or not by the platform: see who signed it"},
      {"policy-weakened", "a weaker platform.yaml comes into force with the approvals that the one before asks for",
       "ask the people whom the one before names; else push it to main again, and release under it"},
      {"approval-missing",
       "a release has as many approvals as its policy asks for, by people who may and are independent",
       "ask the people named; roll back where nobody stands for it"},
      {"approval-unknown", "each Approved-By of a release is an approval in the ledger, of exactly this release",
       "ask the person named whether they agreed"},
      {"approval-signature", "a signed approval is signed by a key that platform.yaml gives to that person",
       "ask the person named; end the key where it was lost"},
      {"past-hold", "nothing but a rollback is released while a target is held",
       "see who released it, and why it was held"},
      {"in-freeze", "nothing is released in a freeze but rollbacks that may, and after break-glass",
       "see who released it; the policy names the window"},
      {"bad-artifact", "an artifact that is marked bad is not released", "roll back, or unmark it with a reason"},
      {"ticket-missing", "a release has a ticket where its policy asks for one",
       "ask for the ticket; release again with it"},
      {"break-glass", "emergencies are looked at afterwards", "look at the reason, and at what was released then"},
      {"time-backwards", "the times of the ledger do not go back",
       "look at the clock of the daemon; entries may be backdated"},
      {"history-cut", "what a baseline or a witness has is still there",
       "restore the branch from the witness or a clone that is whole"},
      {"baseline-signature", "the baseline is signed by a key that counts",
       "get the baseline from whoever keeps it, and give the key with --allowed-signers"},
  };
  return rules;
}

bool AuditReport::ok() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& finding) { return finding.severity == Severity::kError; });
}

void Auditor::find(std::string_view rule, Severity severity, std::string message, const git::Oid& commit,
                   std::string file, const Named* named) {
  // Notes must not crowd out what matters.
  bool note = severity == Severity::kNote;
  size_t& count = note ? notes_ : problems_;
  if (count >= (note ? kMaxNotes : options_.max_findings)) {
    report_.truncated = true;
    return;
  }
  ++count;
  Finding finding;
  finding.rule = rule;
  finding.severity = severity;
  finding.message = one_line(message, 500);
  if (!commit.is_zero()) finding.commit = commit.hex();
  finding.file = std::move(file);
  if (named != nullptr) {
    finding.target = named->target.str();
    finding.release = named->entry.number;
  }
  for (const AuditRule& known : audit_rules()) {
    if (known.name == rule) finding.remedy = known.remedy;
  }
  report_.findings.push_back(std::move(finding));
}

void Auditor::find_of(std::string_view rule, Severity severity, std::string message, const git::Oid& commit,
                      const model::Target& target, uint32_t number) {
  size_t before = report_.findings.size();
  find(rule, severity, std::move(message), commit);
  if (report_.findings.size() == before) return;
  report_.findings.back().target = target.str();
  report_.findings.back().release = number;
}

ReleaseRowPtr Auditor::row(const model::ReleaseId& id) const {
  if (state_) return state_->find(id);
  const TargetState* target = builder_.find(id.target);
  return target == nullptr ? nullptr : target->find(id.number);
}

bool Auditor::signed_well(std::string_view payload, const std::string& signature, std::string& why) {
  if (signature.empty()) {
    why = "it is not signed";
    return false;
  }
  ++report_.signatures;
  git::Verdict verdict = signers_.verify(payload, signature, "git", "", ledger_time_);
  why = verdict.reason;
  return verdict.good;
}

bool Auditor::ancestor(const git::Oid& a, const git::Oid& b) {
  auto [known, fresh] = ancestors_.try_emplace({a, b}, false);
  if (fresh && repository_.has(a)) {
    auto yes = repository_.is_ancestor(a, b);
    known->second = yes && *yes;
  }
  return known->second;
}

void Auditor::rebuild_signers() {
  std::string text;
  for (const std::string& line : trusted_keys_) text += line + "\n";
  auto parsed = git::AllowedSigners::parse(text);
  if (parsed) signers_ = *std::move(parsed);
}

void Auditor::conclude() {
  std::stable_sort(report_.findings.begin(), report_.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  if (outside_keys_ > 0) {
    report_.trust = "anchored: signatures count against " + std::to_string(outside_keys_) +
                    (outside_keys_ == 1 ? " key" : " keys") + " given from outside, and keys that those brought in";
  } else {
    report_.trust =
        "self-asserted: signatures count against the keys that the repository itself names; give --allowed-signers to anchor them";
  }
  if (report_.ok()) {
    std::string but = given_up_ == 0 ? ""
                                     : ", but for " + std::to_string(given_up_) +
                                           (given_up_ == 1 ? " that an accepted rewrite of the branch gave up"
                                                           : " that accepted rewrites of the branch gave up");
    report_.proved = {"Every release in the ledger" + (options_.since ? " since " + format_time(*options_.since) : "") +
                          " has its signed commit on deploy, with the files, inputs and trailers that it claims" + but +
                          ".",
                      "Release numbers have no gaps, and the ledger has only grown.",
                      "Every change on deploy is a release, a taking-on, or listed as made past the platform.",
                      "Rollbacks have exactly the files of the releases that they restore."};
  }
  report_.unproved = {
      "That the people named did what is said, where nobody but the daemon attests it (all but signed approvals).",
      "That the reported health was true, and that no release was withheld.",
      "That times are right, and that other readers were shown the same history."};
  if (charts_ > 0) {
    report_.unproved.push_back("Which Secrets the charts of " + std::to_string(charts_) +
                               (charts_ == 1 ? " release" : " releases") +
                               " make: Argo CD renders them, and templates are no manifests.");
  }
  if (report_.ok() && report_.approvals > 0) {
    report_.proved.push_back(
        "Releases whose policy asks for approvals have them: " + std::to_string(report_.approvals) +
        " count, of which " + std::to_string(report_.signed_approvals) + " are signed by the person's own key.");
  }
  if (options_.baseline || options_.witness) {
    if (report_.ok()) report_.proved.push_back("Nothing that the baseline or the witness knows was cut or rewritten.");
    report_.unproved.push_back(
        "That nothing was cut from the end of the history since the baseline or the witness was taken.");
  } else {
    report_.unproved.push_back(
        "That nothing was cut from the end of the history: give --baseline or --witness, kept by somebody else.");
  }
  if (outside_keys_ == 0)
    report_.unproved.insert(report_.unproved.begin(),
                            "Who holds the signing keys: they were taken from the repository itself.");
}

Result<AuditReport> Auditor::run(const Ctx& ctx) {
  TRY(tips_, tips_of_clone(repository_, options_.branch));
  report_.deploy = tips_.deploy.hex();
  report_.ledger = tips_.ledger.hex();
  report_.main = tips_.main.hex();
  if (options_.allowed_signers) {
    TRY(signers_, git::AllowedSigners::parse(*options_.allowed_signers, "--allowed-signers"));
    for (std::string_view line : split(*options_.allowed_signers, '\n')) {
      line = trim(line);
      if (!line.empty() && line.front() != '#') trusted_keys_.emplace_back(line);
    }
    outside_keys_ = trusted_keys_.size();
    if (outside_keys_ == 0) return fail(Code::kInvalid, "--allowed-signers names no key");
  }
  outside_ = signers_;
  TRY(deploy_, repository_.walk(tips_.deploy, {.oldest_first = true}));
  on_deploy_.insert(deploy_.begin(), deploy_.end());
  TRY(auto main, repository_.walk(tips_.main));
  on_main_.insert(main.begin(), main.end());
  TRY_DO(read_tags());
  TRY_DO(read_the_ledger(ctx));
  TRY_DO(read_deploy(ctx));
  check_ends();
  check_strange_tags();
  if (options_.baseline) TRY_DO(check_baseline());
  if (options_.witness) TRY_DO(check_witness());
  if (options_.evidence) {
    TRY_DO(note_policies());
    end_evidence();
  }
  conclude();
  return std::move(report_);
}

Result<AuditReport> audit(const Ctx& ctx, const AuditOptions& options) {
  TRY_DO(git::expect_whole(options.repository));
  TRY(git::Repository repository, git::Repository::open(options.repository));
  return Auditor(std::move(repository), options).run(ctx);
}

}  // namespace autonomous::store
