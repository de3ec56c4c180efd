// A process that releases as fast as it can is killed at any instruction; what it had acknowledged is there once.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "auditing.h"
#include "bed.h"

namespace autonomous::store {
namespace {

constexpr int kKills = 15;

// Tells one byte for each acknowledged release, and ends only by being killed.
[[noreturn]] void release_for_ever(const RecordConfig& config, int told) {
  FakeClock clock(parse_time("2026-11-23T20:00:00Z").value());
  auto record = Record::open(Ctx{}, config, clock);
  while (record) {
    TargetPtr state = (*record)->state()->find(kWeb);
    uint32_t next = state ? state->last_number + 1 : 1;
    auto done = (*record)->commit(Ctx{}, batch_of({push_draft(**record, kWeb, std::to_string(next % 10)),
                                                   push_draft(**record, kDb, std::to_string(next % 10))}));
    bool released = done && std::holds_alternative<Released>(done->drafts[0]);
    char byte = released ? '+' : '-';
    if (write(told, &byte, 1) != 1) break;
    if (!done) break;
  }
  _exit(7);
}

TEST(Kill, LosesAndDoublesNothing) {
  Bed bed;
  RecordConfig config = bed.config();
  std::mt19937 random(20261123);
  uint32_t acknowledged = 0;
  for (int round = 0; round < kKills; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      release_for_ever(config, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    // Some acknowledgements, then a moment somewhere in the next release.
    uint32_t wanted = random() % 3;
    char byte = 0;
    for (uint32_t i = 0; i < wanted && read(pipe_ends[0], &byte, 1) == 1; ++i) acknowledged += byte == '+' ? 1 : 0;
    pollfd wait{pipe_ends[0], POLLIN, 0};
    poll(&wait, 1, static_cast<int>(random() % 40));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "round " << round << ": the child ended by itself: " << status;
    while (read(pipe_ends[0], &byte, 1) == 1) acknowledged += byte == '+' ? 1 : 0;
    close(pipe_ends[0]);

    StatePtr state = bed.open().state();
    TargetPtr web = state->find(kWeb);
    TargetPtr db = state->find(kDb);
    uint32_t there = web ? web->last_number : 0;
    ASSERT_GE(there, acknowledged) << "round " << round;
    ASSERT_LE(there, acknowledged + 1) << "round " << round;  // one may have arrived without its answer
    acknowledged = there;
    ASSERT_EQ(db ? db->last_number : 0, there);  // a batch is whole or not at all
    for (uint32_t number = 1; number <= there; ++number) {
      ASSERT_TRUE(web->find(number));
      ASSERT_FALSE(bed.git({"tag", "-l", "release/local/shop/web/" + std::to_string(number)}).empty());
    }
    ASSERT_EQ(bed.git({"rev-list", "--count", "deploy"}), std::to_string(1 + 2 * there) + "\n");
  }
  EXPECT_GT(acknowledged, 0u);
  bed.expect_sound(true);
  AuditReport report = audited(bed.repository());
  for (const Finding& finding : report.findings) {
    if (finding.severity == Severity::kNote) continue;
    EXPECT_EQ(finding.rule, "outcome-missing") << finding.message;
  }
}

}  // namespace
}  // namespace autonomous::store
