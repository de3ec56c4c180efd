// Wishes that come in, and those that give way to them.
#include "daemon/pipeline/board.h"

namespace autonomous::daemon {

using model::Phase;

namespace {

bool can_be_overtaken(const Flight& flight) {
  const Wish& wish = *flight.wish;
  return pending(flight) && wish.asked() && wish.source && !wish.restore && !wish.retire && !flight.under_review;
}

}  // namespace

uint64_t Board::want(WishPtr wish, const FollowerPtr& follower) {
  std::lock_guard order(telling_);
  Told told;
  uint64_t id = 0;
  if (follower) follower->expect(wish->target);
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[wish->target];
    for (Flight& flight : lane.flights) {
      bool alike = pending(flight) && flight.wish->commit() == wish->commit() && flight.wish->intent == wish->intent;
      bool same = alike && flight.wish->trigger == wish->trigger && flight.wish->promoted_from == wish->promoted_from &&
                  (flight.under_review || flight.wish->view->commit == wish->view->commit);
      // What is under review is rendered again by itself when the platform changes.
      if (alike && flight.under_review && wish->trigger == model::Trigger::kConfiguration) same = true;
      if (!same) continue;
      if (follower) flight.followers.push_back(follower);
      id = flight.id;
      break;
    }
    if (id == 0) {
      std::vector<FollowerPtr> taken_over;
      wish = supersede_pending(lane, std::move(wish), taken_over, told);
      Flight flight;
      flight.followers = std::move(taken_over);
      flight.id = id = next_id_++;
      flight.wish = wish;
      flight.release.target = wish->target;
      flight.release.key = wish->target.str() + " " + artifact_of(*wish) + " " + wish->intent;
      flight.release.source = wish->commit();
      flight.release.order = id;
      flight.release.asked = wish->asked();
      flight.under_review = wish->proposed && needs_consent(*wish);
      flight.release.requested = flight.release.since = clock_.now();
      if (follower) flight.followers.push_back(follower);
      follow_view(flight);
      by_id_[id] = wish->target;
      lane.flights.push_back(std::move(flight));
      judge_gates(lane.flights.back(), told);
      forget_done(lane);
      changed(wish->target, told);
    }
    renders_.notify_one();
  }
  tell(std::move(told));
  return id;
}

void Board::cancel_pending(const model::Target& target, const std::string& why) {
  end_pending(target, model::Cancelled{why});
}

void Board::supersede_pending(const model::Target& target, const std::string& by) {
  end_pending(target, model::Superseded{by, false});
}

void Board::end_pending(const model::Target& target, const model::Event& event) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return;
    for (Flight& flight : lane->second.flights) {
      if (pending(flight) && !flight.wish->asked()) fold(flight, event, told);
    }
    forget_done(lane->second);
  }
  tell(std::move(told));
}

void Board::resume_verifying(WishPtr wish, const store::ReleaseRow& row, Time verify_until) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    Flight flight;
    flight.id = next_id_++;
    flight.release.target = wish->target;
    flight.release.source = row.source_commit;
    flight.release.order = flight.id;
    flight.release.phase = Phase::kVerifying;
    flight.release.requested = flight.release.since = row.time;
    flight.release.number = row.number;
    flight.release.commit = row.commit.hex();
    flight.release.deadline = verify_until;
    by_id_[flight.id] = wish->target;
    flight.wish = std::move(wish);
    model::Target target = flight.release.target;
    lanes_[target].flights.push_back(std::move(flight));
    changed(target, told);
  }
  tell(std::move(told));
}

// ---- inside, under mutex_

// What somebody asked for before something newer, and that could not go first (it paused after a failure, a gate held
// it): to release it now would take the newer one back. Going back, ending, and what people review are meant as they
// are.
void Board::supersede_overtaken(Lane& lane, uint64_t by, Told& told) {
  const Flight* newer = find(by);
  if (newer == nullptr || newer->wish->restore || newer->wish->retire || !newer->wish->source) return;
  std::string name = "release " + std::to_string(newer->release.number);
  for (Flight& flight : lane.flights) {
    if (flight.id < by && can_be_overtaken(flight)) fold(flight, model::Superseded{name, true}, told);
  }
}

void Board::overtaken_elsewhere(const model::Entry& release) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(*release.target);
    if (lane == lanes_.end()) return;
    std::string name = "release " + std::to_string(release.number) + " of another daemon";
    for (Flight& flight : lane->second.flights) {
      bool older = flight.release.requested < release.time && flight.wish->intent != release.intent;
      if (older && can_be_overtaken(flight)) fold(flight, model::Superseded{name, true}, told);
    }
    forget_done(lane->second);
  }
  tell(std::move(told));
}

// Pushes that wait give way to a newer wish, which remembers their commits. One for the same commit (the configuration
// changed meanwhile) is the same push, with the same audience.
WishPtr Board::supersede_pending(Lane& lane, WishPtr wish, std::vector<FollowerPtr>& followers, Told& told) {
  if (wish->asked()) return wish;
  auto more = std::make_shared<Wish>(*wish);
  for (Flight& flight : lane.flights) {
    if (!pending(flight) || flight.wish->asked() || flight.under_review) continue;
    more->supersedes.insert(more->supersedes.end(), flight.wish->supersedes.begin(), flight.wish->supersedes.end());
    if (flight.wish->commit() == wish->commit()) {
      if (flight.wish->trigger == model::Trigger::kPush) {
        more->trigger = model::Trigger::kPush;
        more->by = flight.wish->by;
        more->because = flight.wish->because;
      }
      followers.insert(followers.end(), flight.followers.begin(), flight.followers.end());
      flight.followers.clear();
    } else if (!flight.wish->commit().empty()) {
      more->supersedes.push_back(flight.wish->commit());
    }
    fold(flight, model::Superseded{short_commit(*wish), false}, told);
  }
  return more;
}

}  // namespace autonomous::daemon
