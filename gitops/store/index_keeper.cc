#include "gitops/store/index_keeper.h"

#include "gitops/base/log.h"

namespace autonomous::store {

namespace {

// So many commits of the ledger are folded at a start at most, on top of the index; and what isn't worth one.
constexpr uint64_t kEvery = 1000;

}  // namespace

void IndexKeeper::grew(const StatePtr& state) {
  if (++since_ >= kEvery) save(state);
}

void IndexKeeper::save(const StatePtr& state) {
  since_ = 0;
  if (file_.empty() || !state || (saved_ && saved_->ledger == state->ledger)) return;
  auto saved = save_index(file_, *state);
  if (saved) saved_ = state;
  else log(Level::kWarning, "the index could not be written", {{"error", saved.error().line()}});
}

}  // namespace autonomous::store
