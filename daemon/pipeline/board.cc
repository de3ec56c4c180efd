#include "daemon/pipeline/board.h"

#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/rows.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using model::Phase;
using model::Step;

namespace {

bool pending(const Flight& flight) {
  Phase phase = flight.release.phase;
  return phase == Phase::kQueued || phase == Phase::kRendering || phase == Phase::kReady;
}

// With a worker or the writer: its lane waits for it.
bool in_hand(const Flight& flight) {
  Phase phase = flight.release.phase;
  return phase == Phase::kRendering || phase == Phase::kReady || phase == Phase::kCommitting;
}

Outcome outcome_of(const Flight& flight) {
  const model::Release& release = flight.release;
  Outcome outcome{release.target.str(), release.number, Outcome::Verdict::kDone, release.reason};
  switch (release.outcome) {
    case model::Outcome::kHealthy: outcome.text = "live" + (release.reason.empty() ? "" : ": " + release.reason); break;
    case model::Outcome::kUnverified: outcome.text = "released, unverified: " + release.reason; break;
    case model::Outcome::kUnchanged:
    case model::Outcome::kSuperseded: outcome.verdict = Outcome::Verdict::kUnchanged; break;
    default: outcome.verdict = Outcome::Verdict::kFailed; break;
  }
  return outcome;
}

Bound bound_of(const Assembled& assembled) {
  return {assembled.draft.artifact, assembled.draft.trailers.input_digest, assembled.tree};
}

std::string short_commit(const Wish& wish) { return wish.commit().empty() ? wish.intent : wish.commit().substr(0, 7); }

}  // namespace

// ---- facts

void Board::set_state(store::StatePtr state) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    store::StatePtr before = std::exchange(state_, std::move(state));
    for (const auto& [target, now] : state_->targets) {
      if (before->find(target) != now) changed(target, told);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

void Board::set_view(PlatformPtr view) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    view_ = std::move(view);
    for (auto& [target, lane] : lanes_) {
      for (Flight& flight : lane.flights) follow_view(flight);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

void Board::set_doubts(const std::string& project, const std::vector<std::string>& environments,
                       const std::vector<std::shared_ptr<const Doubt>>& doubts) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    std::set<model::Target> touched;
    for (auto it = doubts_.begin(); it != doubts_.end();) {
      bool about = it->first.project == project &&
                   std::find(environments.begin(), environments.end(), it->first.environment) != environments.end();
      if (about) touched.insert(it->first);
      it = about ? doubts_.erase(it) : std::next(it);
    }
    for (const auto& doubt : doubts) {
      for (const model::Target& target : doubt->vanished) {
        doubts_[target] = doubt;
        touched.insert(target);
      }
    }
    for (const model::Target& target : touched) changed(target, told);
  }
  tell(std::move(told));
}

void Board::judge_gates() {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    judge_all(told);
  }
  tell(std::move(told));
}

void Board::clock_jumped(Millis by) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    for (auto& [target, lane] : lanes_) {
      for (Flight& flight : lane.flights) fold(flight, model::ClockJumped{by}, told);
    }
    judge_all(told);
  }
  tell(std::move(told));
}

store::StatePtr Board::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

PlatformPtr Board::view() const {
  std::lock_guard lock(mutex_);
  return view_;
}

// ---- wishes

uint64_t Board::want(WishPtr wish, const FollowerPtr& follower) {
  std::lock_guard order(telling_);
  Told told;
  uint64_t id = 0;
  if (follower) follower->expect(wish->target);
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[wish->target];
    for (Flight& flight : lane.flights) {
      bool alike = pending(flight) && flight.wish->commit() == wish->commit() && flight.wish->intent == wish->intent;
      bool same = alike && flight.wish->trigger == wish->trigger && flight.wish->promoted_from == wish->promoted_from &&
                  (flight.under_review || flight.wish->view->commit == wish->view->commit);
      // What is under review is rendered again by itself when the platform changes.
      if (alike && flight.under_review && wish->trigger == model::Trigger::kConfiguration) same = true;
      if (!same) continue;
      if (follower) flight.followers.push_back(follower);
      id = flight.id;
      break;
    }
    if (id == 0) {
      std::vector<FollowerPtr> taken_over;
      wish = supersede_pending(lane, std::move(wish), taken_over, told);
      Flight flight;
      flight.followers = std::move(taken_over);
      flight.id = id = next_id_++;
      flight.wish = wish;
      flight.release.target = wish->target;
      flight.release.key = wish->target.str() + " " + artifact_of(*wish) + " " + wish->intent;
      flight.release.source = wish->commit();
      flight.release.order = id;
      flight.release.asked = wish->asked();
      flight.under_review = wish->proposed && needs_consent(*wish);
      flight.release.requested = flight.release.since = clock_.now();
      if (follower) flight.followers.push_back(follower);
      follow_view(flight);
      by_id_[id] = wish->target;
      lane.flights.push_back(std::move(flight));
      judge_gates(lane.flights.back(), told);
      forget_done(lane);
      changed(wish->target, told);
    }
    renders_.notify_one();
  }
  tell(std::move(told));
  return id;
}

void Board::cancel_pending(const model::Target& target, const std::string& why) {
  end_pending(target, model::Cancelled{why});
}

void Board::supersede_pending(const model::Target& target, const std::string& by) {
  end_pending(target, model::Superseded{by});
}

void Board::end_pending(const model::Target& target, const model::Event& event) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return;
    for (Flight& flight : lane->second.flights) {
      if (pending(flight) && !flight.wish->asked()) fold(flight, event, told);
    }
    forget_done(lane->second);
  }
  tell(std::move(told));
}

void Board::resume_verifying(WishPtr wish, const store::ReleaseRow& row, Time verify_until) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    Flight flight;
    flight.id = next_id_++;
    flight.release.target = wish->target;
    flight.release.source = row.source_commit;
    flight.release.order = flight.id;
    flight.release.phase = Phase::kVerifying;
    flight.release.requested = flight.release.since = row.time;
    flight.release.number = row.number;
    flight.release.commit = row.commit.hex();
    flight.release.deadline = verify_until;
    by_id_[flight.id] = wish->target;
    flight.wish = std::move(wish);
    model::Target target = flight.release.target;
    lanes_[target].flights.push_back(std::move(flight));
    changed(target, told);
  }
  tell(std::move(told));
}

// ---- work

std::optional<Flight> Board::take_render(std::stop_token stop) {
  std::unique_lock order(telling_, std::defer_lock);
  for (;;) {
    Told told;
    std::optional<Flight> taken;
    {
      order.lock();
      std::unique_lock lock(mutex_);
      Time now = clock_.now();
      for (auto& [target, lane] : lanes_) {
        if (std::any_of(lane.flights.begin(), lane.flights.end(), in_hand)) continue;
        for (Flight& flight : lane.flights) {
          if (model::next_step(flight.release, now) != Step::kRender) continue;
          // The oldest wish of all targets goes first, so that no target waits behind a busy one.
          if (!taken || flight.id < taken->id) taken = flight;
          break;
        }
      }
      if (taken) {
        fold(*find(taken->id), model::RenderBegan{}, told);
        taken = *find(taken->id);
      }
    }
    tell(std::move(told));
    order.unlock();
    if (taken || stop.stop_requested()) return taken;
    std::unique_lock lock(mutex_);
    // Pauses before retries end without an event, so look again now and then.
    renders_.wait_for(lock, stop, std::chrono::milliseconds(250), [&] {
      Time now = clock_.now();
      for (auto& [target, lane] : lanes_) {
        if (std::any_of(lane.flights.begin(), lane.flights.end(), in_hand)) continue;
        for (Flight& flight : lane.flights) {
          if (model::next_step(flight.release, now) == Step::kRender) return true;
        }
      }
      return false;
    });
  }
}

std::vector<Flight> Board::take_ready(size_t most) {
  std::lock_guard order(telling_);
  Told told;
  std::vector<Flight> taken;
  {
    std::lock_guard lock(mutex_);
    Time now = clock_.now();
    for (auto& [target, lane] : lanes_) {
      for (Flight& flight : lane.flights) {
        if (taken.size() >= most) break;
        if (model::next_step(flight.release, now) != Step::kCommit) continue;
        judge_gates(flight, told);  // a hold may have come meanwhile
        if (flight.release.phase != Phase::kReady) continue;
        fold(flight, model::CommitBegan{}, told);
        taken.push_back(flight);
      }
    }
  }
  tell(std::move(told));
  std::sort(taken.begin(), taken.end(), [](const Flight& a, const Flight& b) { return a.id < b.id; });
  return taken;
}

std::vector<Flight> Board::unrecorded() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.release.phase == Phase::kDone && !flight.release.recorded) out.push_back(flight);
    }
  }
  return out;
}

std::vector<Flight> Board::verifying() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.release.phase == Phase::kVerifying) out.push_back(flight);
    }
  }
  return out;
}

void Board::rendered(uint64_t id, std::shared_ptr<const Assembled> assembled) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    if (Flight* flight = find(id)) {
      bool other = flight->assembled && bound_of(*flight->assembled) != bound_of(*assembled);
      if (other) flight->proposal.clear();  // what was approved is no more
      flight->assembled = std::move(assembled);
      fold(*flight, model::Rendered{}, told);
    }
    woken_ = true;
    writer_.notify_all();
    renders_.notify_all();
  }
  tell(std::move(told));
}

void Board::renew(uint64_t id, WishPtr wish) {
  std::lock_guard lock(mutex_);
  if (Flight* flight = find(id)) flight->wish = std::move(wish);
}

std::vector<Flight> Board::proposing() const {
  std::lock_guard lock(mutex_);
  std::vector<Flight> out;
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (flight.proposes && pending(flight)) out.push_back(flight);
    }
  }
  return out;
}

void Board::follow(const model::Target& target, const std::string& proposal, const FollowerPtr& follower) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return;
    for (Flight& flight : lane->second.flights) {
      if (flight.proposal != proposal || flight.release.phase == Phase::kDone) continue;
      follower->expect(target);
      flight.followers.push_back(follower);
      judge_gates(flight, told);  // what still waits says so at once
    }
  }
  tell(std::move(told));
}

std::vector<Flight> Board::drop_pending(const model::Target& target, const std::string& why) {
  std::lock_guard order(telling_);
  Told told;
  std::vector<Flight> dropped;
  {
    std::lock_guard lock(mutex_);
    auto lane = lanes_.find(target);
    if (lane == lanes_.end()) return dropped;
    for (Flight& flight : lane->second.flights) {
      if (!pending(flight)) continue;
      dropped.push_back(flight);
      flight.proposal.clear();
      fold(flight, model::Cancelled{why}, told);
    }
    forget_done(lane->second);
  }
  tell(std::move(told));
  return dropped;
}

void Board::post(uint64_t id, const model::Event& event) {
  std::lock_guard order(telling_);
  Told told;
  {
    std::lock_guard lock(mutex_);
    Flight* flight = find(id);
    if (flight == nullptr) return;
    model::Target target = flight->release.target;
    fold(*flight, event, told);
    follow_view(*flight);
    if (std::holds_alternative<model::Committed>(event)) supersede_verifying(lanes_[target], id, told);
    forget_done(lanes_[target]);
    renders_.notify_all();
  }
  tell(std::move(told));
}

void Board::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  writer_.notify_all();
}

bool Board::wait(std::stop_token stop, Millis most) {
  std::unique_lock lock(mutex_);
  bool woken = writer_.wait_for(lock, stop, most, [this] { return woken_; });
  woken_ = false;
  return woken;
}

// ---- looking

std::vector<TargetRow> Board::rows() const {
  std::lock_guard lock(mutex_);
  std::vector<TargetRow> out;
  auto recorded = state_->targets.begin();
  auto lane = lanes_.begin();
  while (recorded != state_->targets.end() || lane != lanes_.end()) {
    bool from_lane = recorded == state_->targets.end() || (lane != lanes_.end() && lane->first < recorded->first);
    const model::Target& target = from_lane ? lane->first : recorded->first;
    TargetRow row = row_of(target);
    bool same = !from_lane && lane != lanes_.end() && lane->first == recorded->first;
    if (from_lane || same) ++lane;
    if (!from_lane) ++recorded;
    bool nothing = row.release == 0 && row.state == TargetState::kNew;
    if (!nothing) out.push_back(std::move(row));
  }
  return out;
}

std::optional<TargetRow> Board::row(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  if (!state_->find(target) && !lanes_.contains(target)) return std::nullopt;
  return row_of(target);
}

std::optional<Flight> Board::flight(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  auto lane = lanes_.find(target);
  if (lane == lanes_.end() || lane->second.flights.empty()) return std::nullopt;
  return lane->second.flights.back();
}

std::vector<Flight> Board::flights(const model::Target& target) const {
  std::lock_guard lock(mutex_);
  auto lane = lanes_.find(target);
  return lane == lanes_.end() ? std::vector<Flight>{} : lane->second.flights;
}

bool Board::has_ready() const {
  std::lock_guard lock(mutex_);
  Time now = clock_.now();
  for (const auto& [target, lane] : lanes_) {
    for (const Flight& flight : lane.flights) {
      if (model::next_step(flight.release, now) == Step::kCommit) return true;
    }
  }
  return false;
}

size_t Board::in_flight() const {
  std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [target, lane] : lanes_) {
    count += static_cast<size_t>(std::count_if(lane.flights.begin(), lane.flights.end(),
                                               [](const Flight& f) { return f.release.phase != Phase::kDone; }));
  }
  return count;
}

// ---- inside, under mutex_

// Pushes that wait give way to a newer wish, which remembers their commits. One for the same commit (the configuration
// changed meanwhile) is the same push, with the same audience.
WishPtr Board::supersede_pending(Lane& lane, WishPtr wish, std::vector<FollowerPtr>& followers, Told& told) {
  if (wish->asked()) return wish;
  auto more = std::make_shared<Wish>(*wish);
  for (Flight& flight : lane.flights) {
    if (!pending(flight) || flight.wish->asked() || flight.under_review) continue;
    more->supersedes.insert(more->supersedes.end(), flight.wish->supersedes.begin(), flight.wish->supersedes.end());
    if (flight.wish->commit() == wish->commit()) {
      if (flight.wish->trigger == model::Trigger::kPush) {
        more->trigger = model::Trigger::kPush;
        more->by = flight.wish->by;
      }
      followers.insert(followers.end(), flight.followers.begin(), flight.followers.end());
      flight.followers.clear();
    } else if (!flight.wish->commit().empty()) {
      more->supersedes.push_back(flight.wish->commit());
    }
    fold(flight, model::Superseded{short_commit(*wish)}, told);
  }
  return more;
}

Flight* Board::find(uint64_t id) {
  auto target = by_id_.find(id);
  if (target == by_id_.end()) return nullptr;
  for (Flight& flight : lanes_[target->second].flights) {
    if (flight.id == id) return &flight;
  }
  return nullptr;
}

void Board::fold(Flight& flight, const model::Event& event, Told& told) {
  model::Release before = flight.release;
  flight.release = model::apply(std::move(flight.release), event, clock_.now());
  const model::Release& after = flight.release;
  narrate(flight, before, event, told);
  // What made no commit and no failure has nothing to be written down.
  // A proposal that comes to nothing has: somebody may be about to approve it.
  bool unwritten = after.phase == Phase::kDone && after.number == 0 && after.outcome != model::Outcome::kFailed &&
                   flight.proposal.empty();
  if (unwritten) flight.release.recorded = true;
  if (before.phase != after.phase || before.blocked != after.blocked || before.note != after.note ||
      before.recorded != flight.release.recorded) {
    changed(after.target, told);
  }
  // A failure without a commit is told at once: the ledger may be out of reach for the same reason.
  bool failed_early = after.phase == Phase::kDone && before.phase != Phase::kDone && after.number == 0;
  if (failed_early || (flight.release.recorded && !before.recorded)) {
    for (const FollowerPtr& follower : flight.followers) {
      told.ends.emplace_back(follower, outcome_of(flight));
      told.ended_targets.push_back(after.target);
    }
    flight.followers.clear();
  }
  if (after.phase == Phase::kDone) {
    woken_ = true;
    writer_.notify_all();
  }
}

void Board::narrate(const Flight& flight, const model::Release& before, const model::Event& event, Told& told) const {
  const model::Release& after = flight.release;
  Progress line{after.target.str(), after.number, step_of(after), "", Progress::Tone::kPlain};
  bool noted = before.note != after.note && !after.note.empty();
  if (before.phase != after.phase && !noted) {
    switch (after.phase) {
      case Phase::kRendering: line.text = "rendering"; break;
      case Phase::kReady: line.text = flight.assembled ? "rendered " + flight.assembled->summary : "rendered"; break;
      case Phase::kVerifying:
        line.text =
            "release " + std::to_string(after.number) + " is commit " + after.commit.substr(0, 7) + " on deploy";
        break;
      default: break;
    }
  } else if (noted) {
    line.text = after.note;
    line.tone = std::holds_alternative<model::Seen>(event) ? Progress::Tone::kPlain : Progress::Tone::kWarning;
  }
  if (line.text.empty()) return;
  for (const FollowerPtr& follower : flight.followers) told.lines.emplace_back(follower, line);
}

const Flight* Board::reviewed_before(const Flight& flight) const {
  auto lane = lanes_.find(flight.release.target);
  if (lane == lanes_.end()) return nullptr;
  for (const Flight& other : lane->second.flights) {
    if (other.id < flight.id && other.under_review && pending(other)) return &other;
  }
  return nullptr;
}

// A target has one open proposal: that of the oldest flight which needs one. The others follow when it has ended.
bool Board::proposes_first(const Flight& flight) const {
  auto lane = lanes_.find(flight.release.target);
  if (lane == lanes_.end()) return true;
  return std::none_of(lane->second.flights.begin(), lane->second.flights.end(), [&](const Flight& other) {
    return other.id < flight.id && pending(other) && (other.under_review || other.proposes || !other.proposal.empty());
  });
}

// Ends the flight where somebody ended its proposal.
Blocked Board::gate_of(Flight& flight, Told& told) {
  const Wish& wish = *flight.wish;
  flight.proposes = false;
  if (!wish.restore && !wish.retire) {
    if (const Flight* other = reviewed_before(flight))
      return {"approval", "queued behind " + short_commit(*other->wish) + ", which people are reviewing"};
  }
  Blocked blocked = blocked_by(wish, *state_, clock_.now());
  // A push is found again by looking at its branch. Everything else that waits must stand in the ledger, and is
  // rendered first, because the ledger says what it is.
  bool lasting = wish.asked() || wish.promoted_from;
  if (!flight.assembled) return lasting ? Blocked{} : blocked;
  Consent consent = consent_to(wish, *state_, bound_of(*flight.assembled), clock_.now());
  flight.approved_by = consent.by;
  if (!blocked && !consent.why.empty()) blocked = {"approval", consent.why};
  if (consent.needed == 0 && !lasting) return blocked;
  std::string ended = consent.proposal.empty() ? ended_by(*state_, wish.target, flight.proposal) : "";
  if (!ended.empty()) {
    flight.proposal.clear();
    fold(flight, model::Cancelled{ended}, told);
    return {};
  }
  flight.under_review = consent.needed > 0;
  flight.proposal = consent.proposal;
  // Rendered again before anybody is asked: that may be another proposal.
  const std::string& rendered_at = flight.assembled->draft.on_main;
  bool outdated = view_ && !rendered_at.empty() && rendered_at != view_->tip.hex();
  flight.proposes = blocked && consent.proposal.empty() && !outdated && proposes_first(flight);
  if (flight.proposes) {
    woken_ = true;
    writer_.notify_all();
  }
  if (outdated && flight.release.phase == Phase::kQueued) return {};
  return blocked;
}

void Board::judge_gates(Flight& flight, Told& told) {
  if (!pending(flight) || flight.release.phase == Phase::kRendering) return;
  Blocked blocked = gate_of(flight, told);
  if (!pending(flight)) return;
  if (blocked) {
    if (flight.release.blocked != blocked.why) fold(flight, model::Blocked{blocked.why}, told);
    if (flight.proposes) return;  // said once the ledger says it
    // Who asked is not kept waiting for somebody else's decision.
    for (const FollowerPtr& follower : flight.followers) {
      told.ends.emplace_back(follower,
                             Outcome{flight.release.target.str(), 0, Outcome::Verdict::kWaiting, blocked.why});
      told.ended_targets.push_back(flight.release.target);
    }
    flight.followers.clear();
  } else if (!flight.release.blocked.empty()) {
    fold(flight, model::Unblocked{}, told);
    renders_.notify_all();
  }
}

// What waits is judged, and rendered, by the newest main: a wish upon an older one would be stale again and again.
void Board::follow_view(Flight& flight) const {
  if (!pending(flight) || !view_ || !flight.wish->view || flight.wish->view->tip == view_->tip) return;
  auto renewed = std::make_shared<Wish>(*flight.wish);
  if (renewed->app && renewed->app_at.is_zero()) renewed->app_at = renewed->view->tip;
  renewed->view = view_;
  flight.wish = std::move(renewed);
}

void Board::judge_all(Told& told) {
  if (!view_) return;
  for (auto& [target, lane] : lanes_) {
    for (Flight& flight : lane.flights) judge_gates(flight, told);
    forget_done(lane);  // a proposal that somebody ended
  }
}

void Board::supersede_verifying(Lane& lane, uint64_t by, Told& told) {
  Flight* newer = find(by);
  if (newer == nullptr || newer->release.number == 0) return;
  std::string reason = "release " + std::to_string(newer->release.number) + " came before it was verified";
  for (Flight& flight : lane.flights) {
    if (flight.id != by && flight.release.phase == Phase::kVerifying)
      fold(flight, model::Verified{model::Outcome::kSuperseded, reason}, told);
  }
}

void Board::forget_done(Lane& lane) {
  std::erase_if(lane.flights, [&](const Flight& flight) {
    bool done = flight.release.phase == Phase::kDone && flight.release.recorded;
    if (done) by_id_.erase(flight.id);
    return done;
  });
}

TargetRow Board::row_of(const model::Target& target) const {
  auto lane = lanes_.find(target);
  const Flight* newest = lane == lanes_.end() || lane->second.flights.empty() ? nullptr : &lane->second.flights.back();
  store::TargetPtr record = state_->find(target);
  TargetRow row = make_row(target, record.get(), newest, clock_.now());
  auto doubt = doubts_.find(target);
  if (doubt != doubts_.end() && record && !record->orphaned && !record->moved_away) {
    row.state = TargetState::kWaiting;
    row.why = doubt->second->text;
  }
  return row;
}

void Board::tell(Told told) {
  for (auto& [follower, line] : told.lines) follower->line(std::move(line));
  for (size_t i = 0; i < told.ends.size(); ++i)
    told.ends[i].first->ended(told.ended_targets[i], std::move(told.ends[i].second));
  for (TargetRow& row : told.rows) {
    Event event;
    event.at = clock_.now();
    event.type = "target";
    event.row = std::move(row);
    bus_.publish(std::move(event));
  }
}

}  // namespace autonomous::daemon
