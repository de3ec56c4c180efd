// SourceWatch: looks at the sources that live elsewhere, again and again, each at its own time (jittered). Asking is
// one small request, at most one at a time a host, so that one kept-alive connection serves all of a host's sources;
// what changed is fetched beside it, by few at once. A source that fails is asked less and less often, up to every 5
// minutes, and holds up nobody but its host.
//
// Owns its threads. All functions may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/pipeline/sources.h"

namespace autonomous::daemon {

class SourceWatch {
 public:
  struct Options {
    Millis poll{30'000};
    uint32_t jitter = 20;   // percent, both ways
    uint32_t seed = 1;      // of the jitter
    unsigned askers = 2;    // threads that ask
    unsigned fetchers = 4;  // threads that fetch
  };
  // What was found, on one of our threads. `fresh`: asked for by look(…, true): plan the heads even if they are known.
  using OnHeads =
      std::function<void(const SourceRepository&, const Result<std::vector<BranchHead>>& heads, bool fresh)>;

  SourceWatch(Sources& sources, Options options, OnHeads on_heads);
  ~SourceWatch();

  void start();
  void stop();
  // From the next pauses on.
  void set_pace(Millis poll, uint32_t jitter);

  // These are watched from now on; others are forgotten once they are through.
  void set(const std::vector<SourceRepository>& sources);
  // All are due now.
  void look(bool fresh);
  // Somebody says that it moved: due at once, but once a second at most, however often they say so.
  void hint(const std::string& project);
  // Asks for one now and waits until its heads were taken in: its error, kNotFound where it isn't watched.
  Result<void> look_now(const Ctx& ctx, const std::string& project);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  enum class Phase : uint8_t { kIdle, kAsking, kToFetch, kFetching };
  struct Item {
    SourceRepository source;
    std::string host;
    Moment due{};
    Moment began{};  // the last look
    Phase phase = Phase::kIdle;
    uint32_t failures = 0;
    bool fresh = false;          // the next look is a fresh one
    bool wanted = false;         // false: forget it when it is idle
    uint64_t asked = 0;          // looks that began
    uint64_t done = 0;           // looks that ended
    std::optional<Error> error;  // of the last look
    Asked answer;
    bool answer_fresh = false;
  };

  void ask_loop(std::stop_token stop);
  void fetch_loop(std::stop_token stop);
  Item* next_to_ask(Moment now, Moment& wake_at);
  Item* next_to_fetch();
  void finish(std::unique_lock<std::mutex>& lock, const SourceRepository& source, Result<std::vector<BranchHead>> heads,
              bool fresh);
  Millis pause(uint32_t failures);

  Sources& sources_;
  Options options_;
  OnHeads on_heads_;

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  std::map<std::string, Item> items_;  // by project
  std::set<std::string> busy_hosts_;   // being asked
  std::mt19937 random_;
  std::vector<std::jthread> threads_;
};

}  // namespace autonomous::daemon
