// What the board shows.
#include <algorithm>

#include "daemon/pipeline/board.h"
#include "daemon/pipeline/rows.h"

namespace autonomous::daemon {

using model::Phase;
using model::Step;

store::StatePtr Board::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

PlatformPtr Board::view() const {
  std::lock_guard lock(mutex_);
  return view_;
}

std::vector<Flight> Board::unrecorded() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.release.phase == Phase::kDone && !flight.release.recorded) out.push_back(flight);
    }
  }
  return out;
}

std::vector<Flight> Board::verifying() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.release.phase == Phase::kVerifying) out.push_back(flight);
    }
  }
  return out;
}

std::vector<Flight> Board::proposing() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.proposes && pending(flight)) out.push_back(flight);
    }
  }
  return out;
}

std::vector<Flight> Board::asking() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.asks && pending(flight)) out.push_back(flight);
    }
  }
  return out;
}

std::vector<Flight> Board::unwritten() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      bool open = pending(flight) || flight.release.phase == Phase::kCommitting;
      bool said = !flight.proposal.empty() || !asked_as(*flight.wish, *state_).empty();
      if (open && !said && flight.wish->lasting()) out.push_back(flight);
    }
  }
  return out;
}

std::vector<TargetRow> Board::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<TargetRow> out;
  auto recorded = state_->targets.begin();
  auto lane = lanes_.begin();
  while (recorded != state_->targets.end() || lane != lanes_.end()) {
    bool from_lane = recorded == state_->targets.end() || (lane != lanes_.end() && lane->first < recorded->first);
    const model::Target& target = from_lane ? lane->first : recorded->first;
    TargetRow row = row_of(target);
    bool same = !from_lane && lane != lanes_.end() && lane->first == recorded->first;
    if (from_lane || same) ++lane;
    if (!from_lane) ++recorded;
    bool nothing = row.release == 0 && row.state == TargetState::kNew;
    if (!nothing) out.push_back(std::move(row));
  }
  return out;
}

std::optional<TargetRow> Board::row(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  if (!state_->find(target) && !lanes_.contains(target)) return std::nullopt;
  return row_of(target);
}

std::optional<Flight> Board::flight(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  auto lane = lanes_.find(target);
  if (lane == lanes_.end() || lane->second.flights.empty()) return std::nullopt;
  return lane->second.flights.back();
}

std::vector<Flight> Board::flights(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  auto lane = lanes_.find(target);
  return lane == lanes_.end() ? std::vector<Flight>{} : lane->second.flights;
}

// What renders now will have it, or not: for so long it counts.
bool Board::goes_or_runs(const model::Target& target, const std::string& tree) const {
  std::lock_guard lock(mutex_);
  store::TargetPtr record = state_->find(target);
  auto live = record ? record->live() : nullptr;
  if (live && live->target_tree.hex() == tree) return true;
  auto lane = lanes_.find(target);
  if (lane == lanes_.end()) return false;
  return std::any_of(lane->second.flights.begin(), lane->second.flights.end(), [&](const Flight& flight) {
    if (flight.release.phase == Phase::kDone) return false;
    return flight.release.phase == Phase::kRendering || (flight.assembled && flight.assembled->tree == tree);
  });
}

bool Board::has_ready() const {
  std::lock_guard lock(mutex_);
  Time now = clock_.now();
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (model::next_step(flight.release, now) == Step::kCommit) return true;
    }
  }
  return false;
}

size_t Board::in_flight() const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [target, lane] : lanes_) {
    count += static_cast<size_t>(std::count_if(lane.flights.begin(), lane.flights.end(),
                                               [](const Flight& f) { return f.release.phase != Phase::kDone; }));
  }
  return count;
}

TargetRow Board::row_of(const model::Target& target) const {
  auto lane = lanes_.find(target);
  const Flight* newest = lane == lanes_.end() || lane->second.flights.empty() ? nullptr : &lane->second.flights.back();
  store::TargetPtr record = state_->find(target);
  TargetRow row = make_row(target, record.get(), newest, clock_.now());
  auto doubt = doubts_.find(target);
  if (doubt != doubts_.end() && record && !record->orphaned && !record->moved_away) {
    row.state = TargetState::kWaiting;
    row.why = doubt->second->text;
  }
  return row;
}

}  // namespace autonomous::daemon
