// Follower: the sink of a client that follows its request. The pipeline's threads put lines in, the session takes them
// out.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "daemon/http/session.h"

namespace autonomous::daemon {

class Session::Follower final : public ProgressSink {
 public:
  explicit Follower(std::function<void()> wake) : wake_(std::move(wake)) {}
  void progress(const Progress& line) override;
  void done(const std::vector<Outcome>& outcomes) override;
  bool detached() const override;

  // Lines since the last take; false once there will be none any more.
  bool take(std::string& lines);
  // The client is gone: nothing is kept from now on, and the session is not woken again.
  void detach();

 private:
  void add(const std::string& line, bool last);
  static constexpr size_t kMaxWaiting = 1u << 20;  // bytes; more than a client that reads ever has waiting

  mutable std::mutex mutex_;
  std::function<void()> wake_;  // empty once detached
  std::string waiting_;
  bool skipped_ = false;
  bool done_ = false;
};

}  // namespace autonomous::daemon
