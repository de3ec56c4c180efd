#include "daemon/pipeline/board.h"

#include <algorithm>
#include <tuple>

namespace autonomous::daemon {

using model::Phase;
using model::Step;

namespace {

template <typename Turns>
uint64_t turn_of(const Turns& turns, std::string_view project) {
  auto found = turns.find(project);
  return found == turns.end() ? 0 : found->second;
}

}  // namespace

// ---- facts

void Board::set_state(store::StatePtr state) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    store::StatePtr before = std::exchange(state_, std::move(state));
    for (const auto& [target, now] : state_->targets) {
      if (before->find(target) != now) changed(target, told);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

void Board::set_view(PlatformPtr view) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    view_ = std::move(view);
    for (auto& [target, lane] : lanes_) {
      for (Flight& flight : lane.flights) follow_view(flight);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

void Board::set_doubts(const std::string& project, const std::vector<std::string>& environments,
                       const std::vector<std::shared_ptr<const Doubt>>& doubts) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    std::set<model::Target> touched;
    for (auto it = doubts_.begin(); it != doubts_.end();) {
      bool about = it->first.project == project &&
                   std::find(environments.begin(), environments.end(), it->first.environment) != environments.end();
      if (about) touched.insert(it->first);
      it = about ? doubts_.erase(it) : std::next(it);
    }
    for (const auto& doubt : doubts) {
      for (const model::Target& target : doubt->vanished) {
        doubts_[target] = doubt;
        touched.insert(target);
      }
    }
    for (const model::Target& target : touched) changed(target, told);
  }
  tell(std::move(told));
}

void Board::set_rewritten(const std::string& why) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    if (rewritten_ == why) return;
    rewritten_ = why;
    judge_all(told);
  }
  tell(std::move(told));
}

std::string Board::rewritten() const {
  std::lock_guard lock(mutex_);
  return rewritten_;
}

void Board::clock_jumped(Millis by) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    for (auto& [target, lane] : lanes_) {
      for (Flight& flight : lane.flights) fold(flight, model::ClockJumped{by}, told);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

// ---- work

std::optional<Flight> Board::take_render(std::stop_token stop) {
  std::unique_lock order(telling_, std::defer_lock);
  for (;;) {
    Told told;
    std::optional<Flight> taken;
    {
      order.lock();
      std::unique_lock lock(mutex_);
      Time now = clock_.now();
      std::pair<uint64_t, uint64_t> first;
      for (auto& [target, lane] : lanes_) {
        if (std::any_of(lane.flights.begin(), lane.flights.end(), in_hand)) continue;
        for (Flight& flight : lane.flights) {
          if (model::next_step(flight.release, now) != Step::kRender) continue;
          // Projects take turns, and of one the oldest wish goes first: nobody waits behind somebody busy.
          auto turn = std::pair(turn_of(render_turns_, target.project), flight.id);
          if (!taken || turn < first) {
            taken = flight;
            first = turn;
          }
          break;
        }
      }
      if (taken) {
        render_turns_[taken->release.target.project] = ++turn_;
        fold(*find(taken->id), model::RenderBegan{}, told);
        taken = *find(taken->id);
      }
    }
    tell(std::move(told));
    order.unlock();
    if (taken || stop.stop_requested()) return taken;
    std::unique_lock lock(mutex_);
    // Pauses before retries end without an event, so look again now and then.
    renders_.wait_for(lock, stop, std::chrono::milliseconds(250), [&] {
      Time now = clock_.now();
      for (auto& [target, lane] : lanes_) {
        if (std::any_of(lane.flights.begin(), lane.flights.end(), in_hand)) continue;
        for (Flight& flight : lane.flights) {
          if (model::next_step(flight.release, now) == Step::kRender) return true;
        }
      }
      return false;
    });
  }
}

std::vector<Flight> Board::take_ready(size_t most) {
  std::lock_guard order(telling_);
  Told told;
  std::vector<Flight> taken;
  {
    std::lock_guard lock(mutex_);
    for (Flight* flight : by_turns()) {
      if (taken.size() >= most) break;
      judge_gates(*flight, told);  // a hold may have come meanwhile
      if (flight->release.phase != Phase::kReady) continue;
      fold(*flight, model::CommitBegan{}, told);
      taken.push_back(*flight);
      commit_turns_[flight->release.target.project] = ++turn_;
    }
  }
  tell(std::move(told));
  std::sort(taken.begin(), taken.end(), [](const Flight& a, const Flight& b) { return a.id < b.id; });
  return taken;
}

void Board::rendered(uint64_t id, std::shared_ptr<const Assembled> assembled) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    if (Flight* flight = find(id)) {
      bool other = flight->assembled && bound_of(*flight->assembled) != bound_of(*assembled);
      if (other) flight->proposal.clear();  // what was approved is no more
      flight->assembled = std::move(assembled);
      fold(*flight, model::Rendered{}, told);
    }
    woken_ = true;
    writer_.notify_all();
    renders_.notify_all();
  }
  tell(std::move(told));
}

void Board::not_rendered(uint64_t id, const WishPtr& wish, const model::Event& event) { fold_in(id, &wish, event); }

void Board::renew(uint64_t id, WishPtr wish) {
  std::lock_guard lock(mutex_);
  if (Flight* flight = find(id)) flight->wish = std::move(wish);
}

void Board::follow(const model::Target& target, const std::string& proposal, const FollowerPtr& follower) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return;
    for (Flight& flight : lane->second.flights) {
      if (flight.proposal != proposal || flight.release.phase == Phase::kDone) continue;
      follower->expect(target);
      flight.followers.push_back(follower);
      judge_gates(flight, told);  // what still waits says so at once
    }
  }
  tell(std::move(told));
}

std::vector<Flight> Board::drop_pending(const model::Target& target, const std::string& why) {
  std::lock_guard order(telling_);
  Told told;
  std::vector<Flight> dropped;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return dropped;
    for (Flight& flight : lane->second.flights) {
      if (!pending(flight)) continue;
      dropped.push_back(flight);
      flight.proposal.clear();
      flight.ask.clear();
      fold(flight, model::Cancelled{why}, told);
    }
    forget_done(lane->second);
  }
  tell(std::move(told));
  return dropped;
}

void Board::post(uint64_t id, const model::Event& event) { fold_in(id, nullptr, event); }

void Board::fold_in(uint64_t id, const WishPtr* rendered, const model::Event& event) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    Flight* flight = find(id);
    if (flight == nullptr) return;
    model::Target target = flight->release.target;
    bool outdated = rendered != nullptr && flight->wish != *rendered;
    fold(*flight, outdated ? model::Event(model::Stale{}) : event, told);
    follow_view(*flight);
    if (std::holds_alternative<model::Committed>(event)) {
      supersede_verifying(lanes_[target], id, told);
      supersede_overtaken(lanes_[target], id, told);
    }
    forget_done(lanes_[target]);
    renders_.notify_all();
  }
  tell(std::move(told));
}

void Board::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  writer_.notify_all();
}

bool Board::wait(std::stop_token stop, Millis most) {
  std::unique_lock lock(mutex_);
  bool woken = writer_.wait_for(lock, stop, most, [this] { return woken_; });
  woken_ = false;
  return woken;
}

// ---- inside, under mutex_

// What may be committed: the oldest of each project, then the second of each, and so on.
std::vector<Flight*> Board::by_turns() {
  Time now = clock_.now();
  std::map<std::string_view, std::vector<Flight*>> ready;
  for (auto& [target, lane] : lanes_) {
    for (Flight& flight : lane.flights) {
      if (model::next_step(flight.release, now) == Step::kCommit) ready[target.project].push_back(&flight);
    }
  }
  std::vector<std::tuple<size_t, uint64_t, Flight*>>
      order;  // place in the project's own queue, the project's last turn
  for (auto& [project, flights] : ready) {
    std::sort(flights.begin(), flights.end(), [](const Flight* a, const Flight* b) { return a->id < b->id; });
    uint64_t turn = turn_of(commit_turns_, project);
    for (size_t i = 0; i < flights.size(); ++i) order.emplace_back(i, turn, flights[i]);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::tuple(std::get<0>(a), std::get<1>(a), std::get<2>(a)->id) <
           std::tuple(std::get<0>(b), std::get<1>(b), std::get<2>(b)->id);
  });
  std::vector<Flight*> out;
  for (const auto& [place, turn, flight] : order) out.push_back(flight);
  return out;
}

Flight* Board::find(uint64_t id) {
  auto target = by_id_.find(id);
  if (target == by_id_.end()) return nullptr;
  for (Flight& flight : lanes_[target->second].flights) {
    if (flight.id == id) return &flight;
  }
  return nullptr;
}

void Board::supersede_verifying(Lane& lane, uint64_t by, Told& told) {
  Flight* newer = find(by);
  if (newer == nullptr || newer->release.number == 0) return;
  std::string reason = "release " + std::to_string(newer->release.number) + " came before it was verified";
  for (Flight& flight : lane.flights) {
    if (flight.id != by && flight.release.phase == Phase::kVerifying)
      fold(flight, model::Verified{model::Outcome::kSuperseded, reason}, told);
  }
}

void Board::forget_done(Lane& lane) {
  std::erase_if(lane.flights, [&](const Flight& flight) {
    bool done = flight.release.phase == Phase::kDone && flight.release.recorded;
    if (done) by_id_.erase(flight.id);
    return done;
  });
}

}  // namespace autonomous::daemon
