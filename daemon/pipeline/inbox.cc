#include "daemon/pipeline/inbox.h"

#include <utility>

namespace autonomous::daemon {

std::future<Result<void>> Inbox::decide(std::vector<model::Entry> entries) {
  std::lock_guard lock(mutex_);
  decisions_.push_back({std::move(entries), {}});
  return decisions_.back().promise.get_future();
}

std::future<Result<std::optional<git::Oid>>> Inbox::change_main(store::MainChange change) {
  std::lock_guard lock(mutex_);
  changes_.push_back({std::move(change), {}});
  return changes_.back().promise.get_future();
}

void Inbox::add(JobPtr job) {
  std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
}

bool Inbox::withdraw(const JobPtr& job) {
  std::lock_guard lock(mutex_);
  return std::erase(jobs_, job) != 0;
}

void Inbox::note(model::Entry entry) {
  std::lock_guard lock(mutex_);
  notes_.push_back(std::move(entry));
}

void Inbox::ask_for_look(ProgressPtr progress) {
  std::lock_guard lock(mutex_);
  look_ = true;
  if (progress) listeners_.push_back(std::move(progress));
}

bool Inbox::suggest_look() {
  std::lock_guard lock(mutex_);
  return !std::exchange(suggested_, true);
}

Inbox::Entries Inbox::take_entries() {
  std::lock_guard lock(mutex_);
  Entries taken;
  taken.notes = notes_;
  for (Decision& decision : decisions_) taken.decisions.push_back(std::move(decision));
  decisions_.clear();
  return taken;
}

void Inbox::drop_notes(const std::vector<bool>& done) {
  std::lock_guard lock(mutex_);
  std::vector<model::Entry> left;
  for (size_t i = 0; i < notes_.size(); ++i) {
    if (i >= done.size() || !done[i]) left.push_back(std::move(notes_[i]));
  }
  notes_ = std::move(left);
}

std::deque<Inbox::MainWish> Inbox::take_changes() {
  std::lock_guard lock(mutex_);
  look_ = look_ || !changes_.empty();
  return std::exchange(changes_, {});
}

Inbox::JobPtr Inbox::take_job() {
  std::lock_guard lock(mutex_);
  if (jobs_.empty()) return nullptr;
  look_ = true;
  JobPtr job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::optional<std::vector<ProgressPtr>> Inbox::take_look(bool due, bool rested) {
  std::lock_guard lock(mutex_);
  if (!look_ && !due && !(suggested_ && rested)) return std::nullopt;
  look_ = false;
  suggested_ = false;
  return std::exchange(listeners_, {});
}

void Inbox::refuse_all(const Error& error) {
  std::lock_guard lock(mutex_);
  for (Decision& decision : decisions_) decision.promise.set_value(error);
  for (MainWish& wish : changes_) wish.promise.set_value(error);
  for (const JobPtr& job : jobs_) job->promise.set_value(error);
  decisions_.clear();
  changes_.clear();
  jobs_.clear();
}

}  // namespace autonomous::daemon
