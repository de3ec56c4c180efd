// What the server refuses by itself, and who is not to wait for it.
#include "gitops/store/refusals.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bed.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

TEST(Refusals, TheFirstCostsThePlaceAndTheNextOnesTime) {
  Refusals refusals;
  Time now = parse_time("2026-11-23T20:00:00Z").value();
  EXPECT_TRUE(refusals.empty());
  EXPECT_EQ(refusals.add("a", "no", now).next, now);
  Time second = refusals.add("a", "no", now).next, third = refusals.add("a", "never", now).next;
  EXPECT_GT(second, now);
  EXPECT_GT(third, second);
  for (int i = 0; i < 100; ++i) refusals.add("a", "never", now);
  EXPECT_LE(refusals.find("a")->next - now, std::chrono::minutes(1));
  EXPECT_EQ(refusals.find("a")->words, "never");
  EXPECT_EQ(refusals.find("b"), nullptr);
  refusals.taken("a");
  EXPECT_TRUE(refusals.empty());
}

TEST(Refusals, AreBounded) {
  Refusals refusals;
  Time now = parse_time("2026-11-23T20:00:00Z").value();
  refusals.add("late", "no", now + std::chrono::hours(1));
  for (size_t i = 0; i < Refusals::kMost + 10; ++i) refusals.add(std::to_string(i), "no", now);
  EXPECT_NE(refusals.find("late"), nullptr);
  EXPECT_EQ(refusals.find("0"), nullptr);
  EXPECT_NE(refusals.find(std::to_string(Refusals::kMost + 9)), nullptr);
}

TEST(Refusals, AnEntryIsKnownByWhatItSaysAndNotByWhen) {
  model::Entry one = outcome_of(kWeb, 1);
  one.time = parse_time("2026-11-23T20:00:00Z").value();
  model::Entry later = one;
  later.time += std::chrono::hours(1);
  EXPECT_EQ(name_of(one), name_of(later));
  later.number = 2;
  EXPECT_NE(name_of(one), name_of(later));
  TakeOn taken{.target = kWeb, .files = {{"argocd/x", "y"}}};
  TakeOn removed{.target = kWeb, .files = {{"argocd/x", std::nullopt}}};
  EXPECT_NE(name_of(taken), name_of(removed));
}

// A server that takes no ledger in which the word "rude" stands, nor any file beside the Applications with it.
class Picky : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(git::Repository::init_bare(url()));
    RecordConfig config = bed_.config();
    config.repository = bed_.path("mirror");
    config.remote = remote_on_disk(url());
    bed_.open(config);
    hook(R"(while read old new ref; do
  git diff --no-color $old $new | grep -q '^+.*rude' && { echo 'mind your words' >&2; exit 1; }
done
exit 0
)");
  }
  std::string url() const { return bed_.path("remote.git"); }
  Record& record() { return bed_.record(); }
  void hook(const std::string& script) {
    ASSERT_TRUE(make_folders(url() + "/hooks"));
    ASSERT_TRUE(write_file(url() + "/hooks/pre-receive", "#!/bin/sh\necho . >> ../pushes\n" + script, 0755));
  }
  // Pushes that the server has seen since the last call.
  size_t pushes() {
    std::string counted = read_file(bed_.path("pushes"), 1 << 20).value_or("");
    (void)remove_all(bed_.path("pushes"));
    return static_cast<size_t>(std::count(counted.begin(), counted.end(), '.'));
  }

  static model::Entry mark(int number, const std::string& because) {
    model::Entry entry;
    entry.type = model::EntryType::kMarkBad;
    entry.artifact = "artifact-" + std::to_string(number);
    entry.by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
    entry.because = because;
    return entry;
  }

  Bed bed_;
};

TEST_F(Picky, EntriesThatAreRefusedHoldNoReleaseUp) {
  std::vector<model::Entry> notes;
  for (int i = 0; i < 12; ++i) notes.push_back(mark(i, i < 9 ? "rude words" : "it is slow"));
  size_t fewest = 1000;
  for (int cycle = 0; cycle < 8; ++cycle) {
    Batch batch = batch_of({push_draft(record(), {"local", "shop", "app" + std::to_string(cycle)}, "1")});
    batch.entries = notes;
    auto done = record().commit(Ctx{}, batch);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << cycle;
    EXPECT_GT(done->accepted, 0u);
    std::vector<model::Entry> left;
    for (size_t i = 0; i < notes.size(); ++i) {
      if (!done->each_entry[i]) continue;
      EXPECT_NE(done->each_entry[i]->text().find("mind your words"), std::string::npos);
      left.push_back(notes[i]);
    }
    notes = left;
    fewest = std::min(fewest, pushes());
  }
  EXPECT_EQ(notes.size(), 9u) << "each that is innocent is written";
  EXPECT_EQ(record().state()->bad.size(), 3u);
  EXPECT_EQ(fewest, 2u) << "what is refused again and again rests: the release and its tag are all";

  // Whoever put the server right waits a minute at most.
  hook("exit 0\n");
  bed_.clock().advance(std::chrono::minutes(1));
  Batch batch;
  batch.entries = notes;
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_FALSE(done->entries);
  EXPECT_EQ(record().state()->bad.size(), 12u);
}

TEST_F(Picky, SoDoFilesBesideTheApplications) {
  std::vector<TakeOn> owed;
  for (int i = 0; i < 6; ++i) {
    std::string app = "old" + std::to_string(i);
    owed.push_back(
        {.target = {"local", "shop", app}, .files = {{"argocd/local/shop/" + app + ".yaml", "rude: true\n"}}});
  }
  for (int cycle = 0; cycle < 4; ++cycle) {
    model::Target fresh{"local", "shop", "new" + std::to_string(cycle)};
    Batch batch = batch_of({push_draft(record(), fresh, "1")});
    batch.taken = owed;
    batch.taken.push_back({.target = fresh, .files = {{application_file(fresh), "kind: Application\n"}}});
    auto done = record().commit(Ctx{}, batch);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[0])) << cycle;
    EXPECT_EQ(done->taken.back().has_value(), cycle == 0) << "with the first refusals it is too early to tell";
    EXPECT_TRUE(done->taken.front());
  }
}

TEST_F(Picky, AServerThatIsClosedIsAskedFewTimes) {
  hook("exit 1\n");
  Batch batch;
  for (int i = 0; i < 40; ++i) {
    batch.entries.push_back(mark(i, "it is slow"));
    batch.drafts.push_back(push_draft(record(), {"local", "shop", "app" + std::to_string(i)}, "1"));
  }
  auto done = record().commit(Ctx{}, batch);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->accepted, 0u);
  EXPECT_LE(pushes(), 2u * (2 * 6 + 4)) << "of 80";
}

}  // namespace
}  // namespace autonomous::store
