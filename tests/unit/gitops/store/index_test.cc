// The index says what git says, or is not used.
#include "gitops/store/index.h"

#include <gtest/gtest.h>

#include "bed.h"

namespace autonomous::store {
namespace {

// Something of everything that a state can hold.
void fill(Bed& bed) {
  Record& record = bed.record();
  release(record, kWeb, "1");
  release(record, kDb, "1");
  bed.clock().advance(Millis(60'000));
  model::Entry hold;
  hold.type = model::EntryType::kHold;
  hold.target = kWeb;
  hold.by = model::Who{"Oncall", "", "socket uid 1000"};
  hold.because = "look into errors";
  hold.number = 1;
  hold.until = bed.clock().now() + Millis(3'600'000);
  model::Entry failed;
  failed.type = model::EntryType::kFailed;
  failed.target = kDb;
  failed.reason = "a template that does not parse";
  model::Entry bad;
  bad.type = model::EntryType::kMarkBad;
  bad.artifact = "artifact-1";
  bad.because = "it leaks";
  model::Entry freeze;
  freeze.type = model::EntryType::kFreeze;
  freeze.scope = "local";
  freeze.until = bed.clock().now() + Millis(1000);
  model::Entry orphaned;
  orphaned.type = model::EntryType::kOrphaned;
  orphaned.target = kDb;
  orphaned.reason = "gone from the spec";
  Batch batch;
  batch.entries = {outcome_of(kWeb, 1), hold, failed, bad, freeze, orphaned};
  batch.entries[0].steps = {{"render", Millis(40)}, {"verify", Millis(2000)}};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
}

TEST(Index, HoldsAllOfAState) {
  Bed bed;
  bed.open();
  fill(bed);
  std::string clone = bed.clone();
  bed.git({"rm", "-q", "-r", "apps/local/shop/db"}, clone);
  bed.git({"commit", "-q", "-m", "Away with it"}, clone);
  bed.git({"push", "-q", "origin", "HEAD:deploy"}, clone);
  ASSERT_TRUE(bed.record().sync(Ctx{}));
  State state = *bed.record().state();
  ASSERT_TRUE(state.find(kDb)->drift);
  std::string bytes = index_bytes(state).value();
  auto read = parse_index(bytes);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(index_bytes(**read).value(), bytes);
  EXPECT_EQ((*read)->find(kWeb)->live()->outcome->steps.size(), 2u);
  EXPECT_EQ((*read)->find(kWeb)->hold->because, "look into errors");
  EXPECT_TRUE((*read)->is_bad("artifact-1"));
  EXPECT_EQ((*read)->freezes.size(), 1u);
  EXPECT_EQ((*read)->keys, state.keys);
}

TEST(Index, DamageIsNoticed) {
  Bed bed;
  bed.open();
  fill(bed);
  std::string bytes = index_bytes(*bed.record().state()).value();
  for (size_t i = 0; i < bytes.size(); i += 7) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(parse_index(damaged)) << i;
    EXPECT_FALSE(parse_index(bytes.substr(0, i))) << i;
  }
}

TEST(Index, AStartGoesOnFromIt) {
  Bed bed;
  RecordConfig config = bed.config();
  config.index = bed.path("cache/index");
  bed.open(config);
  fill(bed);
  bed.open(config);  // the end of the one before wrote it
  ASSERT_TRUE(exists(config.index));
  EXPECT_TRUE(prove_index(config.index, bed.record().repository()));
  std::string before = index_bytes(*bed.record().state()).value();
  RecordConfig plain = bed.config();
  bed.clock().advance(Millis(2000));   // the freeze is over
  release(bed.open(plain), kDb, "2");  // somebody without an index
  StatePtr folded = bed.record().state();
  bed.open(config);
  EXPECT_NE(index_bytes(*bed.record().state()).value(), before);
  EXPECT_EQ(index_bytes(*bed.record().state()).value(), index_bytes(*folded).value());
}

TEST(Index, OneOfAnotherHistoryIsNotUsed) {
  Bed bed, other;
  RecordConfig config = bed.config();
  config.index = bed.path("cache/index");
  other.open();
  release(other.record(), kDb, "1");
  ASSERT_TRUE(save_index(config.index, *other.record().state()));
  EXPECT_TRUE(bed.open(config).state()->targets.empty());
  ASSERT_TRUE(write_file(config.index, "torn"));
  EXPECT_EQ(release(bed.open(config), kWeb, "1"), 1u);
}

TEST(Rows, AreWhatWasPutIn) {
  ReleaseRow row;
  row.number = 7;
  row.time = Time(Millis(1'700'000'000'123));
  row.commit = git::Oid::parse(std::string(40, 'a')).value();
  row.source_commit = std::string(40, 'b');
  row.artifact = "sha256:" + std::string(64, 'c');
  row.input_digest = "sha256:" + std::string(63, 'c') + "X";  // no digest, whatever it looks like
  row.images = {{"web", "registry.example.com/web@sha256:" + std::string(64, '0')}, {"", ""}};
  row.because = std::string("\0\xff", 2);
  row.outcome = OutcomeRow{model::Verdict::kFailed, row.time, "verify", "Deployment web", "it crashes", "argocd",
                           {{"verify", Millis(5)}}};
  Rows rows;
  for (uint32_t i : {3u, 5u, 7u, 9u}) {
    row.number = i;
    rows.push_back(std::make_shared<ReleaseRow>(row));
  }
  row.number = 5;
  row.outcome.reset();
  rows.replace(1, row);
  EXPECT_EQ(rows.find(7), 2u);
  EXPECT_EQ(rows.find(8), rows.size());
  EXPECT_FALSE(rows[1]->outcome);
  ReleaseRowPtr seventh = rows[2];
  EXPECT_EQ(seventh->source_commit, row.source_commit);
  EXPECT_EQ(seventh->artifact, row.artifact);
  EXPECT_EQ(seventh->input_digest, row.input_digest);
  EXPECT_EQ(seventh->images, row.images);
  EXPECT_EQ(seventh->because, row.because);
  EXPECT_EQ(seventh->outcome->reason, "it crashes");
  EXPECT_EQ(rows[3], rows.back());
  EXPECT_LT(rows.bytes(2).size(), 500u);
}

}  // namespace
}  // namespace autonomous::store
