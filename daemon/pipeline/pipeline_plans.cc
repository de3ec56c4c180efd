// What becomes of a plan: who hears of it, what is wanted, and what the ledger learns.
#include <algorithm>

#include "daemon/pipeline/news.h"
#include "daemon/pipeline/pipeline.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

void Pipeline::say_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower) const {
  if (!follower) return;
  std::string commit = plan.source ? plan.source->id.substr(0, 7) + " " + plan.source->subject : "";
  say(follower, branch + " is at " + commit);
  if (plan.environments.empty() && plan.errors.empty()) {
    say(follower,
        "no environment is fed from " + branch + " (platform.yaml on main of the GitOps repository says which)",
        Progress::Tone::kWarning);
  }
  for (const std::string& note : plan.notes)
    say(follower, note, starts_with(note, "warning") ? Progress::Tone::kWarning : Progress::Tone::kPlain, "spec");
  // Where a release was taken off the branch, nobody knows that it is what runs.
  std::string rewritten = board_.rewritten();
  for (const Skipped& skipped : plan.skipped) {
    if (rewritten.empty()) follower->line({skipped.target.str(), 0, skipped.gate, skipped.why, Progress::Tone::kPlain});
    else say(follower, rewritten, Progress::Tone::kWarning, "push", skipped.target.str());
  }
  for (const model::Target& target : plan.vanished) {
    follower->line(
        {target.str(), 0, "spec",
         "orphaned: it is gone from the spec and keeps running until `autonomous retire " + target.str() + "`",
         Progress::Tone::kWarning});
  }
  for (const auto& [environment, doubt] : plan.doubts)
    say(follower, doubt->text, Progress::Tone::kWarning, "spec", environment);
  for (const Error& error : plan.errors) say(follower, error.text(), Progress::Tone::kBad, "spec");
}

void Pipeline::apply_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower) {
  for (const Error& error : plan.errors) {
    log(Level::kWarning, error.line(),
        {{"project", plan.source ? plan.source->repository.project : ""}, {"branch", branch}});
  }
  if (!plan.errors.empty()) {
    record_failed_plan(plan);
    if (follower) {
      // The pusher hears of it as of a failed release.
      model::Target none{"", plan.source ? plan.source->repository.project : "", ""};
      follower->expect(none);
      follower->ended(none, {none.project, 0, Outcome::Verdict::kFailed,
                             std::to_string(plan.errors.size()) + (plan.errors.size() == 1 ? " error" : " errors") +
                                 " in the source; nothing of it was released"});
    }
  }
  for (const model::Target& target : plan.vanished) {
    mark(target, model::EntryType::kOrphaned,
         "it is no longer in the spec at " + plan.source->id.substr(0, 7) +
             "; it keeps running until `autonomous retire`");
  }
  for (const model::Target& target : plan.found)
    mark(target, model::EntryType::kFound, "it is in the spec again at " + plan.source->id.substr(0, 7));
  std::vector<std::shared_ptr<const Doubt>> doubts;
  for (const auto& [environment, doubt] : plan.doubts) {
    log(Level::kWarning, doubt->text, {{"project", plan.source->repository.project}, {"environment", environment}});
    doubts.push_back(doubt);
  }
  if (plan.whole) board_.set_doubts(plan.source->repository.project, plan.environments, doubts);
  for (const WishPtr& wish : plan.wishes) board_.want(wish, follower);
}

// Targets that exist learn that a commit could not be planned; a project without targets has nobody to tell.
void Pipeline::record_failed_plan(const Plan& plan) {
  if (!plan.source) return;
  store::StatePtr state = board_.state();
  std::string reason;
  for (const Error& error : plan.errors) reason += (reason.empty() ? "" : "; ") + error.line();
  for (const auto& [target, record] : state->targets) {
    if (target.project != plan.source->repository.project) continue;
    if (std::find(plan.environments.begin(), plan.environments.end(), target.environment) == plan.environments.end())
      continue;
    bool planned = std::any_of(plan.wishes.begin(), plan.wishes.end(),
                               [&](const WishPtr& wish) { return wish->target == target; }) ||
                   std::any_of(plan.skipped.begin(), plan.skipped.end(),
                               [&](const Skipped& skipped) { return skipped.target == target; });
    auto commit = git::Oid::parse(plan.source->id);
    if (planned || !commit || failed_before(*record, *commit)) continue;
    model::Entry entry;
    entry.type = model::EntryType::kFailed;
    entry.target = target;
    entry.time = clock_.now();
    entry.step = "spec";
    entry.trigger = model::Trigger::kPush;
    entry.source = model::SourceFact{plan.source->repository.url, plan.source->id, plan.source->ref};
    entry.subject = plan.source->subject;
    entry.author = plan.source->author.name + " <" + plan.source->author.email + ">";
    entry.reason = one_line(masked(reason), 2000);
    writer_->note(std::move(entry));
  }
}

void Pipeline::mark(const model::Target& target, model::EntryType type, const std::string& reason) {
  model::Entry entry;
  entry.type = type;
  entry.target = target;
  entry.time = clock_.now();
  entry.reason = reason;
  writer_->note(std::move(entry));
}

}  // namespace autonomous::daemon
