#include "daemon/pipeline/automatic.h"

#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

const model::Target kWeb{"production", "shop", "web"};
const model::Who kDaemon{"Autonomous", "autonomous@localhost", "the daemon"};

class AutomaticTest : public testing::Test {
 protected:
  AutomaticTest() {
    set_platform("version: 1\nenvironments:\n  production: {from: default branch, rollback: {automatic: true}}\n");
    add(1, model::Verdict::kHealthy);
    add(2, model::Verdict::kFailed);
    failed_.id = 7;
    failed_.release.target = kWeb;
    failed_.release.number = 2;
    failed_.release.outcome = model::Outcome::kFailed;
    failed_.release.reason = "apps/Deployment web is Degraded";
    failed_.release.artifact_failed = true;
  }
  void set_platform(const std::string& text) {
    auto parsed = model::parse_platform(text);
    ASSERT_TRUE(parsed) << parsed.error().text();
    auto view = std::make_shared<PlatformView>();
    view->platform = std::shared_ptr<const model::Platform>(std::move(parsed.value));
    view_ = view;
  }
  void add(uint32_t number, model::Verdict verdict, model::Trigger trigger = model::Trigger::kPush) {
    auto row = std::make_shared<store::ReleaseRow>();
    row->number = number;
    row->trigger = trigger;
    row->artifact = "artifact-" + std::to_string(number);
    row->target_tree = git::hash_object(git::ObjectKind::kBlob, std::to_string(number));
    row->outcome = store::OutcomeRow{verdict, {}, "", "", "", "", {}};
    target_.releases.push_back(row);
    target_.last_number = number;
  }
  Automatic run() {
    state_.targets[kWeb] = std::make_shared<store::TargetState>(target_);
    return after_failure(failed_, lane_, view_, state_, kDaemon, *parse_time("2026-01-01T00:00:00Z"));
  }

  PlatformPtr view_;
  store::TargetState target_;
  store::State state_;
  Flight failed_;
  std::vector<Flight> lane_;
};

TEST_F(AutomaticTest, GoesBackToTheLastHealthyReleaseAndMarksTheArtifactBadWithoutAHold) {
  Automatic automatic = run();
  ASSERT_TRUE(automatic.wish) << automatic.why;
  EXPECT_EQ(automatic.wish->restore, 1u);
  EXPECT_EQ(automatic.wish->trigger, model::Trigger::kRollback);
  EXPECT_EQ(automatic.wish->because, "release 2 failed: apps/Deployment web is Degraded");
  EXPECT_EQ(automatic.wish->intent, "automatic-2");
  EXPECT_FALSE(automatic.wish->decision) << "no hold: a fix goes forward at once";
  EXPECT_FALSE(automatic.wish->past_hold) << "somebody's hold holds this, too";
  ASSERT_TRUE(automatic.mark);
  EXPECT_EQ(automatic.mark->type, model::EntryType::kMarkBad);
  EXPECT_EQ(automatic.mark->artifact, "artifact-2");
  EXPECT_EQ(automatic.mark->by, kDaemon);
}

TEST_F(AutomaticTest, OnlyWhereTheEnvironmentAsksForIt) {
  set_platform("version: 1\nenvironments:\n  production: {from: default branch}\n");
  Automatic automatic = run();
  EXPECT_FALSE(automatic.wish);
  EXPECT_FALSE(automatic.mark);
  EXPECT_EQ(automatic.why, "");
}

TEST_F(AutomaticTest, AFailureOfTheInfrastructureMarksNothing) {
  failed_.release.artifact_failed = false;
  Automatic automatic = run();
  EXPECT_FALSE(automatic.wish);
  EXPECT_FALSE(automatic.mark);
  EXPECT_NE(automatic.why, "");
}

TEST_F(AutomaticTest, PassesOverWhatWasNotHealthyOrIsBad) {
  target_.releases = {};
  add(1, model::Verdict::kHealthy);
  add(2, model::Verdict::kHealthy);
  add(3, model::Verdict::kUnverified);
  add(4, model::Verdict::kFailed);
  failed_.release.number = 4;
  EXPECT_EQ(run().wish->restore, 2u);
  state_.bad["artifact-2"] = {};
  EXPECT_EQ(run().wish->restore, 1u);
  state_.bad["artifact-1"] = {};
  EXPECT_FALSE(run().wish);
}

TEST_F(AutomaticTest, ARollbackThatFailsIsNotRolledBack) {
  add(3, model::Verdict::kFailed, model::Trigger::kRollback);
  failed_.release.number = 3;
  Automatic automatic = run();
  EXPECT_FALSE(automatic.wish);
  EXPECT_FALSE(automatic.mark) << "what it restored was healthy once";
}

TEST_F(AutomaticTest, AFixThatIsComingGoesForward) {
  Flight fix;
  fix.id = 8;
  fix.release.phase = model::Phase::kRendering;
  lane_ = {failed_, fix};
  EXPECT_FALSE(run().wish);
  lane_[1].release.phase = model::Phase::kQueued;
  lane_[1].release.blocked = "waits for 1 approval";
  EXPECT_TRUE(run().wish) << "what waits for people may wait long";
}

TEST_F(AutomaticTest, AnArtifactThatWasHealthyUnderAnotherConfigurationIsNotBad) {
  store::ReleaseRow row = *target_.releases[1];
  row.artifact = "artifact-1";
  target_.releases.replace(1, row);
  Automatic automatic = run();
  EXPECT_FALSE(automatic.mark);
  EXPECT_EQ(automatic.wish->restore, 1u);
}

TEST_F(AutomaticTest, ANewerReleaseIsLeftAlone) {
  add(3, model::Verdict::kHealthy);
  EXPECT_FALSE(run().wish);
}

}  // namespace
}  // namespace autonomous::daemon
