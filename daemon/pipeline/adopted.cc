#include "daemon/pipeline/adopted.h"

namespace autonomous::daemon {

std::string describe(const store::ForeignChange& change) {
  std::string who = change.author.empty() ? change.committer : change.author;
  std::string commit = change.commits.empty() ? "" : change.commits.front().short_hex();
  switch (change.kind) {
    case store::ForeignChange::Kind::kRollback:
      return "rolled back to release " + std::to_string(change.to) + " by " + who + "'s commit " + commit +
             "; this is release " + std::to_string(change.adopted_as) + ", held until `autonomous resume`";
    case store::ForeignChange::Kind::kResume:
      return "back at release " + std::to_string(change.to) + " by " + who + "'s commit " + commit +
             "; this is release " + std::to_string(change.adopted_as) + ", no longer held";
    case store::ForeignChange::Kind::kDrift:
      return "drift: " + who + "'s commit " + commit + " is no release; the next release replaces it";
    case store::ForeignChange::Kind::kUndone:
      return "the drift was taken back by " + who + "'s commit " + commit + "; the newest release stands again";
    case store::ForeignChange::Kind::kRemoved:
      return "drift: " + who + "'s commit " + commit +
             " removes the whole target; this is not followed, and it is held";
  }
  return "";
}

void tell(const std::vector<ProgressPtr>& listeners, const store::Foreign& foreign) {
  for (const ProgressPtr& listener : listeners) {
    std::vector<Outcome> outcomes;
    for (const store::ForeignChange& change : foreign.changes) {
      bool followed = change.adopted_as != 0 || change.kind == store::ForeignChange::Kind::kUndone;
      Progress line{change.target.str(), change.adopted_as, "adopt", describe(change),
                    followed ? Progress::Tone::kGood : Progress::Tone::kWarning};
      listener->progress(line);
      outcomes.push_back({change.target.str(), change.adopted_as,
                          followed ? Outcome::Verdict::kDone : Outcome::Verdict::kWaiting, line.text});
    }
    if (foreign.main_moved)
      listener->progress({"", 0, "policy", "main is at " + foreign.main.short_hex(), Progress::Tone::kPlain});
    for (const std::string& path : foreign.other_paths)
      listener->progress({"", 0, "adopt", path + " is not a target's file; noted", Progress::Tone::kWarning});
    listener->done(outcomes);
  }
}

}  // namespace autonomous::daemon
