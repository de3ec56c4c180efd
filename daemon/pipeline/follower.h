// Follower: the audience of one request (a push, `autonomous deploy`): hears what happens to each target that the
// request is about, and how it ended. Thread-safe; calls its sink one at a time, as the sink's contract says.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/http/events.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

class Follower {
 public:
  explicit Follower(ProgressPtr sink) : sink_(std::move(sink)) {}

  void line(Progress line);
  // The request is about this target: done() waits for its end.
  void expect(const model::Target& target);
  void ended(const model::Target& target, Outcome outcome);
  // Nobody listens any more.
  bool left();
  // Nothing more will be expected.
  void complete();

 private:
  void finish_if_done();  // under mutex_

  std::mutex mutex_;
  ProgressPtr sink_;  // null once it has heard done()
  std::multiset<model::Target> pending_;
  std::vector<Outcome> outcomes_;
  bool complete_ = false;
};
using FollowerPtr = std::shared_ptr<Follower>;  // null: nobody listens

// A text of one line or several (an error with its source line and caret), to who listens.
void say(const FollowerPtr& follower, const std::string& text, Progress::Tone tone = Progress::Tone::kPlain,
         const std::string& step = "watch", const std::string& target = "");

}  // namespace autonomous::daemon
