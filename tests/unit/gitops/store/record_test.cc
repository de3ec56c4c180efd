#include "gitops/store/record.h"

#include <gtest/gtest.h>

#include <thread>

#include "bed.h"
#include "gitops/base/digest.h"
#include "gitops/store/audit.h"
#include "gitops/store/ledger.h"

namespace autonomous::store {
namespace {

TEST(Record, TheFirstStartMakesThreeSignedBranches) {
  Bed bed;
  bed.open();
  EXPECT_EQ(bed.git({"for-each-ref", "--format=%(refname)"}),
            "refs/heads/autonomous/ledger/deploy\nrefs/heads/deploy\nrefs/heads/main\n");
  EXPECT_NE(bed.git({"show", "main:platform.yaml"}).find("local: {from: branch main}"), std::string::npos);
  bed.expect_sound();
  git::Oid before = bed.record().deploy();
  bed.open();  // a second start makes nothing
  EXPECT_EQ(bed.record().deploy(), before);
  EXPECT_EQ(bed.git({"rev-list", "--count", "--all"}), "3\n");
  EXPECT_TRUE(bed.record().sync(Ctx{}).value().quiet());
}

TEST(Record, AReleaseIsACommitALedgerEntryAndATag) {
  Bed bed;
  Record& record = bed.open();
  EXPECT_EQ(release(record, kWeb, "1"), 1u);
  bed.clock().advance(Millis(5000));
  auto done = record.commit(Ctx{}, [&] {
    Batch batch = batch_of({push_draft(record, kWeb, "2"), push_draft(record, kDb, "1")});
    batch.entries.push_back(outcome_of(kWeb, 1));
    return batch;
  }());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->pushes, 1u);
  EXPECT_EQ(std::get<Released>(done->drafts[0]).number, 2u);
  EXPECT_EQ(std::get<Released>(done->drafts[1]).number, 1u);
  EXPECT_EQ(bed.git({"tag"}), "release/local/shop/db/1\nrelease/local/shop/web/1\nrelease/local/shop/web/2\n");
  EXPECT_EQ(bed.git({"log", "--format=%s", "deploy"}),
            "local/shop/db: release 1 (aaaaaaa Version 1)\nlocal/shop/web: release 2 (aaaaaaa Version 2)\n"
            "local/shop/web: release 1 (aaaaaaa Version 1)\nStart the branch that says what runs\n");
  EXPECT_EQ(bed.git({"rev-list", "--count", "autonomous/ledger/deploy"}), "3\n");
  EXPECT_EQ(bed.git({"show", "deploy:apps/local/shop/web/values.yaml"}), "version: 2\n");
  EXPECT_EQ(bed.git({"show", "-s", "--format=%an <%ae>|%cn", "deploy"}), "Jane Doe <jane@example.com>|Autonomous\n");
  std::string message = bed.git({"show", "-s", "--format=%B", "release/local/shop/web/2"});
  EXPECT_NE(
      message.find(
          "    Version 2\n\n    Longer words.\n\nUndo: git revert release/local/shop/web/2\n\nRelease: local/shop/web/2\n"),
      std::string::npos)
      << message;
  EXPECT_EQ(
      bed.git({"show", "-s", "--format=%(trailers:key=Target-Tree,valueonly)", "release/local/shop/web/2^{commit}"}),
      bed.git({"rev-parse", "deploy:apps/local/shop/web"}) + "\n");
  bed.expect_sound();
}

TEST(Record, GitAcceptsTheSignatures) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  std::string allowed = bed.path("allowed");
  ASSERT_TRUE(write_file(allowed, bed.signer().allowed_signers_line("autonomous@localhost") + "\n"));
  std::string option = "gpg.ssh.allowedSignersFile=" + allowed;
  for (std::string commit : {"main", "deploy", "autonomous/ledger/deploy"})
    bed.git({"-c", option, "verify-commit", commit});
  bed.git({"-c", option, "verify-tag", "release/local/shop/web/1"});
}

TEST(Record, AFreshRecordAnswersTheSame) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  Batch batch;
  batch.entries.push_back(outcome_of(kWeb, 1, model::Verdict::kFailed));
  batch.entries.back().reason = "crashed";
  batch.entries.back().steps = {{"verify", Millis(1200)}};
  model::Entry bad;
  bad.type = model::EntryType::kMarkBad;
  bad.target = kWeb;
  bad.artifact = "artifact-1";
  batch.entries.push_back(bad);
  ASSERT_TRUE(record.commit(Ctx{}, std::move(batch)));
  release(record, kWeb, "2");
  StatePtr before = record.state();
  ASSERT_TRUE(remove_all(bed.path("journal")));
  StatePtr after = bed.open().state();
  EXPECT_EQ(after->deploy, before->deploy);
  TargetPtr web = after->find(kWeb);
  ASSERT_TRUE(web);
  EXPECT_EQ(web->last_number, 2u);
  EXPECT_EQ(web->live()->commit, before->find(kWeb)->live()->commit);
  EXPECT_EQ(web->live()->subject, "Version 2");
  EXPECT_EQ(web->live()->source_commit, std::string(39, 'a') + "2");
  ASSERT_TRUE(web->find(1)->outcome);
  EXPECT_EQ(web->find(1)->outcome->verdict, model::Verdict::kFailed);
  EXPECT_EQ(web->find(1)->outcome->steps.at(0).took, Millis(1200));
  EXPECT_TRUE(after->is_bad("artifact-1"));
  EXPECT_EQ(after->where(std::string(10, 'a')).size(), 2u);
}

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

TEST(Record, ADamagedRecordIsReportedAndLeftAlone) {
  Bed bed;
  Record& record = bed.open();
  release(record, kWeb, "1");
  std::string clone = bed.clone();
  bed.git({"checkout", "-q", "autonomous/ledger/deploy"}, clone);
  ASSERT_TRUE(write_file(clone + "/local/shop/web/000001.jsonl", "{broken\n"));
  bed.git({"commit", "-qam", "break it"}, clone);
  bed.git({"push", "-q", "origin", "autonomous/ledger/deploy"}, clone);
  std::string before = bed.git({"for-each-ref"});
  auto opened = Record::open(Ctx{}, bed.config(), bed.clock());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_NE(opened.error().line().find("000001.jsonl"), std::string::npos) << opened.error().line();
  EXPECT_EQ(bed.git({"for-each-ref"}), before);
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

// An administrator's gc at any moment; --prune=now gives unreachable objects no time at all.
TEST(Record, NothingIsLostWhileOthersRepackAllTheTime) {
  Bed bed;
  Record& record = bed.open();
  std::jthread upkeep([&](const std::stop_token& stop) {
    // One of them may find a lock of ours and give up: that is its affair.
    for (int round = 0; !stop.stop_requested(); ++round) {
      ChildSpec spec;
      spec.argv = {"git", "-c", "safe.directory=*", "repack", "-a", "-d", "-q"};
      if (round % 3 == 1) spec.argv = {"git", "-c", "safe.directory=*", "pack-refs", "--all"};
      if (round % 3 == 2) spec.argv = {"git", "-c", "safe.directory=*", "gc", "--prune=now", "-q"};
      spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
      spec.folder = bed.repository();
      if (auto ran = run_child(Ctx{}, spec); !ran) ADD_FAILURE() << ran.error().text();
    }
  });
  for (uint32_t i = 1; i <= 25; ++i) {
    ASSERT_EQ(release(record, kWeb, std::to_string(i % 10)), i);
    ASSERT_EQ(release(record, kDb, std::to_string(i % 10)), i);
  }
  upkeep.request_stop();
  upkeep.join();
  bed.expect_sound();
  EXPECT_EQ(bed.git({"rev-list", "--count", "deploy"}), "51\n");
  EXPECT_EQ(bed.open().state()->find(kWeb)->last_number, 25u);
  AuditOptions options;
  options.repository = bed.repository();
  auto report = audit(Ctx{}, options);
  ASSERT_TRUE(report);
  for (const Finding& finding : report->findings)
    EXPECT_TRUE(finding.severity == Severity::kNote || finding.rule == "outcome-missing") << finding.message;
}

}  // namespace
}  // namespace autonomous::store
