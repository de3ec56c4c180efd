// Service: the Api over a Pipeline: what people and hooks ask, answered from snapshots and from git. Thread-safe.
#pragma once

#include <atomic>

#include "daemon/http/api.h"
#include "daemon/pipeline/pipeline.h"
#include "gitops/model/approval.h"

namespace autonomous::daemon {

class Service final : public Api {
 public:
  struct Options {
    std::string gitops;  // path of the GitOps repository on this disk
    std::string branch = "deploy";
    bool hosted = true;  // it is the record itself
    std::string index;   // store::RecordConfig::index
    std::function<std::vector<Check>()> check_config;
  };
  Service(Pipeline& pipeline, Options options) : pipeline_(pipeline), options_(std::move(options)) {}

  std::vector<TargetRow> status() override;
  std::vector<TargetRow> status_at(Time time) override;
  Result<std::vector<ReleaseRow>> releases(const Ctx& ctx, const ReleaseFilter& filter) override;
  Result<std::vector<DecisionRow>> decisions(const Ctx& ctx, const DecisionFilter& filter) override;
  Result<ReleaseDetails> release(const Ctx& ctx, const std::string& id) override;
  Result<TargetDetails> target(const Ctx& ctx, const std::string& target) override;
  Result<WhereAnswer> where(const Ctx& ctx, const std::string& commit) override;
  Result<std::vector<WhyAnswer>> why(const Ctx& ctx, const std::string& subject) override;
  Result<ConfigAnswer> config(const Ctx& ctx, const std::string& target, std::optional<Time> at) override;
  Result<DiffAnswer> diff(const Ctx& ctx, const DiffRequest& request) override;
  Result<std::vector<DiffAnswer>> diff_source(const Ctx& ctx, const SourceDiffRequest& request) override;
  std::vector<ProjectRow> projects() override;
  std::vector<Check> doctor(const Ctx& ctx, bool deep) override;

  Result<ActionAnswer> deploy(const Ctx& ctx, const Ask& ask, const DeployRequest& request,
                              ProgressPtr progress) override;
  Result<ActionAnswer> retry(const Ctx& ctx, const Ask& ask, const std::string& target, ProgressPtr progress) override;
  Result<ActionAnswer> retire(const Ctx& ctx, const Ask& ask, const std::string& target, ProgressPtr progress) override;
  Result<ActionAnswer> let_go(const Ctx& ctx, const Ask& ask, const std::string& target, ProgressPtr progress) override;
  Result<ActionAnswer> rollback(const Ctx& ctx, const Ask& ask, const std::string& target, uint32_t to,
                                ProgressPtr progress) override;
  Result<ActionAnswer> hold(const Ctx& ctx, const Ask& ask, const std::string& target,
                            std::optional<Time> until) override;
  Result<ActionAnswer> keep(const Ctx& ctx) override;
  Result<ActionAnswer> resume(const Ctx& ctx, const Ask& ask, const std::string& target, const std::string& choice,
                              ProgressPtr progress) override;
  Result<std::vector<ProposalRow>> proposals(const Ctx& ctx, std::optional<Time> until) override;
  Result<ActionAnswer> promote(const Ctx& ctx, const Ask& ask, const PromoteRequest& request,
                               ProgressPtr progress) override;
  Result<ActionAnswer> approve(const Ctx& ctx, const Ask& ask, const ApproveRequest& request,
                               ProgressPtr progress) override;
  Result<ActionAnswer> reject(const Ctx& ctx, const Ask& ask, const std::string& target,
                              const std::string& proposal) override;
  Result<ActionAnswer> cancel(const Ctx& ctx, const Ask& ask, const std::string& target) override;
  Result<ActionAnswer> freeze(const Ctx& ctx, const Ask& ask, const std::string& scope, bool on,
                              std::optional<Time> until) override;
  Result<ActionAnswer> mark(const Ctx& ctx, const Ask& ask, const std::string& target, uint32_t release,
                            bool bad) override;
  Result<ActionAnswer> break_glass(const Ctx& ctx, const Ask& ask, const std::string& target,
                                   std::optional<Time> until) override;
  Result<ActionAnswer> connect(const Ctx& ctx, const Ask& ask, const std::string& project,
                               const std::string& url) override;

  Result<ActionAnswer> restore_tags(const Ctx& ctx, const Ask& ask, const TagsRequest& request) override;
  Result<ActionAnswer> accept_rewrite(const Ctx& ctx, const Ask& ask) override;

  std::vector<std::string> moved_elsewhere(const std::vector<std::string>& places) override {
    return pipeline_.moved_elsewhere(places);
  }
  Result<void> check_source_push(const Ctx& ctx, const Push& push) override;
  void source_pushed(const Push& push, const std::string& repository, ProgressPtr progress) override;
  Result<void> check_gitops_push(const Ctx& ctx, const Push& push) override;
  void gitops_pushed(const Push& push, ProgressPtr progress) override;

  EventBus& events() override { return pipeline_.events(); }
  std::vector<Metric> metrics() override;
  std::vector<Check> readiness() override;

 private:
  std::vector<Check> branch_checks() const;
  struct Known {  // a target that exists, as the record has it
    model::Target target;
    store::TargetPtr state;
  };
  Result<Known> known(const std::string& target) const;
  // The same; kConflict where its objects are another target's now (renamed-from).
  Result<Known> still_here(const std::string& target) const;
  // kDenied where the roles of platform.yaml don't let them. environment, project: "" where it is about all.
  Result<void> allowed(const Ask& ask, std::string_view action, const std::string& environment,
                       const std::string& project) const;
  model::Identity identity(const Caller& caller) const;
  model::Who who(const Caller& caller) const { return identity(caller).who; }
  Result<WishPtr> promotion(const model::Target& target, const model::ReleaseId& from, const store::ReleaseRow& row,
                            const Ask& ask) const;
  ProposalRow proposal_row(const model::Target& target, const store::Proposal& proposal,
                           std::optional<Time> until) const;
  ProposalRow policy_row(const store::PolicyQuestion& question, std::optional<Time> until) const;
  Result<ActionAnswer> approve_policy(const Ctx& ctx, const Ask& ask, const ApproveRequest& request);
  static void add_decisions(const store::State& state, const store::TargetState& record, const store::ReleaseRow& row,
                            ReleaseDetails& out);
  // Another attempt with what was promoted last.
  Result<WishPtr> promoted_again(const Known& known, const Ask& ask);
  std::vector<Check> prove_state() const;
  std::vector<Check> tag_checks() const;
  WhyAnswer why_target(const model::Target& target) const;
  std::string hosted_repository(const std::string& project) const;
  void ask_root(const Ctx& ctx, const model::Target& target);
  Result<ActionAnswer> let_vanish(const Ctx& ctx, const Ask& ask, const DeployRequest& request);
  // Whoever lets an app take over another project's one has to be allowed to take that away.
  Result<void> may_move(const Ask& ask, Pipeline::Again again) const;
  std::string new_intent(std::string_view verb);
  // What `ask` asks for, with an intent of its own that begins with `verb`.
  Pipeline::Again again_for(const model::Target& target, const Ask& ask, std::string_view verb);
  std::shared_ptr<Wish> wish_for(const model::Target& target, model::Trigger trigger, const Ask& ask,
                                 std::string_view verb);
  model::Entry decision(model::EntryType type, const Ask& ask, const model::Target& target) const;
  Result<ActionAnswer> want(const Ctx& ctx, WishPtr wish, const Ask& ask, const std::string& text,
                            ProgressPtr progress);
  using Files = std::map<std::string, std::string>;  // of a target: path → bytes
  Result<Files> files_of(const Ctx& ctx, const DiffRequest& request, const Known& known, uint32_t number);
  Result<Files> rendered(const Ctx& ctx, const Wish& wish);
  Result<void> compare(const Ctx& ctx, const Files& before, const Files& after, DiffAnswer& out) const;
  Result<void> foresee(const Files& before, const Files& after, DiffAnswer& out) const;
  Result<ConfigAnswer> config_at(const Known& known, Time time);

  Pipeline& pipeline_;
  Options options_;
  std::atomic<uint64_t> asked_{0};
};

// Null where nobody listens.
FollowerPtr follower_of(ProgressPtr progress);
// kInvalid: `what` would end in the past.
Result<void> check_until(const std::optional<Time>& until, Time now, std::string_view what);
// kInvalid: `what` needs a reason, and has none.
Result<void> want_because(const Ask& ask, std::string_view what);
// What a weaker platform.yaml waits for, in words.
std::string waits_for(const store::PolicyQuestion& question, const model::Platform& platform, Time now);
// A release of the record as the API shows it.
ReleaseRow release_row(const model::Target& target, const store::ReleaseRow& row, bool live);

}  // namespace autonomous::daemon
