#include "daemon/pipeline/board.h"

#include <gtest/gtest.h>

#include <thread>

namespace autonomous::daemon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

PlatformPtr local_platform() {
  auto view = std::make_shared<PlatformView>();
  auto parsed = model::parse_platform(model::kDefaultPlatform);
  EXPECT_TRUE(parsed) << parsed.error().text();
  view->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
  return view;
}

// What a pusher hears.
class Listener final : public ProgressSink {
 public:
  void progress(const Progress& line) override { lines.push_back(line.step + ": " + line.text); }
  void done(const std::vector<Outcome>& all) override {
    ++dones;
    outcomes = all;
  }
  bool detached() const override { return gone; }
  std::vector<std::string> lines;
  std::vector<Outcome> outcomes;
  int dones = 0;
  bool gone = false;
};

class BoardTest : public testing::Test {
 protected:
  BoardTest() { board_.set_view(view_); }

  WishPtr push(const std::string& commit, const std::string& app = "web") {
    auto source = std::make_shared<SourceCommit>();
    source->id = commit + std::string(40 - commit.size(), '0');
    source->subject = "change " + commit;
    auto wish = std::make_shared<Wish>();
    wish->target = {"local", "shop", app};
    wish->source = source;
    wish->view = view_;
    return wish;
  }

  Flight render_next() {
    auto flight = board_.take_render({});
    EXPECT_TRUE(flight);
    board_.rendered(flight->id, std::make_shared<Assembled>());
    return *flight;
  }

  FakeClock clock_{*parse_time("2026-01-01T00:00:00Z")};
  EventBus bus_;
  Board board_{clock_, bus_};
  PlatformPtr view_ = local_platform();
};

TEST_F(BoardTest, NothingGoesOutWhileARewriteWaitsAndItsPusherHearsWhy) {
  const std::string why = "branch deploy was rewritten; nothing is written until an operator accepts it";
  board_.want(push("aaaa"), nullptr);
  render_next();
  board_.set_rewritten(why);
  EXPECT_TRUE(board_.take_ready(10).empty()) << "also what was rendered before";
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  board_.want(push("bbbb", "api"), follower);
  follower->complete();
  ASSERT_EQ(listener->dones, 1);
  EXPECT_EQ(listener->outcomes[0].verdict, Outcome::Verdict::kWaiting);
  EXPECT_EQ(listener->outcomes[0].text, why);
  model::Release api = board_.flight({"local", "shop", "api"})->release;
  EXPECT_EQ(api.blocked, why);
  EXPECT_EQ(model::next_step(api, clock_.now()), model::Step::kNothing) << "it would be compared with what is gone";

  // What nobody but the ledger would remember keeps who asked for it.
  WishPtr again = push("cccc", "job");
  auto asked = std::make_shared<Wish>(*again);
  asked->intent = "deploy-1";
  asked->by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
  auto waits = std::make_shared<Listener>();
  auto waiting = std::make_shared<Follower>(waits);
  board_.want(asked, waiting);
  waiting->complete();
  EXPECT_EQ(waits->dones, 0);

  board_.set_rewritten("");
  for (int i = 0; i < 3; ++i) render_next();
  EXPECT_EQ(board_.take_ready(10).size(), 3u);
}

TEST_F(BoardTest, AReleaseGoesThroughAndItsPusherHearsTheEnd) {
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  board_.want(push("aaaa"), follower);
  follower->complete();
  Flight flight = render_next();
  ASSERT_EQ(board_.take_ready(10).size(), 1u);
  board_.post(flight.id, model::Committed{1, std::string(40, 'c'), clock_.now() + hours(1)});
  board_.post(flight.id, model::Verified{model::Outcome::kUnverified, "nothing reconciles it"});
  EXPECT_EQ(listener->dones, 0) << "the ledger does not say so yet";
  ASSERT_EQ(board_.unrecorded().size(), 1u);
  board_.post(flight.id, model::Recorded{});
  ASSERT_EQ(listener->dones, 1);
  EXPECT_EQ(listener->outcomes[0].release, 1u);
  EXPECT_EQ(listener->outcomes[0].verdict, Outcome::Verdict::kDone);
  EXPECT_EQ(board_.in_flight(), 0u);
}

// What is done at once needs no word in the ledger; what outlasts who asked for it does.
TEST_F(BoardTest, WhatNobodyWaitsForAnyMoreIsWrittenDown) {
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  auto asked = std::make_shared<Wish>(*push("aaaa"));
  asked->intent = "deploy-1";
  board_.want(asked, follower);
  auto other = std::make_shared<Follower>(std::make_shared<Listener>());
  board_.want(push("bbbb", "api"), other);  // found again by looking at its branch
  board_.judge_gates();
  EXPECT_TRUE(board_.asking().empty());
  ASSERT_EQ(board_.unwritten().size(), 1u) << "whoever wants to leave has this one to be kept";
  EXPECT_EQ(board_.unwritten()[0].wish->intent, "deploy-1");
  ASSERT_TRUE(board_.take_render({}));  // also while it is rendered
  listener->gone = true;
  board_.judge_gates();
  ASSERT_EQ(board_.asking().size(), 1u);
  EXPECT_EQ(board_.asking()[0].wish->intent, "deploy-1");
}

TEST_F(BoardTest, WhatIsNotDoneAtOnceIsWrittenDown) {
  auto asked = std::make_shared<Wish>(*push("aaaa"));
  asked->intent = "deploy-1";
  board_.want(asked, std::make_shared<Follower>(std::make_shared<Listener>()));
  board_.judge_gates();
  EXPECT_TRUE(board_.asking().empty());
  clock_.advance(seconds(31));
  board_.judge_gates();
  EXPECT_EQ(board_.asking().size(), 1u);
  // What follows from the ledger by itself has its word there already.
  auto automatic = std::make_shared<Wish>(*push("cccc", "api"));
  automatic->intent = "automatic-3";
  board_.want(automatic, nullptr);
  clock_.advance(seconds(60));
  board_.judge_gates();
  EXPECT_EQ(board_.asking().size(), 1u);
}

TEST_F(BoardTest, ANewerPushSupersedesAWaitingOneAndNamesIt) {
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  board_.want(push("aaaa"), follower);
  follower->complete();
  board_.want(push("bbbb"), nullptr);
  EXPECT_EQ(listener->dones, 1);
  auto flight = board_.take_render({});
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->wish->commit().substr(0, 4), "bbbb");
  ASSERT_EQ(flight->wish->supersedes.size(), 1u);
  EXPECT_EQ(flight->wish->supersedes[0].substr(0, 4), "aaaa");
}

TEST_F(BoardTest, TheSameWishTwiceIsOneRelease) {
  uint64_t first = board_.want(push("aaaa"), nullptr);
  EXPECT_EQ(board_.want(push("aaaa"), nullptr), first);
  EXPECT_EQ(board_.in_flight(), 1u);
}

TEST_F(BoardTest, OneTargetHasOneReleaseInHand) {
  board_.want(push("aaaa"), nullptr);
  Flight first = render_next();
  auto asked = std::make_shared<Wish>(*push("bbbb"));
  asked->intent = "retry-1";
  board_.want(asked, nullptr);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(board_.take_render(stop.get_token())) << "the first one has not left the writer yet";
  ASSERT_EQ(board_.take_ready(10).size(), 1u);
  board_.post(first.id, model::Committed{1, "c", clock_.now() + hours(1)});
  EXPECT_TRUE(board_.take_render({}));
}

TEST_F(BoardTest, ANewerCommitEndsTheVerificationOfTheOneBefore) {
  board_.want(push("aaaa"), nullptr);
  Flight first = render_next();
  board_.take_ready(10);
  board_.post(first.id, model::Committed{1, "c", clock_.now() + hours(1)});
  board_.want(push("bbbb"), nullptr);
  Flight second = render_next();
  board_.take_ready(10);
  board_.post(second.id, model::Committed{2, "d", clock_.now() + hours(1)});
  auto done = board_.unrecorded();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].release.number, 1u);
  EXPECT_EQ(done[0].release.outcome, model::Outcome::kSuperseded);
  EXPECT_EQ(board_.verifying().size(), 1u);
}

TEST_F(BoardTest, WhatWasAskedForBeforeANewerReleaseDoesNotTakeItBack) {
  auto again = std::make_shared<Wish>(*push("aaaa"));
  again->intent = "retry-1";
  again->trigger = model::Trigger::kRetry;
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  uint64_t asked = board_.want(again, follower);
  follower->complete();
  EXPECT_EQ(board_.take_render({})->id, asked);
  board_.post(asked, model::RenderFailed{"a worker died", true});
  // It pauses; the newer push does not wait for it.
  board_.want(push("bbbb"), nullptr);
  Flight newer = render_next();
  EXPECT_GT(newer.id, asked);
  ASSERT_EQ(board_.take_ready(10).size(), 1u);
  board_.post(newer.id, model::Committed{7, std::string(40, 'c'), clock_.now() + hours(1)});
  clock_.advance(hours(1));
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(board_.take_render(stopped.get_token()));
  ASSERT_EQ(listener->dones, 1);
  EXPECT_NE(listener->outcomes[0].text.find("release 7"), std::string::npos) << listener->outcomes[0].text;
}

TEST_F(BoardTest, OtherTargetsDoNotWait) {
  board_.want(push("aaaa", "web"), nullptr);
  board_.want(push("aaaa", "api"), nullptr);
  EXPECT_EQ(board_.take_render({})->wish->target.app, "web") << "the older wish goes first";
  EXPECT_EQ(board_.take_render({})->wish->target.app, "api");
}

TEST_F(BoardTest, ABigProjectDoesNotKeepOthersWaiting) {
  for (int i = 0; i < 20; ++i) board_.want(push("aaaa", "a" + std::to_string(100 + i)), nullptr);
  auto other = std::make_shared<Wish>(*push("bbbb"));
  other->target = {"local", "zoo", "web"};
  board_.want(other, nullptr);
  std::vector<std::string> rendered;
  for (int i = 0; i < 21; ++i) rendered.push_back(render_next().wish->target.str());
  EXPECT_EQ(rendered[0], "local/shop/a100");
  EXPECT_EQ(rendered[1], "local/zoo/web") << "it came last, and its project had no turn yet";
  EXPECT_EQ(rendered[2], "local/shop/a101");
  EXPECT_EQ(rendered[20], "local/shop/a119");
  std::vector<std::string> committed;
  for (const Flight& flight : board_.take_ready(3)) committed.push_back(flight.wish->target.str());
  EXPECT_EQ(committed, (std::vector<std::string>{"local/shop/a100", "local/shop/a101", "local/zoo/web"}));
  EXPECT_EQ(board_.take_ready(100).size(), 18u) << "alone, a project has all";
}

TEST_F(BoardTest, MoreProjectsThanAPushHoldsTakeTurns) {
  std::map<std::string, int> turns;
  for (int round = 0; round < 3; ++round) {
    for (const char* project : {"ants", "bees", "cats"}) {
      for (int i = 0; i < 2; ++i) {
        auto wish = std::make_shared<Wish>(*push("aaaa", "a" + std::to_string(round) + std::to_string(i)));
        wish->target.project = project;
        board_.want(wish, nullptr);
        render_next();
      }
    }
    for (const Flight& flight : board_.take_ready(2)) ++turns[flight.wish->target.project];
  }
  EXPECT_EQ(turns, (std::map<std::string, int>{{"ants", 2}, {"bees", 2}, {"cats", 2}}));
}

TEST_F(BoardTest, WhoAskedIsNotKeptWaitingBehindAHold) {
  auto frozen = std::make_shared<PlatformView>(*view_);
  auto parsed =
      model::parse_platform("version: 1\nenvironments:\n  local: {from: default branch, approvals: {count: 1}}\n");
  ASSERT_TRUE(parsed) << parsed.error().text();
  frozen->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
  view_ = frozen;
  auto listener = std::make_shared<Listener>();
  auto follower = std::make_shared<Follower>(listener);
  board_.want(push("aaaa"), follower);
  follower->complete();
  auto rendered = std::make_shared<Assembled>();  // people agree to what was rendered
  rendered->tree = std::string(40, 'a');
  board_.rendered(board_.take_render({})->id, rendered);
  EXPECT_TRUE(board_.take_ready(10).empty());
  EXPECT_EQ(listener->dones, 0) << "the ledger does not say so yet";
  ASSERT_EQ(board_.proposing().size(), 1u);
  store::Builder ledger;
  model::Entry proposal;
  proposal.type = model::EntryType::kPropose;
  proposal.target = model::Target{"local", "shop", "web"};
  proposal.id = "0123456789ab";
  proposal.tree = rendered->tree;
  ASSERT_TRUE(ledger.add(proposal));
  board_.set_state(ledger.finish({}, {}, {}));
  ASSERT_EQ(listener->dones, 1);
  EXPECT_EQ(listener->outcomes[0].verdict, Outcome::Verdict::kWaiting);
  EXPECT_EQ(board_.rows().at(0).state, TargetState::kWaiting);
}

TEST_F(BoardTest, AHoldThatEndsByItselfLetsGo) {
  store::Builder builder;
  model::Entry hold;
  hold.type = model::EntryType::kHold;
  hold.target = model::Target{"local", "shop", "web"};
  hold.time = clock_.now();
  hold.until = clock_.now() + hours(1);
  ASSERT_TRUE(builder.add(hold));
  board_.set_state(builder.finish({}, {}, {}));
  board_.want(push("aaaa"), nullptr);
  clock_.advance(hours(2));
  board_.judge_gates();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(board_.take_render(stop.get_token()));
}

TEST_F(BoardTest, PausesAndDeadlinesOutliveASetClock) {
  board_.want(push("aaaa"), nullptr);
  Flight flight = *board_.take_render({});
  board_.post(flight.id, model::RenderFailed{"a worker died", true});
  clock_.advance(hours(-5));
  board_.clock_jumped(hours(-5));
  clock_.advance(seconds(1));
  flight = render_next();
  board_.take_ready(10);
  board_.post(flight.id, model::Committed{1, "c", clock_.now() + seconds(60)});
  clock_.advance(hours(5));
  board_.clock_jumped(hours(5));
  EXPECT_EQ(model::next_step(board_.verifying().at(0).release, clock_.now()), model::Step::kVerify);
}

TEST_F(BoardTest, WhatWaitsFollowsMain) {
  auto rollback = std::make_shared<Wish>();
  rollback->target = {"local", "shop", "web"};
  rollback->view = view_;
  rollback->intent = "rollback-1";
  rollback->restore = 1;
  board_.want(rollback, nullptr);
  auto moved = std::make_shared<PlatformView>(*view_);
  moved->tip = moved->commit = *git::Oid::parse(std::string(40, 'a'));
  board_.set_view(moved);
  EXPECT_EQ(board_.take_render({})->wish->view, PlatformPtr(moved));
}

// What a worker found out under the configuration of before is no answer to the one that came meanwhile.
TEST_F(BoardTest, MainThatMovesDuringARenderingIsNotOverlooked) {
  board_.want(push("aaaa"), nullptr);
  for (const model::Event& event :
       {model::Event(model::RenderEmpty{}), model::Event(model::RenderFailed{"no", false})}) {
    auto flight = board_.take_render({});
    ASSERT_TRUE(flight);
    auto later = std::make_shared<PlatformView>(*view_);
    later->commit = later->tip =
        *git::Oid::parse(std::string(40, std::holds_alternative<model::RenderEmpty>(event) ? 'd' : 'e'));
    board_.set_view(later);
    board_.not_rendered(flight->id, flight->wish, event);
    ASSERT_EQ(board_.flights(flight->release.target).size(), 1u);
    EXPECT_EQ(board_.flights(flight->release.target)[0].release.phase, model::Phase::kQueued);
  }
  auto flight = board_.take_render({});
  board_.not_rendered(flight->id, flight->wish, model::RenderEmpty{});
  EXPECT_EQ(board_.in_flight(), 0u);
}

TEST_F(BoardTest, RowsArePublishedAsTheyChange) {
  board_.want(push("aaaa"), nullptr);
  auto batch = bus_.after(0);
  ASSERT_FALSE(batch.events.empty());
  EXPECT_EQ(batch.events.back().row->target, "local/shop/web");
  EXPECT_EQ(batch.events.back().row->state, TargetState::kReleasing);
}

// Many threads at once; ThreadSanitizer watches.
TEST_F(BoardTest, WorkersShareTheBoard) {
  std::atomic<int> committed = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&](std::stop_token stop) {
      while (auto flight = board_.take_render(stop)) board_.rendered(flight->id, std::make_shared<Assembled>());
    });
  }
  std::jthread writer([&](std::stop_token stop) {
    uint32_t number = 0;
    while (!stop.stop_requested()) {
      board_.wait(stop, Millis(5));
      for (const Flight& flight : board_.take_ready(3)) {
        board_.post(flight.id, model::Committed{++number, "c", clock_.now() + hours(1)});
        board_.post(flight.id, model::Verified{model::Outcome::kHealthy, ""});
        board_.post(flight.id, model::Recorded{});
        ++committed;
      }
    }
  });
  for (int i = 0; i < 50; ++i) board_.want(push("aaaa", "app" + std::to_string(i)), nullptr);
  while (board_.in_flight() != 0) (void)board_.rows();
  EXPECT_EQ(committed, 50);
}

}  // namespace
}  // namespace autonomous::daemon
