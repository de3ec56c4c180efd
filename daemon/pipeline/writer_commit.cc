// What goes out: one batch of all that is ready, and the answers to everybody whose part it has.
#include <utility>

#include "daemon/pipeline/entries.h"
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/settle.h"
#include "daemon/pipeline/writer.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {

namespace {

constexpr int kMostWithoutTags = 8;  // batches in a row

bool failed_on_deploy(const Flight& flight) {
  return flight.release.outcome == model::Outcome::kFailed && flight.release.number != 0;
}

}  // namespace

void Writer::commit(const Ctx& ctx) {
  BatchParts parts = gather();
  if (parts.empty()) {
    for (const auto& ended : parts.ended) board_.post(ended.flight.id, model::Recorded{});  // nothing was left to say
    return;
  }
  const std::vector<model::Entry> entries = parts.batch.entries;
  BatchAnswer answer = record_->commit(ctx, std::move(parts.batch));
  note_trouble(entries, answer);
  keep_notes(parts.notes, answer);
  if (answer) {
    pulse_.add_pushes(answer->pushes);
    keep_platform_files(*answer);
  } else {
    // Some of it may be there: what is sent next is made of what the repository says then.
    inbox_.ask_for_look(nullptr);
  }
  settle_flights(parts.flights, answer);
  if (answer) take_in(answer->foreign);
  finish(parts.ended, answer);
  parts.answer_decisions(answer);
  if (!parts.flights.empty() && options_.on_released) options_.on_released();
  look_after(ctx);
}

BatchParts Writer::gather() {
  BatchParts parts;
  parts.add(inbox_.take_entries());
  for (Flight& flight : board_.unrecorded()) {
    std::vector<model::Entry> words = words_of(flight);
    parts.add_ended(std::move(flight), std::move(words));
  }
  for (const Flight& flight : board_.proposing()) parts.batch.entries.push_back(propose_entry(flight, clock_.now()));
  for (const Flight& flight : board_.asking()) parts.batch.entries.push_back(ask_entry(*flight.wish, clock_.now()));
  parts.batch.taken = owed_;
  // A decision of the same moment (a hold) stands before the releases that it is about: they wait a cycle.
  if (!parts.decisions.empty()) return parts;
  for (Flight& flight : board_.take_ready(options_.batch)) {
    if (is_outdated(flight)) {
      board_.post(flight.id, model::Stale{});
      continue;
    }
    store::Draft draft = draft_of(flight);
    parts.add_release(std::move(flight), std::move(draft));
  }
  return parts;
}

std::vector<model::Entry> Writer::words_of(const Flight& ended) const {
  std::vector<model::Entry> words = last_words(ended, state_.get(), clock_.now());
  store::ReleaseRowPtr row = state_ ? state_->find({ended.release.target, ended.release.number}) : nullptr;
  bool told = row && row->outcome;  // the answer was lost: what follows stands beside it
  if (!failed_on_deploy(ended) || told || !options_.with_failure) return words;
  // In the same commit: who ends us now must not keep what follows from it.
  for (model::Entry& entry : options_.with_failure(ended)) words.push_back(std::move(entry));
  return words;
}

// What people agreed to has come into force since, at the same tip of main.
bool Writer::is_outdated(const Flight& flight) const {
  const auto& policy = flight.assembled->draft.trailers.policy;
  return main_.view() && policy && policy->commit != main_.view()->commit.hex();
}

store::Draft Writer::draft_of(const Flight& flight) const {
  store::Draft draft = flight.assembled->draft;
  draft.trailers.approved_by = flight.approved_by;
  draft.proposal = flight.proposal;
  draft.past_freeze = passes_freeze(*flight.wish, *state_, clock_.now());
  return draft;
}

void Writer::note_trouble(const std::vector<model::Entry>& entries, const BatchAnswer& answer) {
  std::string refused;
  for (size_t i = 0; answer && i < entries.size(); ++i) {
    Result<void> one = answer_of(answer, i, 1);
    if (one) continue;
    if (refused.empty() && !is_settled(one)) {
      refused = "the ledger does not take '" + std::string(model::entry_type_name(entries[i].type)) + "'" +
                (entries[i].target ? " of " + entries[i].target->str() : "") + ": " + one.error().text();
    }
    if (is_settled(one))
      log(Level::kError, "an entry cannot stand in the ledger; it is dropped",
          {{"type", model::entry_type_name(entries[i].type)},
           {"target", entries[i].target ? entries[i].target->str() : ""},
           {"error", one.error().line()}});
  }
  // An entry that the server refuses is offered again by itself: it makes nobody wait whom the server lets through.
  failures_ = answer && (refused.empty() || answer->accepted > 0) ? 0 : failures_ + 1;
  pulse_.set_trouble(answer ? refused : answer.error().text());
}

void Writer::keep_notes(size_t notes, const BatchAnswer& answer) {
  if (!answer) return;
  std::vector<bool> done(notes);
  for (size_t i = 0; i < notes; ++i) done[i] = is_settled(answer_of(answer, i, 1));
  inbox_.drop_notes(done);
}

void Writer::keep_platform_files(const store::BatchResult& result) {
  std::vector<store::TakeOn> left, written;
  for (size_t i = 0; i < owed_.size(); ++i) {
    const std::optional<Error>& error = result.taken[i];
    if (!error) {
      written.push_back(std::move(owed_[i]));
      continue;
    }
    log(Level::kWarning, "what the platform says of a namespace is not written yet",
        {{"target", owed_[i].target.str()}, {"error", error->line()}});
    left.push_back(std::move(owed_[i]));
  }
  owed_ = std::move(left);
  if (!written.empty() && options_.on_platform_files) options_.on_platform_files(written);
}

void Writer::settle_flights(const std::vector<Flight>& flights, const BatchAnswer& answer) {
  for (size_t i = 0; i < flights.size(); ++i) {
    if (answer) {
      settle(board_, flights[i], answer->drafts.at(i), verify_until(flights[i].release.target));
    } else {
      // Of the repository, not of this release: it waits.
      board_.post(flights[i].id, model::Refused{answer.error().text(), true});
    }
  }
}

void Writer::finish(const std::vector<BatchParts::Ended>& ended, const BatchAnswer& answer) {
  for (const auto& [flight, first, count] : ended) {
    if (count > 0 && !is_settled(answer_of(answer, first, count))) continue;
    const model::Release& release = flight.release;
    log(release.outcome == model::Outcome::kFailed ? Level::kWarning : Level::kInfo,
        std::string(model::outcome_name(release.outcome)) + (release.reason.empty() ? "" : ": " + release.reason),
        {{"target", release.target.str()}, {"release", std::to_string(release.number)}});
    if (failed_on_deploy(flight) && options_.on_failed) options_.on_failed(flight);
    board_.post(flight.id, model::Recorded{});
  }
}

// Who waits was told. What is ready goes before tags, but they do not wait for ever.
void Writer::look_after(const Ctx& ctx) {
  bool more = failures_ == 0 && (!board_.unrecorded().empty() || board_.has_ready());
  if (more) board_.wake();
  if (!more || ++without_tags_ >= kMostWithoutTags) {
    without_tags_ = 0;
    record_->make_tags(ctx);
  }
  if (++batches_ >= options_.tidy_every && !more) tidy(ctx);
}

}  // namespace autonomous::daemon
