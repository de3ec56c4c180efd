#include "gitops/model/release.h"

#include <algorithm>

namespace autonomous::model {

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::kQueued: return "queued";
    case Phase::kRendering: return "rendering";
    case Phase::kReady: return "ready";
    case Phase::kCommitting: return "committing";
    case Phase::kVerifying: return "verifying";
    case Phase::kDone: return "done";
  }
  return "";
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone: return "";
    case Outcome::kHealthy: return "healthy";
    case Outcome::kFailed: return "failed";
    case Outcome::kSuperseded: return "superseded";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kRejected: return "rejected";
    case Outcome::kUnverified: return "unverified";
    case Outcome::kUnchanged: return "unchanged";
  }
  return "";
}

Millis retry_pause(uint32_t attempt) {
  return Millis(std::min<int64_t>(60'000, int64_t{1000} << std::min<uint32_t>(attempt > 0 ? attempt - 1 : 0, 6)));
}

namespace {

// One overload an event: what it does to a release in the right phase.
class Folder {
 public:
  Folder(Release& release, Time now) : r_(release), now_(now) {}

  void operator()(const RenderBegan&) {
    if (r_.phase == Phase::kQueued && r_.blocked.empty()) enter(Phase::kRendering);
  }
  void operator()(const Rendered&) {
    if (r_.phase != Phase::kRendering) return;
    took("render");
    r_.attempts = 0;
    enter(Phase::kReady);
  }
  void operator()(const RenderEmpty&) {
    if (r_.phase == Phase::kRendering) end(Outcome::kUnchanged, "nothing changes for it");
  }
  void operator()(const RenderFailed& event) {
    if (r_.phase != Phase::kRendering) return;
    failed("render", event.reason, event.retryable);
  }
  void operator()(const Blocked& event) {
    if (r_.phase == Phase::kVerifying || r_.phase == Phase::kDone) return;
    if (r_.phase != Phase::kQueued) enter(Phase::kQueued);
    r_.blocked = event.why;
  }
  void operator()(const Unblocked&) { r_.blocked.clear(); }
  void operator()(const CommitBegan&) {
    if (r_.phase == Phase::kReady) enter(Phase::kCommitting);
  }
  void operator()(const Committed& event) {
    if (r_.phase != Phase::kCommitting) return;
    took("commit");
    r_.attempts = 0;
    r_.number = event.number;
    r_.commit = event.commit;
    r_.deadline = event.verify_until;
    enter(Phase::kVerifying);
  }
  void operator()(const NothingChanged& event) {
    if (r_.phase == Phase::kCommitting)
      end(Outcome::kUnchanged,
          event.reason.empty() ? "the rendered manifests and values are what runs already" : event.reason);
  }
  void operator()(const Refused& event) {
    if (r_.phase == Phase::kCommitting) failed("commit", event.words, event.retryable);
  }
  void operator()(const Stale&) {
    if (r_.phase == Phase::kCommitting || r_.phase == Phase::kRendering) enter(Phase::kQueued);
  }
  void operator()(const Seen& event) {
    if (r_.phase != Phase::kDone) r_.note = event.note;
  }
  void operator()(const Verified& event) {
    if (r_.phase != Phase::kVerifying) return;
    took("verify");
    r_.resource = event.resource;
    r_.looked_at = event.looked_at;
    r_.artifact_failed = event.outcome == Outcome::kFailed && event.artifact;
    end(event.outcome, event.reason);
  }
  void operator()(const Superseded& event) {
    // Once it is with the writer it has, or may get, a number: then its outcome is found by looking.
    if (r_.phase == Phase::kCommitting || r_.phase == Phase::kVerifying || r_.phase == Phase::kDone ||
        (r_.asked && !event.went_out))
      return;
    end(Outcome::kSuperseded, "a newer request came first: " + event.by);
  }
  void operator()(const Cancelled& event) {
    if (r_.phase != Phase::kCommitting && r_.phase != Phase::kVerifying && r_.phase != Phase::kDone)
      end(Outcome::kCancelled, event.why);
  }
  void operator()(const Recorded&) {
    if (r_.phase == Phase::kDone) r_.recorded = true;
  }
  void operator()(const ClockJumped& event) {
    if (r_.phase == Phase::kDone) return;  // that was then
    for (Time* time : {&r_.since, &r_.deadline, &r_.not_before}) {
      if (*time != Time{}) *time += event.by;
    }
  }

 private:
  void enter(Phase phase) {
    r_.phase = phase;
    r_.since = now_;
  }
  void took(std::string step) { r_.steps.push_back({std::move(step), r_.since, now_}); }
  void end(Outcome outcome, std::string reason) {
    r_.outcome = outcome;
    r_.reason = std::move(reason);
    r_.blocked.clear();
    enter(Phase::kDone);
  }
  void failed(std::string step, const std::string& reason, bool retryable) {
    took(step);
    ++r_.attempts;
    // What is made waits for its repository as long as that is away: an outage of hours fails nobody's release.
    if (!retryable || (step != "commit" && r_.attempts >= kMaxAttempts)) return end(Outcome::kFailed, reason);
    r_.note = reason;
    r_.not_before = now_ + retry_pause(r_.attempts);
    enter(step == "commit" ? Phase::kReady : Phase::kQueued);
  }

  Release& r_;
  Time now_;
};

}  // namespace

Release apply(Release release, const Event& event, Time now) {
  std::visit(Folder(release, now), event);
  return release;
}

Step next_step(const Release& r, Time now) {
  bool pausing = now < r.not_before;
  switch (r.phase) {
    case Phase::kQueued: return r.blocked.empty() && !pausing ? Step::kRender : Step::kNothing;
    case Phase::kRendering: return Step::kNothing;
    case Phase::kReady: return pausing ? Step::kNothing : Step::kCommit;
    case Phase::kCommitting: return Step::kNothing;
    case Phase::kVerifying: return now >= r.deadline ? Step::kGiveUp : Step::kVerify;
    case Phase::kDone: return r.recorded ? Step::kForget : Step::kRecord;
  }
  return Step::kNothing;
}

Time wakes_at(const Release& r, Time now) {
  if (r.phase == Phase::kVerifying && now < r.deadline) return r.deadline;
  bool may_pause = r.phase == Phase::kQueued || r.phase == Phase::kReady;
  if (may_pause && now < r.not_before) return r.not_before;
  return Time::max();
}

}  // namespace autonomous::model
