// Targets that go on after others: numbers, both sides of the ledger, and what the audit says of half a move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auditing.h"
#include "bed.h"
#include "gitops/store/index.h"

namespace autonomous::store {
namespace {

using ::testing::HasSubstr;

const model::Target kSite{"local", "blog", "site"};

class Moves : public ::testing::Test {
 protected:
  void SetUp() override {
    bed_.open();
    for (const char* version : {"1", "2"}) finish(kWeb, release(record(), kWeb, version));
  }
  Record& record() { return bed_.record(); }
  void finish(const model::Target& target, uint32_t number) {
    Batch batch;
    batch.entries = {outcome_of(target, number)};
    ASSERT_TRUE(record().commit(Ctx{}, std::move(batch)));
  }
  Draft move_draft(const model::Target& from, const model::Target& to, const std::string& version) {
    Draft draft = push_draft(record(), to, version);
    uint32_t last = record().state()->find(from)->last_number;
    draft.moved = Moved{{from, last}, kWeb, {}};
    draft.on_number = last;
    return draft;
  }
  DraftResult commit(const Draft& draft) {
    auto done = record().commit(Ctx{}, batch_of({draft}));
    EXPECT_TRUE(done) << done.error().text();
    return done->drafts.at(0);
  }
  std::string audited() {
    AuditReport report = store::audited(bed_.repository());
    return report.ok() ? "whole" : audit_text(report);
  }

  Bed bed_;
};

TEST_F(Moves, NumbersGoOnAndBothSidesSayIt) {
  auto result = commit(move_draft(kWeb, kSite, "3"));
  auto* released = std::get_if<Released>(&result);
  ASSERT_NE(released, nullptr);
  EXPECT_EQ(released->number, 3u);
  finish(kSite, 3);
  StatePtr state = record().state();
  EXPECT_EQ(state->find(kSite)->moved->from.str(), "local/shop/web/2");
  EXPECT_EQ(state->find(kSite)->moved->names, kWeb);
  EXPECT_EQ(state->find(kWeb)->moved_away->to, kSite);
  EXPECT_EQ(state->find(kWeb)->last_number, 2u) << "its own releases stay";
  finish(kSite, release(record(), kSite, "4"));
  EXPECT_EQ(record().state()->find(kSite)->last_number, 4u);
  EXPECT_THAT(bed_.git({"log", "-1", "--format=%B", "release/local/blog/site/3"}),
              HasSubstr("This goes on after local/shop/web/2, whose objects it takes over."));
  EXPECT_EQ(audited(), "whole");
  // What the index keeps of it is what the ledger says.
  auto kept = parse_index(index_bytes(*record().state()).value());
  ASSERT_TRUE(kept);
  EXPECT_EQ((*kept)->find(kSite)->moved->from.number, 2u);
  EXPECT_EQ((*kept)->find(kWeb)->moved_away->to, kSite);
}

TEST_F(Moves, ItMayMoveBack) {
  commit(move_draft(kWeb, kSite, "3"));
  finish(kSite, 3);
  commit(move_draft(kSite, kWeb, "4"));
  finish(kWeb, 4);
  StatePtr state = record().state();
  EXPECT_FALSE(state->find(kWeb)->moved_away);
  EXPECT_EQ(state->find(kWeb)->live()->number, 4u);
  EXPECT_EQ(state->find(kSite)->moved_away->to, kWeb);
  EXPECT_EQ(audited(), "whole");
}

TEST_F(Moves, WhatHappenedMeanwhileMakesItStale) {
  Draft draft = move_draft(kWeb, kSite, "3");
  finish(kWeb, release(record(), kWeb, "5"));
  EXPECT_TRUE(std::holds_alternative<Stale>(commit(draft)));
  EXPECT_EQ(record().state()->find(kSite), nullptr) << "half a move was written";
  commit(move_draft(kWeb, kSite, "6"));
  finish(kSite, 4);
  Draft other = push_draft(record(), kDb, "7");
  other.moved = Moved{{kWeb, 3}, kWeb, {}};
  other.on_number = 3;
  auto result = commit(other);
  ASSERT_TRUE(std::holds_alternative<Stale>(result));
  EXPECT_THAT(std::get<Stale>(result).why, HasSubstr("became local/blog/site"));
  EXPECT_EQ(audited(), "whole");
}

TEST_F(Moves, HalfAMoveIsFound) {
  model::Entry to;
  to.type = model::EntryType::kMoved;
  to.target = kSite;
  to.origin = "local/shop/web/7";
  to.scope = "local/shop/web";
  Batch batch;
  batch.entries = {to};
  ASSERT_TRUE(record().commit(Ctx{}, std::move(batch)));
  std::string text = audited();
  EXPECT_THAT(text, HasSubstr("move-unmatched"));
  EXPECT_THAT(text, HasSubstr("local/shop/web does not say that it became local/blog/site"));
  EXPECT_THAT(text, HasSubstr("after release 7 of local/shop/web, which there is not"));
}

TEST_F(Moves, NumbersNeverGoBack) {
  for (const char* version : {"1", "2", "3"}) finish(kDb, release(record(), kDb, version));
  Draft draft = push_draft(record(), kDb, "4");
  draft.moved = Moved{{kWeb, 2}, kWeb, {}};
  draft.on_number = 2;
  auto done = record().commit(Ctx{}, batch_of({draft}));
  EXPECT_FALSE(done && std::holds_alternative<Released>(done->drafts[0]));
  EXPECT_EQ(record().state()->find(kDb)->last_number, 3u);
}

}  // namespace
}  // namespace autonomous::store
