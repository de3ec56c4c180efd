// Board: every release that is on its way, and what the record and the platform say. The pure machine
// (gitops/model/release.h) folds events here; workers pull what is to be done next (design.md §5).
//
// Thread-safe: a monitor. Nothing blocks inside but the take_… that say so; listeners are told outside the lock.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/http/events.h"
#include "daemon/pipeline/flight.h"
#include "gitops/base/clock.h"

namespace autonomous::daemon {

class Board {
 public:
  Board(const Clock& clock, EventBus& bus) : clock_(clock), bus_(bus) {}

  // ---- facts. Setting them judges all gates again.
  void set_state(store::StatePtr state);
  void set_view(PlatformPtr view);
  // What is in doubt of a project in these environments now, in place of what was before.
  void set_doubts(const std::string& project, const std::vector<std::string>& environments,
                  const std::vector<std::shared_ptr<const Doubt>>& doubts);
  // Time passed: holds and freezes that had an end may have ended.
  void judge_gates();
  // Somebody set the clock: pauses and deadlines last as long as they were meant to.
  void clock_jumped(Millis by);
  // The branch does not hold what the state says, and nobody accepted that yet ("": it does): nothing goes out, and
  // nobody is told that what he wants runs.
  void set_rewritten(const std::string& why);
  std::string rewritten() const;
  store::StatePtr state() const;
  PlatformPtr view() const;

  // ---- wishes. A push supersedes older pushes of its target that the writer has not got yet; a wish that is there
  // already only gains a follower. Returns the flight's id.
  uint64_t want(WishPtr wish, const FollowerPtr& follower);
  // Pushes that wait or render are dropped: the head moved on to something the target doesn't care about, or is gone.
  void cancel_pending(const model::Target& target, const std::string& why);
  // The same, because somebody else released the target.
  void supersede_pending(const model::Target& target, const std::string& by);
  // Another daemon made this release: what was asked of us before it gives way.
  void overtaken_elsewhere(const model::Entry& release);
  // A release that was under way when an earlier daemon ended: it is verified again.
  void resume_verifying(WishPtr wish, const store::ReleaseRow& row, Time verify_until);

  // ---- work
  // The next flight to render; blocks. Nothing after a stop.
  std::optional<Flight> take_render(std::stop_token stop);
  // All that is ready, at most one flight a target, in the order of wishes; moves them to "committing".
  std::vector<Flight> take_ready(size_t most);
  // Done, and the ledger doesn't say so yet.
  std::vector<Flight> unrecorded() const;
  // On deploy, outcome unknown.
  std::vector<Flight> verifying() const;

  void rendered(uint64_t id, std::shared_ptr<const Assembled> assembled);
  // Rendering `wish` came to nothing: RenderEmpty, RenderFailed. Where main moved while it was under way, that is no
  // answer to what the flight is about by now, and it is rendered again.
  void not_rendered(uint64_t id, const WishPtr& wish, const model::Event& event);
  // The same wish, computed again: main had moved.
  void renew(uint64_t id, WishPtr wish);
  // Rendered, waiting for people, and not yet proposed in the ledger.
  std::vector<Flight> proposing() const;
  // Asked for, not done at once or told to wait, and not yet in the ledger.
  std::vector<Flight> asking() const;
  // All that was asked for, is not done, and not yet in the ledger.
  std::vector<Flight> unwritten() const;
  // The follower hears how the flight of an open proposal goes on.
  void follow(const model::Target& target, const std::string& proposal, const FollowerPtr& follower);
  // Ends what waits or renders, whoever asked for it, without a word in the ledger: the caller has said it there.
  // Returns the flights that it ended.
  std::vector<Flight> drop_pending(const model::Target& target, const std::string& why);
  void post(uint64_t id, const model::Event& event);

  // ---- waking the writer: there is something to commit or to record, a deadline passed, or somebody called wake().
  void wake();
  // True when woken, false at the deadline or a stop.
  bool wait(std::stop_token stop, Millis most);

  // ---- looking
  std::vector<TargetRow> rows() const;
  std::optional<TargetRow> row(const model::Target& target) const;
  std::optional<Flight> flight(const model::Target& target) const;  // the newest one
  std::vector<Flight> flights(const model::Target& target) const;   // oldest first
  // Whether a release of that tree is on its way, or is what runs.
  bool goes_or_runs(const model::Target& target, const std::string& tree) const;
  bool has_ready() const;
  size_t in_flight() const;

 private:
  struct Lane {
    std::vector<Flight> flights;  // by id; at most one of them is rendering, ready or committing
  };
  struct Told {  // what followers and the bus are told once the lock is released
    std::vector<std::pair<FollowerPtr, Progress>> lines;
    std::vector<std::pair<FollowerPtr, Outcome>> ends;
    std::vector<model::Target> ended_targets;
    std::vector<TargetRow> rows;
  };

  Flight* find(uint64_t id);
  void fold_in(uint64_t id, const WishPtr* rendered, const model::Event& event);
  std::vector<Flight*> by_turns();
  void end_pending(const model::Target& target, const model::Event& event);
  void supersede_overtaken(Lane& lane, uint64_t by, Told& told);
  WishPtr supersede_pending(Lane& lane, WishPtr wish, std::vector<FollowerPtr>& followers, Told& told);
  void fold(Flight& flight, const model::Event& event, Told& told);
  void narrate(const Flight& flight, const model::Release& before, const model::Event& event, Told& told) const;
  void judge_gates(Flight& flight, Told& told);
  static void leave_waiting(Flight& flight, const std::string& why, Told& told);
  void stop_for_rewrite(Flight& flight, Told& told);
  void judge_ask(Flight& flight, bool blocked);
  void follow_view(Flight& flight) const;
  Blocked gate_of(Flight& flight, Told& told);
  const Flight* reviewed_before(const Flight& flight) const;
  bool proposes_first(const Flight& flight) const;
  void judge_all(Told& told);
  void supersede_verifying(Lane& lane, uint64_t by, Told& told);
  void forget_done(Lane& lane);
  TargetRow row_of(const model::Target& target) const;
  void changed(const model::Target& target, Told& told) { told.rows.push_back(row_of(target)); }
  void tell(Told told);

  const Clock& clock_;
  EventBus& bus_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any renders_;
  std::condition_variable_any writer_;
  bool woken_ = false;
  std::map<model::Target, Lane> lanes_;
  std::map<uint64_t, model::Target> by_id_;
  uint64_t next_id_ = 1;
  // When a project had its last turn, so that one with a thousand apps does not keep the others waiting.
  using Turns = std::map<std::string, uint64_t, std::less<>>;
  Turns render_turns_, commit_turns_;
  uint64_t turn_ = 0;
  store::StatePtr state_ = std::make_shared<store::State>();
  PlatformPtr view_;
  std::string rewritten_;
  std::map<model::Target, std::shared_ptr<const Doubt>> doubts_;
  std::mutex telling_;  // keeps what listeners hear in order
};

}  // namespace autonomous::daemon
