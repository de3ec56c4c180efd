#include "gitops/store/record.h"

#include <gtest/gtest.h>

#include <thread>

#include "auditing.h"
#include "bed.h"

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
  AuditReport report = audited(bed.repository());
  for (const Finding& finding : report.findings)
    EXPECT_TRUE(finding.severity == Severity::kNote || finding.rule == "outcome-missing") << finding.message;
}

}  // namespace
}  // namespace autonomous::store
