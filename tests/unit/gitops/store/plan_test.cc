// What a push will hold, and why a draft stays out of it.
#include "gitops/store/plan.h"

#include <gtest/gtest.h>

#include "bed.h"

namespace autonomous::store {
namespace {

TEST(Record, WhatChangesNothingIsNoRelease) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Draft same = push_draft(record, kWeb, "1");
  same.artifact = "another";  // another source commit that renders to the same bytes
  same.files["release.yaml"] = "version: 1\ntarget: \"local/shop/web\"\nmode: \"manifests\"\nartifact: \"another\"\n";
  auto done = record.commit(Ctx{}, batch_of({same}));
  ASSERT_TRUE(done);
  ASSERT_TRUE(std::holds_alternative<Unchanged>(done->drafts[0]));
  EXPECT_EQ(bed.git({"rev-list", "--count", "deploy"}), "2\n");
  EXPECT_EQ(record.state()->find(kWeb)->attempts.size(), 1u);
  bed.expect_sound();  // and leaves no objects behind
  same.even_unchanged = true;
  done = record.commit(Ctx{}, batch_of({same}));
  EXPECT_EQ(std::get<Released>(done->drafts[0]).number, 2u);
}

TEST(Record, AKeyReleasesOnce) {
  Bed bed;
  Record& record = bed.open();
  Draft draft = push_draft(record, kWeb, "1");
  ASSERT_TRUE(std::holds_alternative<Released>(record.commit(Ctx{}, batch_of({draft})).value().drafts[0]));
  auto again = record.commit(Ctx{}, batch_of({draft})).value();
  EXPECT_EQ(std::get<Duplicate>(again.drafts[0]).number, 1u);
  // Even where it was computed on top of that: somebody wanted it again before they knew.
  again = record.commit(Ctx{}, batch_of({push_draft(record, kWeb, "1")})).value();
  EXPECT_EQ(std::get<Duplicate>(again.drafts[0]).number, 1u);
  EXPECT_TRUE(record.state()->find(kWeb)->attempts.empty());
  Draft wish = push_draft(record, kWeb, "1");
  wish.intent = "retry-7";
  wish.even_unchanged = true;
  EXPECT_EQ(std::get<Released>(record.commit(Ctx{}, batch_of({wish})).value().drafts[0]).number, 2u);
  release(record, kWeb, "3");
  wish.on_number = 3;
  EXPECT_EQ(std::get<Duplicate>(record.commit(Ctx{}, batch_of({wish})).value().drafts[0]).number, 2u);
  // Rendered again after the configuration changed: it was asked for once.
  wish.trailers.input_digest = "sha256:" + std::string(64, 'b');
  EXPECT_EQ(std::get<Duplicate>(record.commit(Ctx{}, batch_of({wish})).value().drafts[0]).number, 2u);
}

TEST(Record, WhatWasComputedOnOtherGroundsIsStale) {
  Bed bed;
  Record& record = bed.open();
  Draft draft = push_draft(record, kWeb, "2");
  release(record, kWeb, "1");
  EXPECT_TRUE(std::holds_alternative<Stale>(record.commit(Ctx{}, batch_of({draft})).value().drafts[0]));
  Draft policy = push_draft(record, kWeb, "2");
  policy.trailers.policy = model::PolicyFact{std::string(40, '1'), std::string(40, '2')};
  EXPECT_TRUE(std::holds_alternative<Stale>(record.commit(Ctx{}, batch_of({policy})).value().drafts[0]));
  Batch hold = batch_of({push_draft(record, kWeb, "2"), push_draft(record, kDb, "1")});
  model::Entry entry;
  entry.type = model::EntryType::kHold;
  entry.target = kWeb;
  entry.number = 1;
  entry.because = "wait";
  hold.entries = {entry};
  auto held = record.commit(Ctx{}, hold).value();
  EXPECT_TRUE(std::holds_alternative<Stale>(held.drafts[0]));
  EXPECT_TRUE(std::holds_alternative<Released>(held.drafts[1]));
  EXPECT_EQ(record.state()->find(kWeb)->hold->because, "wait");
  Draft rollback = push_draft(record, kWeb, "9");
  rollback.past_hold = true;
  EXPECT_TRUE(std::holds_alternative<Released>(record.commit(Ctx{}, batch_of({rollback})).value().drafts[0]));
}

TEST(Record, AHoldEndsWithItsTime) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Batch hold;
  model::Entry entry;
  entry.type = model::EntryType::kHold;
  entry.target = kWeb;
  entry.until = bed.clock().now() + Millis(60'000);
  hold.entries = {entry};
  ASSERT_TRUE(record.commit(Ctx{}, hold));
  EXPECT_TRUE(
      std::holds_alternative<Stale>(record.commit(Ctx{}, batch_of({push_draft(record, kWeb, "2")})).value().drafts[0]));
  bed.clock().advance(Millis(60'001));
  EXPECT_EQ(release(record, kWeb, "2"), 2u);
}

TEST(Record, ARollbackRestoresTheTree) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  release(record, kWeb, "2");
  Draft draft = push_draft(record, kWeb, "1");
  draft.files.clear();
  draft.restore = 1;
  draft.intent = "rollback-1";
  draft.trailers.trigger = model::Trigger::kRollback;
  model::Entry hold;
  hold.type = model::EntryType::kHold;
  hold.because = "broken";
  draft.hold = hold;
  auto done = record.commit(Ctx{}, batch_of({draft}));
  ASSERT_EQ(std::get<Released>(done->drafts[0]).number, 3u);
  TargetPtr web = record.state()->find(kWeb);
  EXPECT_EQ(web->live()->target_tree, web->find(1)->target_tree);
  EXPECT_EQ(web->live()->rollback_of, 1u);
  ASSERT_TRUE(web->hold);
  EXPECT_EQ(web->hold->number, 3u);
  EXPECT_EQ(bed.git({"show", "deploy:apps/local/shop/web/values.yaml"}), "version: 1\n");
  EXPECT_EQ(bed.git({"show", "-s", "--format=%s", "deploy"}),
            "local/shop/web: release 3 (rollback to 1: aaaaaaa Version 1)\n");
}

TEST(Record, BadDraftsFailAlone) {
  Bed bed;
  Record& record = bed.open();
  Draft evil = push_draft(record, kDb, "1");
  evil.files["../../x"] = "x";
  Draft link = push_draft(record, {"local", "shop", "api"}, "1");
  link.files[".git/config"] = "x";
  Draft reason = push_draft(record, {"local", "shop", "job"}, "1");
  reason.trailers.because = "a\nRelease: local/shop/web/9";
  auto done = record.commit(Ctx{}, batch_of({evil, push_draft(record, kWeb, "1"), link, reason}));
  ASSERT_TRUE(done);
  EXPECT_TRUE(std::holds_alternative<Refused>(done->drafts[0]));
  EXPECT_TRUE(std::holds_alternative<Released>(done->drafts[1]));
  EXPECT_TRUE(std::holds_alternative<Refused>(done->drafts[2]));
  EXPECT_TRUE(std::holds_alternative<Refused>(done->drafts[3]));
  bed.expect_sound();
}

TEST(Record, HostileTextsStayProse) {
  Bed bed;
  Record& record = bed.open();
  const std::string evil =
      "Fix\n---\n\nRelease: local/shop/web/99\nTrigger: push\n-----BEGIN SSH SIGNATURE-----\n\x1b[31m\xff";
  Draft draft = push_draft(record, kWeb, "1");
  draft.subject = draft.prose = draft.quoted = draft.source_author = evil;
  draft.author = {evil, evil, std::nullopt};
  ASSERT_TRUE(std::holds_alternative<Released>(record.commit(Ctx{}, batch_of({draft})).value().drafts[0]));
  std::string message = bed.path("message");
  ASSERT_TRUE(write_file(message, bed.git({"show", "-s", "--format=%B", "deploy"})));
  auto trailers = model::parse_trailers(read_file(message).value());
  ASSERT_TRUE(trailers) << trailers.error().text();
  EXPECT_EQ(trailers->release.number, 1u);
  EXPECT_EQ(bed.git({"interpret-trailers", "--parse", message}), model::format_trailers(*trailers).value());
  EXPECT_EQ(bed.open().state()->find(kWeb)->last_number, 1u);
  bed.expect_sound();
}

TEST(Record, ATargetIsTakenOnByACommitOfItsOwn) {
  Bed bed;
  Record& record = bed.open();
  Batch batch = batch_of({push_draft(record, kWeb, "1")});
  TakeOn taken;
  taken.target = kWeb;
  taken.files = {{application_file(kWeb), "kind: Application\n"}, {root_file("local", "shop"), "kind: Application\n"}};
  taken.author = {"Jane Doe", "jane@example.com", std::nullopt};
  batch.taken = {taken};
  auto done = record.commit(Ctx{}, batch);
  ASSERT_TRUE(done);
  EXPECT_EQ(bed.git({"log", "--format=%s", "-2", "deploy"}),
            "local/shop/web: release 1 (aaaaaaa Version 1)\nlocal/shop/web: taken on\n");
  EXPECT_TRUE(record.state()->find(kWeb)->taken_on);
  done = record.commit(Ctx{}, [&] {
    Batch again;
    again.taken = {taken};
    return again;
  }());
  EXPECT_FALSE(done->taken_commits[0]);  // nothing to do
  taken.files[application_file(kWeb)] = std::nullopt;
  taken.what = "let go";
  done = record.commit(Ctx{}, [&] {
    Batch again;
    again.taken = {taken};
    return again;
  }());
  EXPECT_TRUE(done->taken_commits[0]);
  EXPECT_FALSE(record.state()->find(kWeb)->taken_on);
}

TEST(Record, WhatWasFoundOutIsSaidOnce) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  model::Entry failed;
  failed.type = model::EntryType::kFailed;
  failed.target = kWeb;
  failed.time = bed.clock().now();
  failed.reason = "a template that does not parse";
  model::Entry hold;
  hold.type = model::EntryType::kHold;
  hold.target = kWeb;
  hold.time = bed.clock().now();
  model::Entry resume = hold;
  resume.type = model::EntryType::kResume;
  Batch batch;
  // Its answer was lost, so all of it comes again; a second daemon found another outcome.
  batch.entries = {outcome_of(kWeb, 1), failed, failed, outcome_of(kWeb, 1, model::Verdict::kFailed), hold, hold};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  TargetPtr web = record.state()->find(kWeb);
  EXPECT_EQ(web->entries, 4u);
  EXPECT_EQ(web->attempts.size(), 1u);
  EXPECT_EQ(web->said.size(), 1u);
  EXPECT_EQ(web->live()->outcome->verdict, model::Verdict::kHealthy);
  // The clock stands still, and yet each of these is meant.
  batch.entries = {resume, hold};
  ASSERT_TRUE(record.commit(Ctx{}, batch));
  EXPECT_EQ(record.state()->find(kWeb)->said.size(), 3u);
  EXPECT_TRUE(record.state()->find(kWeb)->hold);
}

}  // namespace
}  // namespace autonomous::store
