// What the record says now: the view of main, the state that the ledger folds to, and what others did to them.
#include <algorithm>
#include <utility>

#include "daemon/pipeline/adopted.h"
#include "daemon/pipeline/writer.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kReleasesLookedAt = 50;  // of a target

// Whether what waits to be written is what this release wrote: the key of design.md §5.
bool is_this(const Flight& flight, const store::ReleaseRow& row) {
  if (flight.release.phase != model::Phase::kReady || !flight.assembled) return false;
  const store::Draft& draft = flight.assembled->draft;
  return draft.artifact == row.artifact && draft.intent == row.intent &&
         draft.trailers.input_digest == row.input_digest && draft.on_number < row.number;
}

}  // namespace

void Writer::take_in(const store::Foreign& foreign) {
  for (const store::ForeignChange& change : foreign.changes) {
    log(Level::kInfo, describe(change), {{"target", change.target.str()}});
  }
  bool news = follow_main();
  publish_state();
  // Whoever plans by the new view must not see the old state: at a start it is empty, and everything would be new.
  if (board_.view() != main_.view()) board_.set_view(main_.view());
  if (news && options_.on_view) options_.on_view(main_.view());
  if (news && options_.platform_files) owed_ = options_.platform_files(*main_.view(), *state_);
  std::vector<model::Target> released;
  for (const model::Entry& entry : foreign.entries) {
    if (entry.type != model::EntryType::kRelease) continue;
    released.push_back(*entry.target);
    board_.overtaken_elsewhere(entry);
  }
  if (released.empty()) return;
  // What we have in mind for them may be older than what runs now: the heads of the branches say what is wanted.
  for (const model::Target& target : released) board_.supersede_pending(target, "a release that another daemon made");
  if (options_.on_released_elsewhere) options_.on_released_elsewhere(released);
}

bool Writer::follow_main() {
  MainWatch::Look look = main_.look(*record_);
  for (model::Entry& proposal : look.proposals) note(std::move(proposal));
  return look.news;
}

void Writer::publish_state() {
  store::StatePtr now = record_->state();
  if (now == state_) return;
  store::StatePtr before = std::exchange(state_, now);
  board_.set_state(now);
  for (const auto& [target, state] : now->targets) {
    if (!before || before->find(target) != state) watch_over(target, *state);
  }
}

// Releases whose outcome nobody is finding out (a daemon before us made them, or a person's revert did): the newest is
// verified, older ones were superseded.
void Writer::watch_over(const model::Target& target, const store::TargetState& state) {
  size_t looked_at = 0;
  for (auto row = state.releases.rbegin(); row != state.releases.rend() && looked_at < kReleasesLookedAt;
       ++row, ++looked_at) {
    if ((*row)->outcome) break;
    auto flights = board_.flights(target);
    bool known = std::any_of(flights.begin(), flights.end(),
                             [&](const Flight& flight) { return flight.release.number == (*row)->number; });
    if (known) continue;
    bool newest = row == state.releases.rbegin();
    // It is what we wanted, and its answer was lost: who waits for it hears of it.
    auto ours =
        std::find_if(flights.begin(), flights.end(), [&](const Flight& flight) { return is_this(flight, **row); });
    if (ours != flights.end()) {
      board_.post(ours->id, model::CommitBegan{});
      board_.post(ours->id,
                  model::Committed{(*row)->number, (*row)->commit.hex(), newest ? verify_until(target) : Time{}});
      if (newest && options_.on_released) options_.on_released();
      continue;
    }
    auto wish = std::make_shared<Wish>();
    wish->target = target;
    wish->trigger = (*row)->trigger;
    wish->view = main_.view();
    board_.resume_verifying(wish, **row, newest ? verify_until(target) : Time{});
    if (newest && options_.on_released) options_.on_released();
  }
}

Time Writer::verify_until(const model::Target& target) const {
  const model::Environment* environment =
      main_.view() ? model::find_environment(*main_.view()->platform, target.environment) : nullptr;
  return clock_.now() + (environment && environment->timeout ? *environment->timeout : verify_timeout_.load());
}

}  // namespace autonomous::daemon
