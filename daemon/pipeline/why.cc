#include "daemon/pipeline/why.h"

#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/rows.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// Walks the gates of design.md §5, in their order, until one is shut.
class Walk {
 public:
  Walk(const model::Target& target, const BranchView* branch, std::string trouble, const store::State& state,
       const std::optional<Flight>& flight, PlatformPtr view, std::string rewritten, Time now)
      : target_(target),
        branch_(branch),
        trouble_(std::move(trouble)),
        state_(state),
        record_(state.find(target)),
        flight_(flight),
        view_(std::move(view)),
        rewritten_(std::move(rewritten)),
        now_(now) {}

  WhyAnswer run() {
    answer_.target = target_.str();
    const model::Environment* environment =
        view_ ? model::find_environment(*view_->platform, target_.environment) : nullptr;
    if (environment != nullptr && environment->from.kind == model::Feed::Kind::kEnvironment)
      return promoted({environment->from.name, target_.project, target_.app});
    if (!trouble_.empty()) {
      add("seen", Gate::Verdict::kWaiting, "the source cannot be read: " + trouble_);
      return finish();
    }
    if (branch_ && branch_->gone) {
      add("seen", Gate::Verdict::kNo,
          branch_->branch + " was deleted in the source; it was at " + branch_->head.short_hex() +
              ", and what that released keeps running");
      return finish();
    }
    if (!branch_ || !branch_->plan || !branch_->plan->source) {
      add("seen", Gate::Verdict::kNo,
          "no commit of a branch that feeds " + target_.environment + " was seen in " + target_.project);
      return finish();
    }
    const SourceCommit& source = *branch_->plan->source;
    answer_.source_commit = source.id;
    answer_.subject = source.subject;
    add("seen", Gate::Verdict::kOk, branch_->branch + " is at " + source.id.substr(0, 7) + " " + source.subject);
    add("mapped", Gate::Verdict::kOk, branch_->branch + " feeds " + target_.environment);
    if (on_the_branch() && paths() && spec() && decisions() && made()) outcome();
    return finish();
  }

 private:
  // No branch feeds it: what runs in the environment before comes here when somebody says so.
  WhyAnswer promoted(const model::Target& from) {
    store::TargetPtr before = state_.find(from);
    store::ReleaseRowPtr theirs = before ? before->live() : nullptr;
    store::ReleaseRowPtr ours = record_ ? record_->live() : nullptr;
    bool under_way = flight_ && flight_->release.phase != model::Phase::kDone;
    if (!theirs && !ours && !under_way) {
      add("seen", Gate::Verdict::kNo,
          target_.environment + " is promoted to from " + from.environment + ", where " + from.project + "/" +
              from.app + " was never released");
      return finish();
    }
    if (theirs) {
      add("seen", Gate::Verdict::kOk,
          from.str() + " runs release " + std::to_string(theirs->number) + " (" + theirs->source_commit.substr(0, 7) +
              " " + theirs->subject + ")");
    }
    add("mapped", Gate::Verdict::kOk, target_.environment + " is promoted to from " + from.environment);
    bool same = ours && (!theirs || ours->artifact == theirs->artifact);
    const store::ReleaseRow& shown = same || !theirs ? *(ours ? ours : theirs) : *theirs;
    answer_.source_commit = under_way ? flight_->wish->commit() : shown.source_commit;
    answer_.subject = under_way && flight_->wish->source ? flight_->wish->source->subject : shown.subject;
    if (!on_the_branch() || !decisions()) return finish();
    const model::Entry* attempt = record_ ? record_->last_attempt() : nullptr;
    bool failed = attempt != nullptr && attempt->type == model::EntryType::kFailed && attempt->source &&
                  attempt->source->commit == answer_.source_commit && (!ours || attempt->time >= ours->time);
    if (!same && !under_way && !failed) {
      add("promote", Gate::Verdict::kWaiting,
          "what " + from.str() + " runs is not what runs here: autonomous promote " + target_.str());
      return finish();
    }
    if (made()) outcome();
    return finish();
  }

  void add(std::string name, Gate::Verdict verdict, std::string text) {
    answer_.gates.push_back({std::move(name), verdict, std::move(text)});
  }

  WhyAnswer finish() {
    const Gate& last = answer_.gates.back();
    answer_.summary = last.verdict == Gate::Verdict::kOk
                          ? last.text
                          : (last.verdict == Gate::Verdict::kWaiting ? "waiting: " : "") + last.text;
    return std::move(answer_);
  }

  // What the ledger calls released may have been taken off the branch.
  bool on_the_branch() {
    if (!rewritten_.empty()) add("push", Gate::Verdict::kWaiting, rewritten_);
    return rewritten_.empty();
  }

  bool spec() {
    for (const Error& error : branch_->plan->errors) {
      add("spec", Gate::Verdict::kNo, error.line());
      return false;
    }
    auto doubt = branch_->plan->doubts.find(target_.environment);
    if (doubt != branch_->plan->doubts.end()) {
      std::vector<model::Target> doubted = still_doubted(*doubt->second, state_);
      if (std::find(doubted.begin(), doubted.end(), target_) != doubted.end()) {
        add("vanished", Gate::Verdict::kWaiting, doubt->second->text);
        return false;
      }
    }
    if (record_ && record_->moved_away) {
      add("spec", Gate::Verdict::kNo, "it became " + record_->moved_away->to.str());
      return false;
    }
    if (record_ && record_->orphaned) {
      add("spec", Gate::Verdict::kNo, record_->orphaned->reason);
      return false;
    }
    add("spec", Gate::Verdict::kOk, "the spec is right");
    return true;
  }

  bool paths() {
    for (const Skipped& skipped : branch_->plan->skipped) {
      if (skipped.target != target_) continue;
      if (skipped.gate == "paths") {
        add("paths", Gate::Verdict::kNo, skipped.why);
        return false;
      }
    }
    add("paths", Gate::Verdict::kOk, "the commit is about this app");
    return true;
  }

  bool decisions() {
    if (flight_ && flight_->release.phase == model::Phase::kQueued && !flight_->release.blocked.empty()) {
      Blocked blocked = blocked_by(*flight_->wish, state_, now_);
      add(blocked ? blocked.gate : "hold", Gate::Verdict::kWaiting, flight_->release.blocked);
      return false;
    }
    if (record_) {
      if (const store::Hold* hold = record_->hold_in_force(now_)) {
        add("hold", Gate::Verdict::kWaiting, "held " + hold_text(*hold, now_));
        return false;
      }
    }
    for (const char* gate : {"policy", "approval", "hold", "freeze"})
      add(gate, Gate::Verdict::kOk, "nothing in the way");
    return true;
  }

  // Rendered, checked, committed and pushed.
  bool made() {
    if (flight_ && flight_->release.phase != model::Phase::kDone &&
        flight_->release.phase != model::Phase::kVerifying) {
      add(step_of(flight_->release), Gate::Verdict::kWaiting,
          flight_->release.note.empty() ? "under way" : flight_->release.note);
      return false;
    }
    // It failed, and the ledger could not be told yet: the same refusal may stand in its way.
    if (flight_ && flight_->release.outcome == model::Outcome::kFailed && flight_->release.number == 0 &&
        flight_->wish->commit() == answer_.source_commit) {
      add(flight_->release.steps.empty() ? "checks" : flight_->release.steps.back().step, Gate::Verdict::kNo,
          flight_->release.reason);
      return false;
    }
    if (record_) {
      for (auto one = record_->newest_attempts.rbegin(); one != record_->newest_attempts.rend(); ++one) {
        const model::Entry* attempt = &one->entry;
        if (!attempt->source || attempt->source->commit != answer_.source_commit) continue;
        if (attempt->type != model::EntryType::kFailed) break;
        add(attempt->step.empty() ? "checks" : attempt->step, Gate::Verdict::kNo, attempt->reason);
        return false;
      }
    }
    auto live = record_ ? record_->live() : nullptr;
    if (!live) {
      add("push", Gate::Verdict::kWaiting, "not released yet");
      return false;
    }
    // A commit that changes nothing of this app makes no release, and a rollback is of an older one.
    std::string of;
    if (live->source_commit != answer_.source_commit && !live->source_commit.empty())
      of = " (of " + live->source_commit.substr(0, 7) + ")";
    add("push", Gate::Verdict::kOk,
        "release " + std::to_string(live->number) + of + " is commit " + live->commit.short_hex() + " on deploy");
    return true;
  }

  // Applied by the reconciler, then healthy.
  void outcome() {
    const model::Environment* environment =
        view_ ? model::find_environment(*view_->platform, target_.environment) : nullptr;
    auto live = record_->live();
    if (environment != nullptr && environment->reconcile.empty())
      add("sync", Gate::Verdict::kUnknown,
          "nothing reconciles " + target_.environment + ": see instances in platform.yaml");
    if (!live->outcome) {
      std::string note = flight_ ? flight_->release.note : "";
      bool applied = !note.empty() && note.find("sync") == std::string::npos &&
                     note.find("Application") == std::string::npos && note.find("compared") == std::string::npos;
      if (applied) add("sync", Gate::Verdict::kOk, "applied by the reconciler");
      return add(applied ? "health" : "sync", Gate::Verdict::kWaiting,
                 note.empty() ? "the reconciler to apply it" : note);
    }
    const store::OutcomeRow& row = *live->outcome;
    std::string text = row.reason.empty() ? std::string(model::verdict_name(row.verdict)) : row.reason;
    bool not_applied = row.verdict != model::Verdict::kHealthy && (starts_with(row.reason, "the sync failed") ||
                                                                   row.reason.find("OutOfSync") != std::string::npos);
    if (not_applied) return add("sync", Gate::Verdict::kNo, text);
    if (row.verdict != model::Verdict::kUnverified)
      add("sync", Gate::Verdict::kOk,
          "applied by the reconciler" + (row.looked_at.empty() ? "" : " (" + row.looked_at + ")"));
    if (row.verdict == model::Verdict::kHealthy)
      return add("health", Gate::Verdict::kOk, "live" + (row.reason.empty() ? "" : ": " + text));
    add("health", row.verdict == model::Verdict::kUnverified ? Gate::Verdict::kUnknown : Gate::Verdict::kNo, text);
  }

  const model::Target& target_;
  const BranchView* branch_;
  const std::string trouble_;  // of the source
  const store::State& state_;
  store::TargetPtr record_;
  const std::optional<Flight>& flight_;
  PlatformPtr view_;
  const std::string rewritten_;
  Time now_;
  WhyAnswer answer_;
};

}  // namespace

const BranchView* branch_of(const std::vector<BranchView>& branches, const model::Target& target) {
  for (const BranchView& branch : branches) {
    if (branch.source.project != target.project || !branch.plan) continue;
    const auto& environments = branch.plan->environments;
    if (std::find(environments.begin(), environments.end(), target.environment) != environments.end()) return &branch;
  }
  return nullptr;
}

WhyAnswer walk_gates(const model::Target& target, const std::vector<BranchView>& branches, std::string trouble,
                     const store::State& state, const std::optional<Flight>& flight, PlatformPtr view,
                     std::string rewritten, Time now) {
  return Walk(target, branch_of(branches, target), std::move(trouble), state, flight, std::move(view),
              std::move(rewritten), now)
      .run();
}

}  // namespace autonomous::daemon
