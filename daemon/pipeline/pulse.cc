#include "daemon/pipeline/pulse.h"

#include "gitops/base/log.h"

namespace autonomous::daemon {

void Pulse::cycle_begins(Steady deadline) {
  std::lock_guard lock(mutex_);
  deadline_ = deadline;
}

void Pulse::set_trouble(std::string text) {
  std::lock_guard lock(mutex_);
  if (trouble_ != text && !text.empty())
    log(Level::kError, "the GitOps repository cannot be written", {{"error", text}});
  if (!trouble_.empty() && text.empty()) log(Level::kInfo, "the GitOps repository can be written again");
  trouble_ = std::move(text);
}

void Pulse::add_pushes(uint32_t count) {
  std::lock_guard lock(mutex_);
  pushes_ += count;
}

void Pulse::set_refused_tags(RefusedTags tags) {
  std::lock_guard lock(mutex_);
  refused_tags_ = std::move(tags);
}

bool Pulse::hangs(Steady now) const {
  std::lock_guard lock(mutex_);
  return deadline_ != Steady::max() && now - deadline_ > std::chrono::minutes(1);
}

std::string Pulse::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

uint64_t Pulse::pushes() const {
  std::lock_guard lock(mutex_);
  return pushes_;
}

Pulse::RefusedTags Pulse::refused_tags() const {
  std::lock_guard lock(mutex_);
  return refused_tags_;
}

}  // namespace autonomous::daemon
