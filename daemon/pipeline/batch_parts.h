// BatchParts: what the writer puts into one batch, and whose each part is, so that everybody hears the answer that is
// about theirs. A value of the writer's thread.
#pragma once

#include <cstddef>
#include <vector>

#include "daemon/pipeline/flight.h"
#include "daemon/pipeline/inbox.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

struct BatchParts {
  // A flight that ended, and which of the entries say so: `count` from `first`.
  struct Ended {
    Flight flight;
    size_t first = 0, count = 0;
  };

  store::Batch batch;
  size_t notes = 0;                        // the first so many entries
  std::vector<Inbox::Decision> decisions;  // whose entries come next
  std::vector<Ended> ended;
  std::vector<Flight> flights;  // of the drafts, one each

  // In this order; the platform's own takings-on are put into the batch before the releases.
  void add(Inbox::Entries entries);
  void add_ended(Flight flight, std::vector<model::Entry> words);
  void add_release(Flight flight, store::Draft draft);

  bool empty() const { return batch.entries.empty() && batch.drafts.empty() && batch.taken.empty(); }
  // Whoever decided something hears what became of it.
  void answer_decisions(const Result<store::BatchResult>& result);
};

// Of `count` entries from `first`. Each has an answer of its own: one entry that is refused must not make others be
// written twice.
Result<void> answer_of(const Result<store::BatchResult>& result, size_t first, size_t count);
// It is written, or can never be: that is given up, and said. What is refused or out of reach is tried again.
bool is_settled(const Result<void>& answer);

}  // namespace autonomous::daemon
