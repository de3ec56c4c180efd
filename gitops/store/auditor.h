// The inside of audit(): one walk over the ledger, in which every release is looked at with what was known at that
// moment, then one over deploy. Not for others. One thread, one use. Memory: the fold of the ledger, a few words a
// commit, and what was seen of trees and blobs; tags and trailers of releases are let go of as the walk goes on.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/git/signer.h"
#include "gitops/model/approval.h"
#include "gitops/model/platform.h"
#include "gitops/model/policy.h"
#include "gitops/store/audit.h"
#include "gitops/store/journal.h"
#include "gitops/store/layout.h"
#include "gitops/store/secrets_in.h"
#include "gitops/store/state.h"
#include "gitops/store/tag_window.h"

namespace autonomous::store {

// What is made in one go has one time, but for how long that takes.
inline constexpr Millis kAtOnce = std::chrono::minutes(2);

// A release while it is looked at.
struct Named {
  const model::Target& target;
  const model::Entry& entry;  // with the tag
  model::Trailers trailers;
  git::Oid commit;
};

// What the ledger said just before it.
struct Before {
  ReleaseRowPtr last;
  std::optional<Hold> hold;
  std::optional<Freeze> freeze;
  std::optional<model::Entry> glass;
  std::optional<Proposal> proposal;  // the open one, where it is of this release
  bool bad = false;                  // the artifact
  uint32_t last_number = 0;          // of the target, or of the one that it goes on after
};

// platform.yaml as a release's Policy names it.
struct Policy {
  std::shared_ptr<const model::Platform> platform;
  git::AllowedSigners approvers;
};

class Auditor {
 public:
  Auditor(git::Repository repository, const AuditOptions& options)
      : repository_(std::move(repository)), options_(options) {}
  Result<AuditReport> run(const Ctx& ctx);

 private:
  // ---- audit_ledger.cc: the branch that only grows
  Result<void> read_the_ledger(const Ctx& ctx);
  Result<void> ledger_commit(const git::Oid& id, const git::Oid& before);
  void check_time(const git::Oid& id, const std::string& file, const model::Entry& entry);
  void ledger_growth(const git::Oid& id, const git::PathChange& change);
  void ledger_line(const git::Oid& id, const std::string& file, std::string_view line);
  void learn(const git::Oid& id, const std::string& file, const model::Entry& entry);
  void learn_release(const git::Oid& id, const model::Entry& entry, const Before& before);
  void learn_burnt(const git::Oid& id, const std::string& file, const model::Entry& entry, const Before& before);
  void learn_key(const model::Entry& entry);
  void learn_drift(const model::Entry& entry);
  void learn_tag_window(const State& state, uint32_t next);
  void learn_move(const git::Oid& id, const model::Entry& entry);
  Before before(const model::Entry& entry) const;
  Result<std::string> segment(const std::string& file, const git::Oid& blob);
  void keep_segment(const std::string& file, const git::Oid& blob, std::string text);
  void rebuild_signers();

  // ---- audit_deploy.cc: what happened on the branch that says what runs
  Result<void> read_deploy(const Ctx& ctx);
  Result<void> foreign_range(const git::Oid& from, const git::Oid& to, bool recent);
  void foreign_target(const model::Target& target, const git::Oid& tree, const git::Oid& commit, const std::string& by);
  Result<void> foreign_file(const git::PathChange& change, const git::Oid& from, const git::Oid& to);
  void note_foreign(PastPlatform change);
  void own_commit(const git::Oid& id, const git::Oid& parent);
  void own_application(const git::Oid& id, const git::PathChange& change);
  void settle_pending();

  // ---- audit_release.cc: one release at a time
  void check_release(const Named& named, const Before& before);
  void check_commit(const Named& named);
  void check_tag(const Named& named);
  void check_release_yaml(const Named& named, const std::string& text);
  void check_config(const Named& named, const ReleaseInputs& inputs);
  void check_ends();
  void check_moves();
  Result<void> read_tags();
  void check_strange_tags();

  // ---- audit_files.cc: what lies in a target's folder
  struct Where {
    const model::Target& target;
    git::Oid commit;
    std::string file;
    const Named* named;  // null: no release put it there
  };
  void check_tree(const Named& named, const Policy* policy);
  void check_files(const Named& named, const git::Oid& tree, const FileTree& files, const Policy* policy);
  const std::vector<std::string>& look_at(const git::Oid& blob);
  void check_secrets(const Where& where, const git::Oid& blob, const Policy* policy);
  Result<void> foreign_secrets(const git::Oid& commit);
  void ledger_input(const git::Oid& id, const std::string& path);

  // ---- audit_origin.cc: where it comes from, and what was given up
  bool check_origin(const Named& named);
  std::string adoption_trouble(const Named& named);
  bool given_up(const git::Oid& commit, size_t rewrites);
  bool given_up(const git::Oid& commit);
  void check_rewrites();
  Result<void> others_between(const git::Oid& from, const git::Oid& to, bool recent);
  void account(size_t rewrite, const git::Oid& from);
  void account_targets(size_t rewrite);
  void account_files(size_t rewrite, const git::Oid& from);
  void check_missing();

  // ---- audit_policy.cc: was it allowed?
  const Policy* check_policy(const Named& named);
  git::Oid platform_at(const git::Oid& commit);
  const Policy* policy_of(const git::Oid& blob);
  void check_weaker(const Named& named, const git::Oid& commit, const git::Oid& blob);
  std::string signature_trouble(const model::Entry& proposal, const model::Entry& approval, const Policy& policy) const;
  void check_rules(const Named& named, const Before& before, const Policy& policy);
  void check_approvals(const Named& named, const Before& before, const Policy& policy,
                       const model::Environment& environment);
  std::vector<model::Entry> sound_approvals(const Named& named, const Proposal& proposal, const Policy& policy);
  void check_freeze(const Named& named, const Before& before, const model::Environment& environment);

  // ---- audit_baseline.cc: was anything cut or rewritten?
  Result<void> check_baseline();
  Result<void> check_witness();
  void check_point(std::string_view what, const std::string& branch, const std::string& hex, const git::Oid& tip);

  // ---- audit_evidence.cc
  void note_release(const Named& named, const Before& before);
  void note_config(const Named& named, ReleaseEvidence& evidence);
  void note_failed(const model::Entry& entry);
  void note_decision(const model::Entry& entry);
  Result<void> note_policies();
  void end_evidence();

  // ---- audit.cc
  void find(std::string_view rule, Severity severity, std::string message, const git::Oid& commit = {},
            std::string file = "", const Named* named = nullptr);
  void find_of(std::string_view rule, Severity severity, std::string message, const git::Oid& commit,
               const model::Target& target, uint32_t number);
  bool signed_well(std::string_view payload, const std::string& signature, std::string& why);
  bool ancestor(const git::Oid& a, const git::Oid& b);
  // Of an entry of the ledger's commit that is looked at: what it says of its time is not all that counts.
  bool in_scope(Time time) const { return !options_.since || std::max(time, ledger_time_) >= *options_.since; }
  ReleaseRowPtr row(const model::ReleaseId& id) const;
  void conclude();

  git::Repository repository_;
  const AuditOptions& options_;
  AuditReport report_;
  size_t problems_ = 0;
  size_t notes_ = 0;
  Tips tips_;
  Builder builder_;
  StatePtr state_;                         // once the ledger was read
  git::AllowedSigners signers_;            // that count at this place of the ledger
  git::AllowedSigners outside_;            // as they were given
  std::vector<std::string> trusted_keys_;  // lines of an allowed-signers file
  size_t outside_keys_ = 0;
  Time said_{};         // by the commit of the ledger that is looked at
  Time ledger_time_{};  // the latest that a commit of the ledger said so far: backdating does not go behind it
  struct Made {
    const model::Target* target;  // of a key of targets_
    uint32_t number;
    uint32_t rewrites;  // so many were accepted before
  };
  Made made(const Named& named) const {
    return {&named.target, named.entry.number, static_cast<uint32_t>(rewrites_.size())};
  }
  std::vector<std::pair<Made, git::Oid>> missing_;  // their commits are not on deploy
  std::vector<Made> untagged_;
  uint32_t tag_window_ = 0;          // as the ledger said last; 0: no tag has left
  std::optional<TagCut> tags_gone_;  // these may have left, under this window or one before
  std::set<model::Target> targets_;
  std::unordered_map<git::Oid, Made> by_commit_;
  std::unordered_map<git::Oid, Made> taken_on_;
  std::map<model::Target, std::set<git::Oid>> drifts_;  // trees that the ledger calls drift; zero: removed
  struct Rewrite {
    git::Oid tip;       // of deploy, that was accepted
    git::Oid previous;  // that it gave up
    Time at{};
    std::string by, because;
  };
  const Rewrite* rewrite_to(const git::Oid& tip) const;
  std::vector<Rewrite> rewrites_;
  uint64_t given_up_ = 0;  // releases that they gave up
  struct Move {
    git::Oid commit;  // of the ledger
    model::Target from, to;
    auto operator<=>(const Move&) const = default;
  };
  std::map<Move, uint32_t> arrived_;  // with the last release of where it came from
  std::set<Move> left_;               // as the other side says it
  git::Oid begin_;                    // the record begins after this commit of deploy
  std::vector<git::Oid> deploy_;      // oldest first
  std::unordered_set<git::Oid> on_deploy_, on_main_;
  std::map<model::Target, git::Oid> expected_;  // while deploy is walked
  struct Pending {
    git::Oid tree, commit;
    std::string by;
  };
  std::map<model::Target, Pending> pending_;      // changed by others, and not yet seen in the ledger
  std::map<std::string, git::Oid> applications_;  // files of argocd/ as the platform wrote them last
  std::map<std::string, Pending> foreign_files_;  // those, and odd ones below apps/, that differ from it
  std::map<std::string, git::Oid> tags_;
  std::map<std::pair<git::Oid, git::Oid>, bool> ancestors_;
  std::map<model::Target, git::Oid> last_policy_;
  git::Oid in_force_;                        // the commit of main that the release before named, of any target
  std::map<git::Oid, Policy> policies_;      // by platform.yaml's blob
  std::map<git::Oid, git::Oid> platforms_;   // commit of main → blob of platform.yaml in it
  std::unordered_set<git::Oid> trees_seen_;  // checked: what is equal is checked once
  std::unordered_map<git::Oid, std::vector<std::string>> images_of_;   // of manifests that were read
  std::unordered_map<git::Oid, std::vector<PlainSecret>> secrets_of_;  // those of them that have any
  std::unordered_map<git::Oid, std::string> unread_;                   // why nobody knows which they have
  std::set<std::pair<git::Oid, std::string>> secrets_said_;            // with the environment
  uint64_t charts_ = 0;                                                // releases that Argo CD renders
  struct Segment {
    git::Oid blob;
    std::string text;
  };
  std::map<std::string, Segment> segments_;  // as read last, up to a limit of bytes
  size_t segment_bytes_ = 0;
  std::map<model::Target, std::pair<git::Oid, std::string>> last_config_;  // commit and overlay that were good
  std::map<model::Target, size_t> last_evidence_;                          // index into the releases of the evidence
};

}  // namespace autonomous::store
