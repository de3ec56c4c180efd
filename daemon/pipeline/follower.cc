#include "daemon/pipeline/follower.h"

#include "gitops/base/text.h"

namespace autonomous::daemon {

void Follower::line(Progress line) {
  std::lock_guard lock(mutex_);
  if (sink_ && !sink_->detached()) sink_->progress(line);
}

void Follower::expect(const model::Target& target) {
  std::lock_guard lock(mutex_);
  pending_.insert(target);
}

void Follower::ended(const model::Target& target, Outcome outcome) {
  std::lock_guard lock(mutex_);
  auto at = pending_.find(target);
  if (at == pending_.end()) return;
  pending_.erase(at);
  outcomes_.push_back(std::move(outcome));
  finish_if_done();
}

bool Follower::left() {
  std::lock_guard lock(mutex_);
  return !sink_ || sink_->detached();
}

void Follower::complete() {
  std::lock_guard lock(mutex_);
  complete_ = true;
  finish_if_done();
}

void Follower::finish_if_done() {
  if (!complete_ || !pending_.empty() || !sink_) return;
  sink_->done(outcomes_);
  sink_ = nullptr;
}

void say(const FollowerPtr& follower, const std::string& text, Progress::Tone tone, const std::string& step,
         const std::string& target) {
  if (!follower) return;
  for (std::string_view line : split(text, '\n')) follower->line({target, 0, step, std::string(line), tone});
}

}  // namespace autonomous::daemon
