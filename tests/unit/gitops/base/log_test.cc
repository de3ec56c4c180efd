#include "gitops/base/log.h"

#include <gtest/gtest.h>

namespace autonomous {
namespace {

TEST(Log, MasksSecretsAndCredentialsInUrls) {
  std::vector<LogLine> lines;
  set_log_sink([&](const LogLine& line) { lines.push_back(line); });
  mask_in_logs("hunter2-token");
  log(Level::kInfo, "with hunter2-token", {{"url", "https://jane:secret@git.example.com/x.git"}});
  set_log_sink(nullptr);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].message, "with ***");
  EXPECT_EQ(lines[0].fields[0].second, "https://***@git.example.com/x.git");
}

TEST(Log, LeavesOtherUrlsAlone) {
  EXPECT_EQ(masked("see https://git.example.com/a@b and ssh://git@host/x"),
            "see https://git.example.com/a@b and ssh://***@host/x");
}

}  // namespace
}  // namespace autonomous
