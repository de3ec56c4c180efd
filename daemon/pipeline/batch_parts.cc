#include "daemon/pipeline/batch_parts.h"

#include <iterator>
#include <utility>

namespace autonomous::daemon {

void BatchParts::add(Inbox::Entries entries) {
  notes = entries.notes.size();
  batch.entries = std::move(entries.notes);
  decisions = std::move(entries.decisions);
  for (const Inbox::Decision& decision : decisions)
    batch.entries.insert(batch.entries.end(), decision.entries.begin(), decision.entries.end());
}

void BatchParts::add_ended(Flight flight, std::vector<model::Entry> words) {
  ended.push_back({std::move(flight), batch.entries.size(), words.size()});
  std::move(words.begin(), words.end(), std::back_inserter(batch.entries));
}

void BatchParts::add_release(Flight flight, store::Draft draft) {
  batch.drafts.push_back(std::move(draft));
  if (flight.assembled->take_on) batch.taken.push_back(*flight.assembled->take_on);
  flights.push_back(std::move(flight));
}

void BatchParts::answer_decisions(const Result<store::BatchResult>& result) {
  size_t at = notes;
  for (Inbox::Decision& decision : decisions) {
    decision.promise.set_value(answer_of(result, at, decision.entries.size()));
    at += decision.entries.size();
  }
}

Result<void> answer_of(const Result<store::BatchResult>& result, size_t first, size_t count) {
  if (!result) return result.error();
  for (size_t i = first; i < first + count; ++i) {
    if (const auto& error = result->each_entry.at(i)) return *error;
  }
  return ok();
}

bool is_settled(const Result<void>& answer) {
  return answer || answer.error().code() == Code::kInvalid || answer.error().code() == Code::kCorrupt;
}

}  // namespace autonomous::daemon
