// Which flights have to wait, and for what.
#include <algorithm>

#include "daemon/pipeline/board.h"
#include "daemon/pipeline/gates.h"

namespace autonomous::daemon {

using model::Phase;

namespace {

constexpr Millis kAtOnce(30'000);

}  // namespace

void Board::judge_gates() {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    judge_all(told);
  }
  tell(std::move(told));
}

// ---- inside, under mutex_

const Flight* Board::reviewed_before(const Flight& flight) const {
  auto lane = lanes_.find(flight.release.target);
  if (lane == lanes_.end()) return nullptr;
  for (const Flight& other : lane->second.flights) {
    if (other.id < flight.id && other.under_review && pending(other)) return &other;
  }
  return nullptr;
}

// A target has one open proposal: that of the oldest flight which needs one. The others follow when it has ended.
bool Board::proposes_first(const Flight& flight) const {
  auto lane = lanes_.find(flight.release.target);
  if (lane == lanes_.end()) return true;
  return std::none_of(lane->second.flights.begin(), lane->second.flights.end(), [&](const Flight& other) {
    return other.id < flight.id && pending(other) && (other.under_review || other.proposes || !other.proposal.empty());
  });
}

// Ends the flight where somebody ended its proposal.
Blocked Board::gate_of(Flight& flight, Told& told) {
  const Wish& wish = *flight.wish;
  flight.proposes = false;
  if (!wish.restore && !wish.retire) {
    if (const Flight* other = reviewed_before(flight))
      return {"approval", "queued behind " + short_commit(*other->wish) + ", which people are reviewing"};
  }
  Blocked blocked = blocked_by(wish, *state_, clock_.now());
  // What must stand in the ledger is rendered first, because the ledger says what it is.
  bool lasting = wish.lasting();
  if (!flight.assembled) return lasting ? Blocked{} : blocked;
  Consent consent = consent_to(wish, *state_, bound_of(*flight.assembled), clock_.now());
  flight.approved_by = consent.by;
  if (!blocked && !consent.why.empty()) blocked = {"approval", consent.why};
  if (consent.needed == 0 && !lasting) return blocked;
  std::string ended = consent.proposal.empty() ? ended_by(*state_, wish.target, flight.proposal) : "";
  if (!ended.empty()) {
    flight.proposal.clear();
    fold(flight, model::Cancelled{ended}, told);
    return {};
  }
  flight.under_review = consent.needed > 0;
  flight.proposal = consent.proposal;
  // Rendered again before anybody is asked: that may be another proposal.
  const std::string& rendered_at = flight.assembled->draft.on_main;
  const auto& policy = flight.assembled->draft.trailers.policy;
  bool outdated = view_ && !rendered_at.empty() &&
                  (rendered_at != view_->tip.hex() || (policy && policy->commit != view_->commit.hex()));
  flight.proposes = blocked && consent.proposal.empty() && !outdated && proposes_first(flight);
  if (flight.proposes) {
    woken_ = true;
    writer_.notify_all();
  }
  if (outdated && flight.release.phase == Phase::kQueued) return {};
  return blocked;
}

// What is done at once needs no word in the ledger; what takes longer does, and so does what nobody waits for any more.
void Board::judge_ask(Flight& flight, bool blocked) {
  flight.ask = flight.wish->lasting() ? asked_as(*flight.wish, *state_) : "";
  // What nobody waited for from the start was in the ledger before it came here, or follows from what is.
  bool awaited = !flight.followers.empty();
  bool left = std::all_of(flight.followers.begin(), flight.followers.end(),
                          [](const FollowerPtr& follower) { return follower->left(); });
  bool lasts = blocked || (awaited && (left || clock_.now() - flight.release.requested >= kAtOnce));
  flight.asks = lasts && flight.wish->lasting() && flight.ask.empty() && flight.proposal.empty() && !flight.proposes;
  if (flight.asks) {
    woken_ = true;
    writer_.notify_all();
  }
}

// Who asked is not kept waiting for somebody else's decision.
void Board::leave_waiting(Flight& flight, const std::string& why, Told& told) {
  for (const FollowerPtr& follower : flight.followers) {
    told.ends.emplace_back(follower, Outcome{flight.release.target.str(), 0, Outcome::Verdict::kWaiting, why});
    told.ended_targets.push_back(flight.release.target);
  }
  flight.followers.clear();
}

// Nothing can be written down either: who asked for something that only the ledger would keep is told, and stays.
void Board::stop_for_rewrite(Flight& flight, Told& told) {
  flight.proposes = flight.asks = false;
  if (flight.release.blocked != rewritten_) fold(flight, model::Blocked{rewritten_}, told);
  bool kept = !flight.wish->lasting() || !flight.proposal.empty() || !asked_as(*flight.wish, *state_).empty();
  if (kept) leave_waiting(flight, rewritten_, told);
}

void Board::judge_gates(Flight& flight, Told& told) {
  if (!pending(flight)) return;
  if (flight.release.phase == Phase::kRendering) return judge_ask(flight, false);
  if (!rewritten_.empty()) return stop_for_rewrite(flight, told);
  Blocked blocked = gate_of(flight, told);
  if (!pending(flight)) return;
  judge_ask(flight, static_cast<bool>(blocked));
  if (blocked) {
    if (flight.release.blocked != blocked.why) fold(flight, model::Blocked{blocked.why}, told);
    if (flight.proposes || flight.asks) return;  // said once the ledger says it
    leave_waiting(flight, blocked.why, told);
  } else if (!flight.release.blocked.empty()) {
    fold(flight, model::Unblocked{}, told);
    renders_.notify_all();
  }
}

// What waits is judged, and rendered, by the newest main: a wish upon an older one would be stale again and again.
void Board::follow_view(Flight& flight) const {
  if (!pending(flight) || !view_ || !flight.wish->view ||
      (flight.wish->view->tip == view_->tip && flight.wish->view->commit == view_->commit))
    return;
  auto renewed = std::make_shared<Wish>(*flight.wish);
  if (renewed->app && renewed->app_at.is_zero()) renewed->app_at = renewed->view->tip;
  renewed->view = view_;
  flight.wish = std::move(renewed);
}

void Board::judge_all(Told& told) {
  if (!view_) return;
  for (auto& [target, lane] : lanes_) {
    for (Flight& flight : lane.flights) judge_gates(flight, told);
    forget_done(lane);  // a proposal that somebody ended
  }
}

}  // namespace autonomous::daemon
