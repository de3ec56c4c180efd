#include "gitops/model/release.h"

#include <gtest/gtest.h>

#include <random>

namespace autonomous::model {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Time kStart = *parse_time("2026-01-01T00:00:00Z");

Release queued() {
  Release release;
  release.target = {"production", "shop", "web"};
  release.since = release.requested = kStart;
  return release;
}

// Folds the events, a second apart.
Release after(std::initializer_list<Event> events) {
  Release release = queued();
  Time now = kStart;
  for (const Event& event : events) release = apply(std::move(release), event, now += seconds(1));
  return release;
}

const Committed kCommitted{42, "c0ffee", kStart + hours(1)};

TEST(Release, GoesThroughItsPhases) {
  EXPECT_EQ(next_step(queued(), kStart), Step::kRender);
  EXPECT_EQ(next_step(after({RenderBegan{}}), kStart), Step::kNothing);
  EXPECT_EQ(next_step(after({RenderBegan{}, Rendered{}}), kStart), Step::kCommit);
  Release verifying = after({RenderBegan{}, Rendered{}, CommitBegan{}, kCommitted});
  EXPECT_EQ(verifying.number, 42u);
  EXPECT_EQ(next_step(verifying, kStart), Step::kVerify);
  Release done =
      after({RenderBegan{}, Rendered{}, CommitBegan{}, kCommitted, Verified{Outcome::kHealthy, "2 of 2 pods ready"}});
  EXPECT_EQ(done.outcome, Outcome::kHealthy);
  EXPECT_EQ(next_step(done, kStart), Step::kRecord);
  EXPECT_EQ(next_step(apply(done, Recorded{}, kStart), kStart), Step::kForget);
  ASSERT_EQ(done.steps.size(), 3u);
  EXPECT_EQ(done.steps[1].step, "commit");
  EXPECT_EQ(done.steps[1].ended - done.steps[1].started, seconds(1));
}

TEST(Release, GivesUpAtTheDeadline) {
  Release verifying = after({RenderBegan{}, Rendered{}, CommitBegan{}, kCommitted});
  EXPECT_EQ(wakes_at(verifying, kStart), kCommitted.verify_until);
  EXPECT_EQ(next_step(verifying, kCommitted.verify_until), Step::kGiveUp);
}

TEST(Release, WaitsWhereItIsBlockedAndSaysWhy) {
  Release held = after({Blocked{"held behind 41"}});
  EXPECT_EQ(next_step(held, kStart), Step::kNothing);
  EXPECT_EQ(held.blocked, "held behind 41");
  EXPECT_EQ(next_step(apply(held, Unblocked{}, kStart), kStart), Step::kRender);
  EXPECT_EQ(after({RenderBegan{}, Rendered{}, Blocked{"a hold came"}}).phase, Phase::kQueued);
}

TEST(Release, RetriesWithGrowingPausesAndABound) {
  Release once = after({RenderBegan{}, RenderFailed{"the worker died", true}});
  EXPECT_EQ(once.phase, Phase::kQueued);
  EXPECT_EQ(next_step(once, once.not_before - Millis(1)), Step::kNothing);
  EXPECT_EQ(next_step(once, once.not_before), Step::kRender);
  Release release = queued();
  for (uint32_t i = 0; i < kMaxAttempts; ++i) {
    ASSERT_EQ(release.phase, Phase::kQueued) << i;
    release = apply(apply(release, RenderBegan{}, kStart), RenderFailed{"still", true}, kStart);
  }
  EXPECT_EQ(release.outcome, Outcome::kFailed);
  EXPECT_LE(retry_pause(1000), seconds(60));
}

TEST(Release, IsComputedAgainWhenTheTipMoved) {
  Release release = after({RenderBegan{}, Rendered{}, CommitBegan{}, Stale{}});
  EXPECT_EQ(next_step(release, kStart), Step::kRender);
}

TEST(Release, IsSupersededOnlyBeforeTheWriterHasIt) {
  EXPECT_EQ(after({RenderBegan{}, Superseded{"3f2c1ab"}}).outcome, Outcome::kSuperseded);
  EXPECT_EQ(after({RenderBegan{}, Rendered{}, CommitBegan{}, Superseded{"3f2c1ab"}}).phase, Phase::kCommitting);
  Release asked = queued();
  asked.asked = true;
  EXPECT_EQ(apply(asked, Superseded{"3f2c1ab"}, kStart).phase, Phase::kQueued);
  EXPECT_EQ(apply(asked, Superseded{"release 7", true}, kStart).outcome, Outcome::kSuperseded);
}

TEST(Release, EventsThatDoNotFitChangeNothing) {
  Release done =
      after({RenderBegan{}, Rendered{}, CommitBegan{}, kCommitted, Verified{Outcome::kFailed, "sync failed"}});
  for (const Event& event : std::initializer_list<Event>{
           RenderBegan{}, Rendered{}, CommitBegan{}, Committed{43, "x", kStart}, Stale{}, Refused{"no"},
           Verified{Outcome::kHealthy, ""}, Superseded{"x"}, Cancelled{"x"}, Blocked{"x"}}) {
    Release same = apply(done, event, kStart);
    EXPECT_EQ(same.phase, Phase::kDone);
    EXPECT_EQ(same.outcome, Outcome::kFailed);
    EXPECT_EQ(same.number, 42u);
  }
}

// Whatever comes in whatever order: a number is never changed once given, an outcome never once known.
TEST(Release, NumberAndOutcomeAreFinalUnderRandomEvents) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    Release release = queued();
    Time now = kStart;
    for (uint32_t i = 0; i < 40; ++i) {
      const Event events[] = {RenderBegan{},
                              Rendered{},
                              RenderFailed{"r", random() % 2 == 0},
                              Blocked{"b"},
                              Unblocked{},
                              CommitBegan{},
                              Committed{i + 1, "c", now + hours(1)},
                              NothingChanged{},
                              Refused{"w", random() % 2 == 0},
                              Stale{},
                              Seen{"s"},
                              Verified{Outcome::kHealthy, ""},
                              Superseded{"n"},
                              Cancelled{"c"},
                              Recorded{}};
      Release next = apply(release, events[random() % std::size(events)], now += seconds(1));
      if (release.number != 0) {
        ASSERT_EQ(next.number, release.number) << "seed " << seed;
      }
      if (release.outcome != Outcome::kNone) {
        ASSERT_EQ(next.outcome, release.outcome) << "seed " << seed;
      }
      ASSERT_EQ(next.phase == Phase::kDone, next.outcome != Outcome::kNone) << "seed " << seed;
      ASSERT_TRUE(!next.recorded || next.phase == Phase::kDone) << "seed " << seed;
      release = std::move(next);
    }
  }
}

}  // namespace
}  // namespace autonomous::model
