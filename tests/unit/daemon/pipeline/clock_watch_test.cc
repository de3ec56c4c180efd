#include "daemon/pipeline/clock_watch.h"

#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Two clocks that go on together, unless a test says otherwise.
class ClockWatchTest : public testing::Test {
 protected:
  // Time passes by the steady clock; the wall clock goes `ahead` more than that.
  std::optional<Millis> pass(Millis time, Millis ahead = Millis(0)) {
    steady_ += time;
    wall_ += time + ahead;
    return watch_.read(wall_, steady_);
  }

  Time wall_{Millis(1'700'000'000'000)};
  Millis steady_{12'345};
  ClockWatch watch_;
};

TEST_F(ClockWatchTest, TheFirstReadingIsNoJumpWhateverTheClocksSay) {
  EXPECT_EQ(watch_.read(Time{Millis(1'700'000'000'000)}, Millis(0)), std::nullopt);
  EXPECT_EQ(ClockWatch().read(Time{}, Millis(1'700'000'000'000)), std::nullopt);
}

TEST_F(ClockWatchTest, ClocksThatGoTogetherAreNoJumpHoweverLongItTook) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(1)), std::nullopt);
  EXPECT_EQ(pass(hours(100)), std::nullopt);
}

TEST_F(ClockWatchTest, StandingStillTogetherIsNoJump) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(0)), std::nullopt);
  EXPECT_EQ(pass(seconds(0)), std::nullopt);
}

TEST_F(ClockWatchTest, AWallClockThatStandsStillFallsBack) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(60), -seconds(60)), Millis(-60'000));
}

TEST_F(ClockWatchTest, AJumpForwardIsToldOnce) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(1), hours(1)), Millis(3'600'000));
  EXPECT_EQ(pass(seconds(1)), std::nullopt);
}

TEST_F(ClockWatchTest, AJumpBackIsToldOnceAndSoIsTheWayForwardAgain) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(1), -hours(1)), Millis(-3'600'000));
  EXPECT_EQ(pass(seconds(1)), std::nullopt);
  EXPECT_EQ(pass(seconds(1), hours(1)), Millis(3'600'000));
}

TEST_F(ClockWatchTest, ItIsAJumpFromTenSecondsOnEitherWay) {
  pass(seconds(0));
  EXPECT_EQ(pass(seconds(1), Millis(9'999)), std::nullopt);
  EXPECT_EQ(pass(seconds(1), Millis(10'000)), Millis(10'000));
  EXPECT_EQ(pass(seconds(1), Millis(-9'999)), std::nullopt);
  EXPECT_EQ(pass(seconds(1), Millis(-10'000)), Millis(-10'000));
}

// What adds up to much over a day was never a step that a pause has to be moved by.
TEST_F(ClockWatchTest, SlowDriftIsNeverAJump) {
  pass(seconds(0));
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(pass(seconds(1), Millis(i % 2 == 0 ? 40 : 20)), std::nullopt);
  EXPECT_EQ(pass(seconds(1), -seconds(300)), Millis(-300'000)) << "all of the drift is put right at once";
}

}  // namespace
}  // namespace autonomous::daemon
