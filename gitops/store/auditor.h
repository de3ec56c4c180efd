// The inside of audit(): one walk over ledger, deploy and tags. Not for others. One thread, one use.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/git/signer.h"
#include "gitops/store/audit.h"
#include "gitops/store/journal.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// A release as the ledger names it, with its facts.
struct Named {
  model::Target target;
  model::Entry entry;  // with the tag
  model::Trailers trailers;
  git::Oid commit;
};

class Auditor {
 public:
  Auditor(git::Repository repository, const AuditOptions& options)
      : repository_(std::move(repository)), options_(options) {}
  Result<AuditReport> run(const Ctx& ctx);

 private:
  // ---- audit_ledger.cc: the branch that only grows
  Result<void> read_the_ledger(const Ctx& ctx);
  Result<void> ledger_commit(const git::Oid& id, const git::Oid& before, Builder& builder);
  void ledger_growth(const git::Oid& id, const git::PathChange& change, Builder& builder);
  void ledger_line(const git::Oid& id, const std::string& file, std::string_view line, Builder& builder);
  void learn(const git::Oid& id, const model::Entry& entry);
  void rebuild_signers();

  // ---- audit_deploy.cc: what happened on the branch that says what runs
  Result<void> read_deploy(const Ctx& ctx);
  Result<void> foreign_range(const git::Oid& from, const git::Oid& to);
  void foreign_target(const model::Target& target, const git::Oid& tree, const git::Oid& commit, const std::string& by);
  void foreign_file(const git::PathChange& change, const git::Oid& commit);
  void own_commit(const git::Oid& id, const git::Oid& parent);
  void own_application(const git::Oid& id, const git::PathChange& change);
  void settle_pending();

  // ---- audit_release.cc: one release at a time
  Result<void> check_releases(const Ctx& ctx);
  void check_release(const Named& named, const Named* before);
  void check_commit(const Named& named);
  void check_tag(const Named& named);
  void check_tree(const Named& named);
  void check_origin(const Named& named);
  void check_policy(const Named& named, const Named* before);
  void check_outcome(const Named& named, bool newest);
  void check_release_yaml(const Named& named, const std::string& text);
  Result<void> read_tags();

  // ---- audit.cc
  void find(std::string_view rule, Severity severity, std::string message, const git::Oid& commit = {},
            std::string file = "", const Named* named = nullptr);
  bool signed_well(std::string_view payload, const std::string& signature, std::string& why);
  bool ancestor(const git::Oid& a, const git::Oid& b);
  bool in_scope(Time time) const { return !options_.since || time >= *options_.since; }
  void conclude();

  git::Repository repository_;
  const AuditOptions& options_;
  AuditReport report_;
  size_t problems_ = 0;
  size_t notes_ = 0;
  Tips tips_;
  StatePtr state_;
  git::AllowedSigners signers_;
  std::vector<std::string> trusted_keys_;  // lines of an allowed-signers file
  size_t outside_keys_ = 0;
  std::map<model::Target, std::vector<Named>> releases_;
  std::unordered_map<git::Oid, std::pair<model::Target, size_t>> by_commit_;
  std::unordered_map<git::Oid, model::Target> taken_on_;
  std::map<model::Target, std::set<git::Oid>> drifts_;  // trees that the ledger calls drift; zero: removed
  std::vector<std::pair<git::Oid, Time>> rewrites_;     // accepted
  git::Oid begin_;                                      // the record begins after this commit of deploy
  std::unordered_set<git::Oid> on_deploy_;
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
  std::unordered_set<git::Oid> trees_seen_;  // checked: what is equal is checked once
  std::unordered_set<git::Oid> blobs_seen_;
};

}  // namespace autonomous::store
