// Releases that wait for people: what is proposed, what queues behind it, what ends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/pipeline/board.h"
#include "daemon/pipeline/entries.h"

namespace autonomous::daemon {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

constexpr std::string_view kPlatform = R"(version: 1
environments:
  staging: {from: branch main}
  production:
    from: staging
    bake: 30m
    approvals: {count: 1, not: [author, requester]}
    rollback: {approvals: 0}
    freeze: [{weekly: Fri 16:00-Mon 06:00, zone: Europe/Berlin}]
    ticket: "CHG[0-9]+"
)";

class Review : public testing::Test {
 protected:
  Review() {
    view_ = view("1");
    board_.set_view(view_);
    publish();
  }

  static PlatformPtr view(const std::string& tip) {
    auto out = std::make_shared<PlatformView>();
    auto parsed = model::parse_platform(kPlatform);
    EXPECT_TRUE(parsed) << parsed.error().text();
    out->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
    out->tip = out->commit = git::hash_object(git::ObjectKind::kBlob, tip);
    return out;
  }

  std::shared_ptr<Wish> promotion(const std::string& commit) {
    auto source = std::make_shared<SourceCommit>();
    source->id = commit + std::string(40 - commit.size(), '0');
    source->subject = "change " + commit;
    source->author = {"Jane Doe", "jane@example.com", 0, 0};
    auto wish = std::make_shared<Wish>();
    wish->target = kTarget;
    wish->trigger = model::Trigger::kPromotion;
    wish->source = source;
    wish->view = view_;
    wish->by = carl_;
    wish->ticket = "CHG1";
    return wish;
  }
  // What rendering makes; `tree` stands for all of it.
  void render(const std::string& tree) {
    auto flight = board_.take_render({});
    ASSERT_TRUE(flight);
    auto made = std::make_shared<Assembled>();
    made->tree = tree;
    made->draft.artifact = artifact_of(*flight->wish);
    made->draft.trailers.input_digest = "sha256:" + tree;
    made->draft.source_author = "Jane Doe <jane@example.com>";
    made->draft.on_main = flight->wish->view->tip.hex();
    board_.rendered(flight->id, made);
    if (ready_ = board_.take_ready(10); !ready_.empty()) committing_ = ready_.front();
  }
  // As the writer: what is proposed goes into the ledger.
  std::vector<std::string> propose() {
    std::vector<std::string> out;
    for (const Flight& flight : board_.proposing()) {
      model::Entry entry = decision(model::EntryType::kPropose, flight.wish->by, "p" + std::to_string(++proposals_));
      entry.artifact = flight.assembled->draft.artifact;
      entry.input_digest = flight.assembled->draft.trailers.input_digest;
      entry.tree = flight.assembled->tree;
      entry.intent = flight.wish->intent;
      entry.author = "Jane Doe <jane@example.com>";
      add(entry);
      out.push_back(flight.wish->commit().substr(0, 4) + " " + entry.tree);
    }
    publish();
    return out;
  }
  model::Entry decision(model::EntryType type, const model::Who& by, const std::string& id) {
    model::Entry entry;
    entry.type = type;
    entry.time = clock_.now();
    entry.target = kTarget;
    entry.by = by;
    entry.id = id;
    return entry;
  }
  void say(model::EntryType type, const model::Who& by, const std::string& id) {
    model::Entry entry = decision(type, by, id);
    entry.because = "a reason";
    entry.until = clock_.now() + hours(24);
    add(entry);
    publish();
  }
  void add(const model::Entry& entry) { entries_.push_back(entry); }
  void publish() {
    store::Builder builder;
    for (const model::Entry& entry : entries_) ASSERT_TRUE(builder.add(entry));
    board_.set_state(builder.finish({}, {}, {}));
  }
  std::string why() {
    auto flight = board_.flight(kTarget);
    return flight ? flight->release.blocked : "no flight";
  }
  std::string ready() {
    std::string out;
    for (const Flight& flight : ready_) {
      out += flight.wish->commit().substr(0, 4);
      for (const model::Who& who : flight.approved_by) out += " by " + who.str();
    }
    return out;
  }

  const model::Target kTarget{"production", "shop", "web"};
  FakeClock clock_{*parse_time("2026-11-25T12:00:00Z")};  // a Wednesday
  EventBus bus_;
  Board board_{clock_, bus_};
  PlatformPtr view_;
  std::vector<model::Entry> entries_;
  std::vector<Flight> ready_;
  Flight committing_;
  int proposals_ = 0;
  model::Who carl_{"Carl", "carl@host", "socket uid 3"};
  model::Who lena_{"Lena", "lena@host", "socket uid 4"};
};

TEST_F(Review, IsAskedForOnceItIsRenderedAndGoesOutApproved) {
  board_.want(promotion("aaaa"), nullptr);
  EXPECT_TRUE(board_.proposing().empty());
  render("t1");
  EXPECT_EQ(ready(), "");
  EXPECT_THAT(why(), HasSubstr("waits for 1 approval: autonomous approve production/shop/web"));
  EXPECT_THAT(propose(), testing::ElementsAre("aaaa t1"));
  EXPECT_TRUE(board_.proposing().empty()) << "once";
  say(model::EntryType::kApprove, carl_, "p1");
  EXPECT_THAT(why(), HasSubstr("one does not count: Carl asked for this release"));
  say(model::EntryType::kApprove, lena_, "p1");
  EXPECT_EQ(why(), "");
  render("t1");  // again, because the tip may have moved
  EXPECT_EQ(ready(), "aaaa by Lena <lena@host> (attested by the daemon: socket uid 4)");
  EXPECT_EQ(committing_.proposal, "p1");
}

TEST_F(Review, AnApprovalIsVoidWhenWhatItApprovedChanges) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  say(model::EntryType::kApprove, lena_, "p1");
  render("t2");  // an overlay changed meanwhile
  EXPECT_EQ(ready(), "");
  EXPECT_THAT(why(), HasSubstr("waits for 1 approval"));
  EXPECT_THAT(propose(), testing::ElementsAre("aaaa t2"));
  say(model::EntryType::kApprove, lena_, "p1");  // to what is no more
  EXPECT_THAT(why(), HasSubstr("waits for 1 approval"));
  say(model::EntryType::kApprove, lena_, "p2");
  render("t2");
  EXPECT_EQ(committing_.proposal, "p2");
}

TEST_F(Review, APlatformThatMovesIsRenderedAgainstBeforeAnybodyIsAsked) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  EXPECT_THAT(why(), HasSubstr("waits"));
  PlatformPtr moved = view("2");
  board_.set_view(moved);
  EXPECT_EQ(why(), "") << "rendered again";
  auto flight = board_.take_render({});
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->wish->view->tip, moved->tip);
  auto again = std::make_shared<Assembled>(*flight->assembled);
  again->draft.on_main = moved->tip.hex();
  board_.rendered(flight->id, again);
  EXPECT_TRUE(board_.take_ready(10).empty());
  EXPECT_TRUE(board_.proposing().empty()) << "it is the same, so the proposal stands";
  EXPECT_THAT(why(), HasSubstr("waits for 1 approval"));
}

TEST_F(Review, NewerArtifactsQueueBehindIt) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  board_.want(promotion("bbbb"), nullptr);
  EXPECT_THAT(why(), HasSubstr("queued behind aaaa000, which people are reviewing"));
  board_.want(promotion("cccc"), nullptr);  // newest wins, of those that wait
  EXPECT_EQ(board_.flights(kTarget).size(), 2u);
  say(model::EntryType::kApprove, lena_, "p1");
  render("t1");
  EXPECT_EQ(ready(), "aaaa by Lena <lena@host> (attested by the daemon: socket uid 4)");
  board_.post(committing_.id, model::Committed{1, std::string(40, 'c'), clock_.now() + hours(1)});
  board_.judge_gates();
  render("t3");
  EXPECT_THAT(propose(), testing::ElementsAre("cccc t3"));
}

// Two of them would replace each other's proposal in the ledger for ever.
TEST_F(Review, OneProposalATarget) {
  for (const char* intent : {"rollback-1", "rollback-2"}) {
    auto back = promotion("aaaa");
    back->intent = intent;
    back->trigger = model::Trigger::kRequest;
    board_.want(back, nullptr);
  }
  add([&] {
    model::Entry hold = decision(model::EntryType::kHold, lena_, "");
    return hold;
  }());
  publish();
  render("t1");
  EXPECT_EQ(propose().size(), 1u);
  board_.judge_gates();
  EXPECT_TRUE(board_.proposing().empty());
}

TEST_F(Review, ARejectionEndsItAndWhatWaitsGoesOn) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  board_.want(promotion("bbbb"), nullptr);
  say(model::EntryType::kReject, lena_, "p1");
  auto flights = board_.flights(kTarget);
  ASSERT_EQ(flights.size(), 1u);
  EXPECT_EQ(flights[0].wish->commit().substr(0, 4), "bbbb");
  board_.judge_gates();
  render("t2");
  EXPECT_THAT(propose(), testing::ElementsAre("bbbb t2"));
}

TEST_F(Review, ARollbackGoesPastIt) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  auto back = std::make_shared<Wish>();
  back->target = kTarget;
  back->trigger = model::Trigger::kRollback;
  back->view = view_;
  back->restore = 1;
  back->intent = "rollback-1";
  back->ticket = "CHG2";
  board_.want(back, nullptr);
  auto flight = board_.take_render({});
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->wish->intent, "rollback-1");
  board_.rendered(flight->id, std::make_shared<Assembled>());
  ASSERT_EQ(board_.take_ready(10).size(), 1u);
}

TEST_F(Review, AnExpiredApprovalNoLongerCounts) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  say(model::EntryType::kApprove, lena_, "p1");
  clock_.advance(hours(25));
  board_.judge_gates();
  EXPECT_THAT(why(), HasSubstr("expired"));
}

TEST_F(Review, AProposalOfADaemonBeforeIsGoneOnWith) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  // A new board, with nothing but the ledger.
  Board later(clock_, bus_);
  later.set_view(view_);
  store::Builder builder;
  for (const model::Entry& entry : entries_) ASSERT_TRUE(builder.add(entry));
  later.set_state(builder.finish({}, {}, {}));
  auto revived = promotion("aaaa");
  revived->proposed = true;
  later.want(revived, nullptr);
  later.want(promotion("bbbb"), nullptr);  // pushed since; must not go first
  auto flight = later.take_render({});
  ASSERT_TRUE(flight);
  EXPECT_EQ(flight->wish->commit().substr(0, 4), "aaaa");
  auto made = std::make_shared<Assembled>();
  made->tree = "t1";
  made->draft.artifact = artifact_of(*flight->wish);
  made->draft.trailers.input_digest = "sha256:t1";
  later.rendered(flight->id, made);
  EXPECT_TRUE(later.take_ready(10).empty());
  EXPECT_TRUE(later.proposing().empty()) << "the ledger has it already";
}

// Whoever is told to wait may rely on it, whatever becomes of this daemon.
TEST_F(Review, WhatQueuesBehindItStandsInTheLedger) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  auto later = promotion("bbbb");
  later->trigger = model::Trigger::kRetry;
  later->intent = "retry-1";
  board_.want(later, nullptr);
  EXPECT_THAT(why(), HasSubstr("queued behind aaaa000"));
  ASSERT_EQ(board_.asking().size(), 1u);
  model::Entry ask = ask_entry(*board_.asking()[0].wish, clock_.now());
  EXPECT_TRUE(model::format_entry(ask));
  EXPECT_TRUE(is_about(ask, *later));
  EXPECT_FALSE(is_about(ask, *promotion("bbbb"))) << "a push of the same commit is not what was asked for";
  add(ask);
  publish();
  EXPECT_TRUE(board_.asking().empty()) << "once";
  EXPECT_EQ(board_.flight(kTarget)->ask, ask.id);
  // It comes to nothing: the ledger must not make it rise again.
  board_.post(board_.flight(kTarget)->id, model::Cancelled{"the source is gone"});
  std::vector<Flight> ended = board_.unrecorded();
  ASSERT_EQ(ended.size(), 1u);
  std::vector<model::Entry> words = last_words(ended[0], board_.state().get(), clock_.now());
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].type, model::EntryType::kCancel);
  EXPECT_EQ(words[0].id, ask.id);
  add(words[0]);
  publish();
  EXPECT_TRUE(board_.state()->asked.empty());
}

TEST_F(Review, APushThatWaitsIsFoundByItsBranchAndNeedNotStandThere) {
  board_.want(promotion("aaaa"), nullptr);
  render("t1");
  propose();
  auto push = promotion("bbbb");
  push->trigger = model::Trigger::kPush;
  board_.want(push, nullptr);
  EXPECT_THAT(why(), HasSubstr("queued behind"));
  EXPECT_TRUE(board_.asking().empty());
}

TEST_F(Review, FreezesBakeAndTicketsAreGates) {
  auto wish = promotion("aaaa");
  wish->ticket = "";
  EXPECT_THAT(blocked_by(*wish, *board_.state(), clock_.now()).gate, "ticket");
  wish->ticket = "CHG1";
  EXPECT_EQ(blocked_by(*wish, *board_.state(), clock_.now()).gate, "");
  Time friday = *parse_time("2026-11-27T15:30:00Z");  // 16:30 in Berlin
  Blocked frozen = blocked_by(*wish, *board_.state(), friday);
  EXPECT_EQ(frozen.gate, "freeze");
  EXPECT_THAT(frozen.why, HasSubstr("2026-11-30T05:00:00Z"));
  model::Entry glass = decision(model::EntryType::kBreakGlass, carl_, "");
  glass.because = "checkout is down";
  glass.until = friday + hours(1);
  add(glass);
  publish();
  EXPECT_EQ(blocked_by(*wish, *board_.state(), friday).gate, "") << "the glass is broken";
  EXPECT_EQ(blocked_by(*wish, *board_.state(), friday + hours(2)).gate, "freeze");
  wish->promoted_from = model::ReleaseId{{"staging", "shop", "web"}, 3};
  EXPECT_EQ(blocked_by(*wish, *board_.state(), clock_.now()).gate, "bake") << "its source has no outcome";
}

}  // namespace
}  // namespace autonomous::daemon
