// What was tried and made no release is known for all of the history, whatever came after it.
#include "gitops/store/attempts.h"

#include <gtest/gtest.h>

#include "bed.h"
#include "gitops/store/index.h"
#include "gitops/store/ledger.h"

namespace autonomous::store {
namespace {

TEST(AttemptsTest, AreInTheirOrderAndCopiesStayAsTheyWere) {
  Attempts attempts;
  EXPECT_TRUE(attempts.empty());
  Attempts early;
  for (uint32_t i = 0; i < 1000; ++i) {
    if (i == 300) early = attempts;
    attempts.push_back({Time(Millis(i)), git::Oid(), i, i % 2 == 0});
  }
  ASSERT_EQ(attempts.size(), 1000u);
  ASSERT_EQ(early.size(), 300u);
  for (uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(attempts[i].line, i);
    EXPECT_EQ(attempts[i].failed, i % 2 == 0);
  }
  early.push_back({Time(Millis(7)), git::Oid(), 7, true});
  EXPECT_EQ(early[300].line, 7u);
  EXPECT_EQ(attempts[300].line, 300u);
}

model::Entry attempt(model::EntryType type, const std::string& commit, const std::string& reason) {
  model::Entry entry;
  entry.type = type;
  entry.target = kWeb;
  entry.source = model::SourceFact{"https://git.example.com/shop.git", commit, "refs/heads/main"};
  entry.reason = reason;
  return entry;
}

TEST(AttemptsTest, AFailureIsKnownHoweverMuchFollowsIt) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  const std::string broken(40, 'b'), quiet(40, 'c');
  Batch first;
  first.entries = {attempt(model::EntryType::kFailed, broken, "a template that does not parse")};
  ASSERT_TRUE(record.commit(Ctx{}, first));
  for (int i = 0; i < 60; ++i) {
    bed.clock().advance(Millis(1000));
    Batch batch;
    batch.entries = {
        attempt(model::EntryType::kUnchanged, i == 0 ? quiet : std::string(38, 'd') + std::to_string(10 + i), "")};
    ASSERT_TRUE(record.commit(Ctx{}, batch));
  }
  // As it was folded on the way, from git alone, and from the index.
  StatePtr git_says = Reader::open(bed.repository()).value().state().value();
  std::string index = index_bytes(*git_says).value();
  for (const StatePtr& state : {record.state(), git_says, parse_index(index).value()}) {
    TargetPtr web = state->find(kWeb);
    EXPECT_EQ(web->attempts.size(), 61u);
    EXPECT_EQ(web->newest_attempts.size(), 1 + TargetState::kUnchangedKept)
        << "those that failed do not give way to others";
    auto tried = state->tried(broken.substr(0, 10));
    ASSERT_EQ(tried.size(), 1u);
    EXPECT_EQ(tried[0].target, kWeb);
    git::Repository repository = git::Repository::open(bed.repository()).value();
    model::Entry whole = read_entry(repository, state->ledger, kWeb, tried[0].line).value();
    EXPECT_EQ(whole.reason, "a template that does not parse");
    tried = state->tried(quiet);
    ASSERT_EQ(tried.size(), 1u);
    EXPECT_EQ(read_entry(repository, state->ledger, kWeb, tried[0].line).value().type, model::EntryType::kUnchanged);
    EXPECT_TRUE(state->tried("bb").empty()) << "too few digits";
  }
  EXPECT_EQ(index_bytes(*record.state()).value(), index);
}

}  // namespace
}  // namespace autonomous::store
