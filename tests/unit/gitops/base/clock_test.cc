#include "gitops/base/clock.h"

#include <gtest/gtest.h>

#include <set>

#include "gitops/base/ctx.h"

namespace autonomous {
namespace {

TEST(Time, ReadsWhatItWrites) {
  for (const char* text :
       {"1970-01-01T00:00:00Z", "2026-02-28T23:59:59Z", "2024-02-29T12:00:00.250Z", "9999-12-31T23:59:59Z"}) {
    auto time = parse_time(text);
    ASSERT_TRUE(time) << time.error().line();
    EXPECT_EQ(format_time(*time), text);
  }
}

TEST(Time, UnderstandsOffsetsAndDates) {
  EXPECT_EQ(format_time(*parse_time("2026-01-01T01:30:00+02:00")), "2025-12-31T23:30:00Z");
  EXPECT_EQ(format_time(*parse_time("2026-01-31")), "2026-01-31T00:00:00Z");
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text :
       {"", "yesterday", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00+2"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Duration, ReadsUnits) {
  EXPECT_EQ(parse_duration("90s")->count(), 90'000);
  EXPECT_EQ(parse_duration("1h30m")->count(), 5'400'000);
  EXPECT_EQ(parse_duration("250ms")->count(), 250);
  EXPECT_EQ(parse_duration("7d")->count(), 604'800'000);
  for (const char* text : {"", "5", "m", "-1s", "1w", "99999999999s"}) EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Age, ShowsOneUnitOrTwo) {
  using std::chrono::seconds;
  EXPECT_EQ(format_age(seconds(5)), "5s");
  EXPECT_EQ(format_age(seconds(125)), "2m");
  EXPECT_EQ(format_age(seconds(4800)), "1h 20m");
  EXPECT_EQ(format_age(seconds(86400 * 5)), "5d");
  EXPECT_EQ(format_age(seconds(-5)), "0s");
}

TEST(Ctx, APauseEndsWithAStopOrTheDeadline) {
  std::stop_source stop;
  stop.request_stop();
  Ctx{stop.get_token()}.pause(std::chrono::hours(1));
  Ctx{}.within(Millis(0)).pause(std::chrono::hours(1));
}

TEST(Ctx, JitterStaysWithinBounds) {
  std::set<Millis> seen;
  for (int i = 0; i < 200; ++i) {
    Millis pause = jittered(Millis(1000));
    EXPECT_GE(pause, Millis(500));
    EXPECT_LE(pause, Millis(1000));
    seen.insert(pause);
  }
  EXPECT_GT(seen.size(), 20u);
  EXPECT_EQ(jittered(Millis(0)), Millis(0));
}

}  // namespace
}  // namespace autonomous
