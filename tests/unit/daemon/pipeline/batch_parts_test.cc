#include "daemon/pipeline/batch_parts.h"

#include <gtest/gtest.h>

#include <string>

namespace autonomous::daemon {
namespace {

model::Entry said(const std::string& reason) {
  model::Entry entry;
  entry.type = model::EntryType::kHold;
  entry.reason = reason;
  return entry;
}

Inbox::Decision decision(std::vector<model::Entry> entries) { return {std::move(entries), {}}; }

// A batch of one note, and of decisions of two entries and of one.
class BatchPartsTest : public testing::Test {
 protected:
  BatchPartsTest() {
    Inbox::Entries taken;
    taken.notes = {said("note")};
    taken.decisions.push_back(decision({said("a"), said("b")}));
    taken.decisions.push_back(decision({said("c")}));
    parts_.add(std::move(taken));
    for (Inbox::Decision& one : parts_.decisions) answers_.push_back(one.promise.get_future());
  }
  std::string answer(size_t i) {
    Result<void> got = answers_[i].get();
    return got ? "written" : got.error().message();
  }

  BatchParts parts_;
  std::vector<std::future<Result<void>>> answers_;
};

TEST_F(BatchPartsTest, EverybodyHearsTheAnswerThatIsAboutTheirs) {
  ASSERT_EQ(parts_.batch.entries.size(), 4u);
  store::BatchResult result;
  result.each_entry.resize(4);
  result.each_entry[0] = fail(Code::kDenied, "the note is refused");
  result.each_entry[2] = fail(Code::kDenied, "b is refused");
  parts_.answer_decisions(result);
  EXPECT_EQ(answer(0), "b is refused");
  EXPECT_EQ(answer(1), "written");
}

TEST_F(BatchPartsTest, WhereNothingIsKnownToBeDoneThatIsTheAnswerToAll) {
  parts_.answer_decisions(fail(Code::kUnavailable, "the remote is away"));
  EXPECT_EQ(answer(0), "the remote is away");
  EXPECT_EQ(answer(1), "the remote is away");
}

TEST_F(BatchPartsTest, TheWordsOfAFlightThatEndedAreFoundAgain) {
  parts_.add_ended({}, {});
  parts_.add_ended({}, {said("x"), said("y")});
  ASSERT_EQ(parts_.ended.size(), 2u);
  EXPECT_EQ(parts_.ended[0].count, 0u);
  ASSERT_EQ(parts_.ended[1].count, 2u);
  EXPECT_EQ(parts_.batch.entries[parts_.ended[1].first].reason, "x");
  EXPECT_EQ(parts_.batch.entries[parts_.ended[1].first + 1].reason, "y");
}

TEST(BatchParts, EndedFlightsWithoutWordsMakeNoBatch) {
  BatchParts parts;
  EXPECT_TRUE(parts.empty());
  parts.add_ended({}, {});
  EXPECT_TRUE(parts.empty());
  parts.add_ended({}, {said("x")});
  EXPECT_FALSE(parts.empty());
}

TEST(BatchParts, WhatCanNeverBeWrittenIsSettledAndWhatIsRefusedIsTriedAgain) {
  EXPECT_TRUE(is_settled(ok()));
  EXPECT_TRUE(is_settled(fail(Code::kInvalid, "no such type")));
  EXPECT_TRUE(is_settled(fail(Code::kCorrupt, "not whole")));
  EXPECT_FALSE(is_settled(fail(Code::kDenied, "a hook said no")));
  EXPECT_FALSE(is_settled(fail(Code::kUnavailable, "away")));
}

}  // namespace
}  // namespace autonomous::daemon
