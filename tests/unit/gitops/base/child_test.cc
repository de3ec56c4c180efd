#include "gitops/base/child.h"

#include <gtest/gtest.h>

#include <thread>

namespace autonomous {
namespace {

ChildSpec shell(std::string script) {
  return {.argv = {"/bin/sh", "-c", std::move(script)}, .env = {"PATH=/usr/bin:/bin"}};
}

TEST(Child, FeedsInputAndKeepsOutput) {
  ChildSpec spec = shell("cat; echo problem >&2; exit 3");
  spec.input = std::string(300'000, 'x');
  auto result = run_child({}, spec);
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(result->status, 3);
  EXPECT_EQ(result->out.size(), 300'000u);
  EXPECT_EQ(result->err, "problem\n");
}

TEST(Child, MayEndWithoutReadingItsInput) {
  ChildSpec spec = shell("exec 0<&-; echo done");
  spec.input = std::string(3'000'000, 'x');
  auto result = run_child({}, spec);  // no signal of a broken pipe ends us
  ASSERT_TRUE(result) << result.error().line();
  EXPECT_EQ(result->out, "done\n");
}

TEST(Child, InheritsNothing) {
  ::setenv("AUTONOMOUS_TEST_SECRET", "x", 1);
  auto result = run_child({}, shell("env | grep -c SECRET"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "0\n");
}

TEST(Child, EndsAtTheDeadlineWithItsWholeGroup) {
  Ctx ctx;
  auto result = run_child(ctx.within(Millis(50)), shell("cat /dev/zero | tail -f /dev/null"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kTimeout);
}

TEST(Child, EndsWhenStopped) {
  std::stop_source stop;
  Ctx ctx{stop.get_token()};
  ChildSpec spec = shell("echo started; tail -f /dev/null");
  spec.on_output = [&](std::string_view) {
    stop.request_stop();
    return true;
  };
  auto result = run_child(ctx, spec);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kCancelled);
}

TEST(Child, BoundsOutput) {
  ChildSpec spec = shell("cat /dev/zero");
  spec.max_output = 1000;
  auto result = run_child({}, spec);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kLimit);
}

TEST(Child, SaysWhichProgramIsMissing) {
  auto result = run_child({}, {.argv = {"no-such-program-anywhere"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kNotFound);
  EXPECT_NE(result.error().message().find("no-such-program-anywhere"), std::string::npos);
}

}  // namespace
}  // namespace autonomous
