#include "daemon/http/events.h"

#include <array>
#include <utility>

#include "daemon/http/api.h"

namespace autonomous::daemon {

namespace {

constexpr std::array<std::string_view, 10> kStates = {"new",  "live",   "unverified", "releasing", "waiting",
                                                      "held", "failed", "drifted",    "orphaned",  "retired"};

}  // namespace

std::string_view state_name(TargetState state) { return kStates.at(static_cast<size_t>(state)); }

std::optional<TargetState> parse_target_state(std::string_view name) {
  for (size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == name) return static_cast<TargetState>(i);
  }
  return std::nullopt;
}

std::string_view tone_name(Progress::Tone tone) {
  constexpr std::array<std::string_view, 4> kNames = {"plain", "good", "warning", "bad"};
  return kNames.at(static_cast<size_t>(tone));
}

std::string_view verdict_name(Outcome::Verdict verdict) {
  constexpr std::array<std::string_view, 4> kNames = {"done", "unchanged", "waiting", "failed"};
  return kNames.at(static_cast<size_t>(verdict));
}

std::string_view verdict_name(Gate::Verdict verdict) {
  constexpr std::array<std::string_view, 4> kNames = {"ok", "no", "waiting", "unknown"};
  return kNames.at(static_cast<size_t>(verdict));
}

void EventBus::publish(Event event) {
  std::lock_guard waking(waking_);
  std::vector<Wake> wakes;
  {
    std::lock_guard lock(mutex_);
    event.id = next_++;
    ring_.push_back(std::move(event));
    if (ring_.size() > kRing) ring_.pop_front();
    for (const auto& [key, wake] : wakes_) wakes.push_back(wake);
  }
  for (const Wake& wake : wakes) wake();
}

EventBus::Batch EventBus::after(uint64_t last) const {
  std::lock_guard lock(mutex_);
  Batch batch;
  batch.last = next_ - 1;
  // A last id from the future is one of an earlier life of the daemon.
  batch.complete = last < next_ && (ring_.empty() || last + 1 >= ring_.front().id);
  for (const Event& event : ring_) {
    if (event.id > last || last >= next_) batch.events.push_back(event);
  }
  return batch;
}

uint64_t EventBus::newest() const {
  std::lock_guard lock(mutex_);
  return next_ - 1;
}

size_t EventBus::listeners() const {
  std::lock_guard lock(mutex_);
  return wakes_.size();
}

EventBus::Subscription EventBus::subscribe(Wake wake) {
  std::lock_guard lock(mutex_);
  uint64_t key = next_key_++;
  wakes_.emplace(key, std::move(wake));
  return {this, key};
}

EventBus::Subscription::~Subscription() {
  if (bus_ == nullptr) return;
  std::lock_guard waking(bus_->waking_);
  std::lock_guard lock(bus_->mutex_);
  bus_->wakes_.erase(key_);
}

EventBus::Subscription& EventBus::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(bus_, other.bus_);
  std::swap(key_, other.key_);
  return *this;
}

}  // namespace autonomous::daemon
