// What the record says when it is read back: releases, inputs, the ledger's files, and how it was at another time.
#include <gtest/gtest.h>

#include <algorithm>

#include "bed.h"
#include "gitops/base/digest.h"
#include "gitops/store/ledger.h"

namespace autonomous::store {
namespace {

TEST(Record, SpecsAndChartsAreKeptOnce) {
  Bed bed;
  Record& record = bed.open();
  KeptInput a_spec{"version: 1\n", {}};
  KeptInput a_chart{
      "", {{"Chart.yaml", "name: x\n"}, {"templates/a.yaml", "a\n"}, {".gitmodules", "[submodule \"../x\"]\n"}}};
  std::string spec = digest_of(a_spec), chart = digest_of(a_chart);
  EXPECT_EQ(spec, "sha256:" + sha256_hex("version: 1\n"));
  std::string wrong = "sha256:" + std::string(64, '2');
  Draft draft = push_draft(record, kWeb, "1");
  draft.inputs = {{spec, a_spec}, {chart, a_chart}, {wrong, a_spec}};
  ASSERT_TRUE(record.commit(Ctx{}, batch_of({draft})));
  auto reader = Reader::open(bed.repository());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->input(spec).value().file, "version: 1\n");
  EXPECT_EQ(reader->input(chart).value().files, draft.inputs[chart].files);
  EXPECT_EQ(reader->input(wrong).error().code(), Code::kCorrupt) << "it is not what its name says";
  EXPECT_EQ(reader->input("sha256:" + std::string(64, '3')).error().code(), Code::kNotFound);
  bed.expect_sound();
}

TEST(Record, AReaderShowsEverythingAboutARelease) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Batch batch;
  batch.entries = {outcome_of(kWeb, 1)};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  auto reader = Reader::open(bed.clone() + "/.git");
  ASSERT_TRUE(reader) << reader.error().text();
  auto detail = reader->show({kWeb, 1});
  ASSERT_TRUE(detail) << detail.error().text();
  EXPECT_EQ(detail->trailers.source->commit, std::string(39, 'a') + "1");
  EXPECT_EQ(detail->entries.size(), 2u);
  EXPECT_NE(detail->message.find("Undo: git revert"), std::string::npos);
  EXPECT_EQ(detail->tag, bed.git({"cat-file", "tag", "release/local/shop/web/1"}));
  EXPECT_EQ(reader->files({kWeb, 1}).value()->read("values.yaml", 100).value(), "version: 1\n");
  EXPECT_EQ(reader->show({kWeb, 2}).error().code(), Code::kNotFound);
}

TEST(Record, TimeCanBeTurnedBack) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Time first = bed.clock().now();
  bed.clock().advance(Millis(60'000));
  release(record, kWeb, "2");
  Batch batch;
  batch.entries = {outcome_of(kWeb, 1)};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  auto then = record.state()->at(first + Millis(1000));
  EXPECT_EQ(then->find(kWeb)->live()->number, 1u);
  EXPECT_FALSE(then->find(kWeb)->live()->outcome);
  EXPECT_FALSE(record.state()->at(first - Millis(1))->find(kWeb));
}

TEST(Record, ReleasesAreCountedByTheirOutcome) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  release(record, kWeb, "2");
  release(record, kDb, "1");
  Batch batch;
  batch.entries = {outcome_of(kWeb, 1, model::Verdict::kFailed), outcome_of(kDb, 1)};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  auto count = [](const State& state, model::Verdict verdict) {
    return state.releases_by_outcome.by_verdict.at(static_cast<size_t>(verdict));
  };
  for (const StatePtr& state : {record.state(), bed.open().state(), bed.record().state()->at(bed.clock().now())}) {
    EXPECT_EQ(state->releases_by_outcome.running, 1u);
    EXPECT_EQ(count(*state, model::Verdict::kFailed), 1u);
    EXPECT_EQ(count(*state, model::Verdict::kHealthy), 1u);
  }
}

TEST(Record, SegmentsHold32Entries) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Batch batch;
  model::Entry failed;
  failed.type = model::EntryType::kFailed;
  failed.target = kWeb;
  for (int i = 0; i < 70; ++i) {
    failed.reason = "attempt " + std::to_string(i);
    batch.entries.push_back(failed);
  }
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  std::string tree = "autonomous/ledger/deploy:local/shop/web";
  EXPECT_EQ(bed.git({"ls-tree", "--name-only", tree}), "000001.jsonl\n000002.jsonl\n000003.jsonl\n");
  std::string second = bed.git({"show", tree + "/000002.jsonl"});
  EXPECT_EQ(std::count(second.begin(), second.end(), '\n'), 32);
  EXPECT_EQ(bed.open().state()->find(kWeb)->entries, 71u);
}

}  // namespace
}  // namespace autonomous::store
