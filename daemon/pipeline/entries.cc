#include "daemon/pipeline/entries.h"

#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "gitops/base/digest.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"

namespace autonomous::daemon {

namespace {

model::Entry outcome_entry(const Flight& flight) {
  const model::Release& release = flight.release;
  model::Entry entry;
  entry.target = release.target;
  // Of the moment that it ended: said again after an answer was lost, it is the same entry.
  entry.time = release.since;
  entry.number = release.number;
  // A step that was done again (rendered, approved, rendered) is one step in the ledger, and took all of that time.
  for (const model::StepSpan& span : release.steps) {
    auto same = std::find_if(entry.steps.begin(), entry.steps.end(),
                             [&](const model::StepTime& step) { return step.name == span.step; });
    if (same != entry.steps.end()) same->took += span.ended - span.started;
    else entry.steps.push_back({span.step, span.ended - span.started});
  }
  entry.reason = one_line(masked(release.reason), 2000);
  if (release.number == 0) {
    entry.type = model::EntryType::kFailed;
    entry.step = release.steps.empty() ? "render" : release.steps.back().step;
    entry.trigger = flight.wish->trigger;
    entry.by = flight.wish->by;
    entry.because = flight.wish->because;
    entry.ticket = flight.wish->ticket;
    entry.artifact = artifact_of(*flight.wish);
    if (flight.wish->promoted_from) entry.origin = flight.wish->promoted_from->str();
    entry.intent = flight.wish->intent;
    if (const SourceCommit* source = flight.wish->source.get()) {
      entry.source = model::SourceFact{source->repository.url, source->id, source->ref};
      entry.subject = source->subject;
      entry.author = source->author.name + " <" + source->author.email + ">";
    }
    return entry;
  }
  entry.type = model::EntryType::kOutcome;
  switch (release.outcome) {
    case model::Outcome::kHealthy: entry.verdict = model::Verdict::kHealthy; break;
    case model::Outcome::kSuperseded: entry.verdict = model::Verdict::kSuperseded; break;
    case model::Outcome::kCancelled: entry.verdict = model::Verdict::kCancelled; break;
    case model::Outcome::kRejected: entry.verdict = model::Verdict::kRejected; break;
    case model::Outcome::kUnverified: entry.verdict = model::Verdict::kUnverified; break;
    default: entry.verdict = model::Verdict::kFailed; break;
  }
  entry.resource = release.resource;
  entry.looked_at = release.looked_at;
  return entry;
}

}  // namespace

model::Entry ask_entry(const Wish& wish, Time now) {
  model::Entry entry;
  entry.type = model::EntryType::kAsk;
  entry.target = wish.target;
  entry.time = now;
  entry.by = wish.by;
  entry.because = model::clean_value(wish.because);
  entry.ticket = model::clean_value(wish.ticket);
  entry.artifact = artifact_of(wish);
  entry.intent = wish.intent;
  entry.trigger = wish.trigger;
  entry.image = wish.image;
  if (wish.moves) entry.scope = std::string(kMoves);
  if (const SourceCommit* source = wish.source.get()) {
    entry.source = model::SourceFact{git::url_without_credentials(source->repository.url), source->id, source->ref};
    entry.subject = model::clean_value(source->subject, 200);
    entry.author = model::clean_value(source->author.name + " <" + source->author.email + ">", 200);
  }
  if (wish.promoted_from) entry.origin = wish.promoted_from->str();
  if (wish.restore) entry.origin = model::ReleaseId{wish.target, *wish.restore}.str();
  if (wish.retry_of && !wish.promoted_from) entry.origin = wish.retry_of->str();
  Sha256 id;
  for (const std::string& part :
       {std::string("ask/1"), entry.target->str(), entry.artifact, entry.intent, entry.origin})
    id.add_field(part);
  entry.id = id.finish_hex().substr(0, 12);
  return entry;
}

bool is_about(const model::Entry& entry, const Wish& wish) {
  if (entry.intent != wish.intent) return false;
  if (entry.source && !wish.commit().empty() && wish.commit() != entry.source->commit) return false;
  // Without an intent it is a push, or a promotion from there.
  return !wish.intent.empty() || (wish.promoted_from ? wish.promoted_from->str() : "") == entry.origin;
}

model::Entry propose_entry(const Flight& flight, Time now) {
  const store::Draft& draft = flight.assembled->draft;
  model::Entry entry = ask_entry(*flight.wish, now);
  entry.type = model::EntryType::kPropose;
  entry.artifact = draft.artifact;
  entry.input_digest = draft.trailers.input_digest;
  entry.tree = flight.assembled->tree;
  entry.subject = model::clean_value(draft.subject, 200);
  entry.author = model::clean_value(draft.source_author, 200);
  Sha256 id;
  for (const std::string& part : {entry.target->str(), entry.artifact, entry.input_digest, entry.tree, entry.intent})
    id.add_field(part);
  entry.id = id.add_field(format_time(now)).finish_hex().substr(0, 12);
  return entry;
}

std::vector<model::Entry> last_words(const Flight& flight, const store::State* state, Time now) {
  std::vector<model::Entry> out;
  bool failed = flight.release.outcome == model::Outcome::kFailed;
  if (flight.release.number != 0 || failed) out.push_back(outcome_entry(flight));
  store::TargetPtr target = state ? state->find(flight.release.target) : nullptr;
  bool open = target && target->proposal && target->proposal->entry.id == flight.proposal;
  if (flight.release.number == 0 && open) {
    model::Entry end;
    end.type = model::EntryType::kCancel;
    end.target = flight.release.target;
    end.time = now;
    end.id = flight.proposal;
    end.artifact = target->proposal->entry.artifact;
    end.source = target->proposal->entry.source;
    end.reason = one_line(masked(flight.release.reason), 2000);
    out.push_back(std::move(end));
  }
  if (flight.release.number != 0 || failed || !target) return out;  // they end it themselves
  for (const model::Entry& ask : target->asked) {
    if (ask.id != flight.ask) continue;
    model::Entry end;
    end.type = model::EntryType::kCancel;
    end.target = flight.release.target;
    end.time = now;
    end.id = ask.id;
    end.artifact = ask.artifact;
    end.source = ask.source;
    end.reason = one_line(masked(flight.release.reason), 2000);
    out.push_back(std::move(end));
  }
  return out;
}

}  // namespace autonomous::daemon
