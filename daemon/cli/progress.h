// Progress lines of the daemon (one JSON object a line) for people: a terminal, a pipe, or git's sideband.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/style.h"

namespace autonomous::daemon {

// How what was followed ended, for the exit status.
enum class Ended : uint8_t {
  kDone,      // all done, or nothing to do
  kFailed,    // at least one target failed
  kWaiting,   // none failed, at least one waits for something
  kDetached,  // the daemon stopped, or the stream broke: not known
};

// Takes the lines of one followed request. Each is printed as it comes: "  local/shop/web   commit  release 1 (3f2c1ab
// …)".
class ProgressView {
 public:
  ProgressView(std::ostream& out, Style style) : out_(out), style_(style) {}
  // An NDJSON line; blank lines are heartbeats. False when it was the last.
  bool line(std::string_view text);
  Ended ended() const { return ended_; }
  bool heard_all() const { return finished_; }

 private:
  void progress(const nlohmann::json& line);
  void done(const nlohmann::json& outcomes);

  std::ostream& out_;
  Style style_;
  Ended ended_ = Ended::kDetached;
  bool finished_ = false;
};

}  // namespace autonomous::daemon
