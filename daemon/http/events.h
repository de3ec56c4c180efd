// What happens, as it happens: the row of a target, progress of an action, and the ring of events that live views read.
//
// No Asio: the pipeline publishes here. EventBus is thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"

namespace autonomous::daemon {

enum class TargetState : uint8_t {
  kNew,         // never released
  kLive,        // the newest release is healthy
  kUnverified,  // released; nothing tells whether it works
  kReleasing,   // `step` says where it is
  kWaiting,     // for something that `why` names
  kHeld,
  kFailed,
  kDrifted,   // deploy holds something that no release made
  kOrphaned,  // gone from the spec, still running
  kRetired,
};
std::string_view state_name(TargetState state);  // new live unverified releasing …
std::optional<TargetState> parse_target_state(std::string_view name);

struct HoldInfo {
  std::string who, because, ticket;
  Time since{};
  std::optional<Time> until;
  std::string behind;  // the newest commit that waits; empty: none
};

// One line of `status`.
struct TargetRow {
  std::string target;  // env/project/app
  TargetState state = TargetState::kNew;
  uint32_t release = 0;  // the newest number; 0: none
  uint32_t live = 0;     // the number that runs, as far as is known; 0: none
  std::string step;      // while releasing: render commit push sync verify
  std::string why;       // one sentence, wherever the state is not simply live
  std::string source;    // URL without credentials
  std::string source_commit, subject, author, ref;
  std::string commit;  // on deploy, of `release`
  Time since{};        // of this state
  Time released_at{};  // of `release`
  std::optional<HoldInfo> hold;
  std::vector<std::string> images;
  std::vector<std::string> links;  // where it can be reached
};

// A line of what happens to what somebody asked for.
struct Progress {
  enum class Tone : uint8_t { kPlain, kGood, kWarning, kBad };
  std::string target;  // empty: of the whole request
  uint32_t release = 0;
  std::string step;
  std::string text;  // one line; may come from outside: shown through one_line()
  Tone tone = Tone::kPlain;
};
std::string_view tone_name(Progress::Tone tone);  // plain good warning bad

// How it ended for one target.
struct Outcome {
  enum class Verdict : uint8_t { kDone, kUnchanged, kWaiting, kFailed };
  std::string target;
  uint32_t release = 0;
  Verdict verdict = Verdict::kDone;
  std::string text;  // "live", "held behind 43", "ImagePullBackOff: …"
};
std::string_view verdict_name(Outcome::Verdict verdict);  // done unchanged waiting failed

// Whoever follows one request. Called from the pipeline's threads, one call at a time; implementations never block and
// never throw. After done() nothing more is called. detached(): nobody listens any more, the work goes on all the same.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void progress(const Progress& line) = 0;
  virtual void done(const std::vector<Outcome>& outcomes) = 0;
  virtual bool detached() const { return false; }
};
using ProgressPtr = std::shared_ptr<ProgressSink>;

// One event of the live view.
struct Event {
  uint64_t id = 0;               // given by the bus, from 1
  Time at{};                     // given by the publisher
  std::string type;              // target | progress | project | notice
  std::optional<TargetRow> row;  // type target
  Progress progress;             // the other types
};

// The newest events, and who wants to hear of new ones. Publishing never blocks on a listener.
class EventBus {
 public:
  static constexpr size_t kRing = 256;
  using Wake = std::function<void()>;

  void publish(Event event);
  // Every event after `last`, oldest first. complete = false: the ring no longer holds all of them; read the state
  // anew.
  struct Batch {
    std::vector<Event> events;
    bool complete = true;
    uint64_t last = 0;
  };
  Batch after(uint64_t last) const;
  uint64_t newest() const;
  // `wake` is called (on the publisher's thread; it must only post) after each publish, until the subscription dies.
  // When that destructor returns, no call is running any more.
  class Subscription {
   public:
    Subscription(Subscription&& other) noexcept : bus_(other.bus_), key_(other.key_) { other.bus_ = nullptr; }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class EventBus;
    Subscription(EventBus* bus, uint64_t key) : bus_(bus), key_(key) {}
    EventBus* bus_;
    uint64_t key_;
  };
  Subscription subscribe(Wake wake);
  size_t listeners() const;

 private:
  mutable std::mutex mutex_;  // guards all below
  std::mutex waking_;         // held while wakes run; taken before mutex_
  std::deque<Event> ring_;
  uint64_t next_ = 1;
  std::map<uint64_t, Wake> wakes_;
  uint64_t next_key_ = 1;
};

}  // namespace autonomous::daemon
