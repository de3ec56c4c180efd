// A good history, broken in exactly one way, and the audit finds exactly that. A forger here has the daemon's key where
// a test says so: signatures alone would find nothing then.
#include "forging.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;

TEST_F(Tampering, NothingIsFoundInAGoodHistory) {
  Draft draft = prod_draft("1");
  approve(draft, true);
  commit(draft);
  Draft second = prod_draft("2");
  approve(second);
  commit(second);
  EXPECT_EQ(found(), "") << audit_text(last_);
  EXPECT_EQ(last_.approvals, 2u);
  EXPECT_EQ(last_.signed_approvals, 1u);
  EXPECT_THAT(audit_text(last_), HasSubstr("2 count, of which 1 are signed"));
}

TEST_F(Tampering, AnUnsignedLedgerCommit) {
  Entry hold = entry(EntryType::kHold);
  hold.target = kWeb;
  forge_ledger(kWebLedger, file(kLedger, kWebLedger) + model::format_entry(hold).value(), false);
  EXPECT_EQ(found(), "ledger-signature");
}

TEST_F(Tampering, AChangedLine) {
  std::string text = file(kLedger, kWebLedger);
  text.replace(text.find("Version 1"), 9, "Version X");
  forge_ledger(kWebLedger, text);
  EXPECT_EQ(found(), "ledger-rewritten");
  EXPECT_EQ(last_.findings[0].file, kWebLedger);
  EXPECT_EQ(last_.findings[0].commit, tip(kLedger).hex());
}

TEST_F(Tampering, ARemovedSegment) {
  forge_ledger(kWebLedger, std::nullopt);
  EXPECT_EQ(found(), "ledger-rewritten");
}

TEST_F(Tampering, AMergeInTheLedger) {
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid now = tip(kLedger);
  git::Commit before = repository.commit(now).value();
  git::CommitDraft draft;
  draft.tree = repository.peel_tree(now).value();
  draft.parents = {now, before.parents[0]};
  draft.author = draft.committer = before.committer;
  draft.message = "merge\n";
  git::Oid made = repository.write_commit(draft, [&](std::string_view b) { return bed_.signer().sign(b); }).value();
  ASSERT_TRUE(repository.flush());
  move(kLedger, made);
  EXPECT_EQ(found(), "ledger-rewritten");
}

TEST_F(Tampering, ALineThatIsNoEntry) {
  forge_ledger(kWebLedger, file(kLedger, kWebLedger) + "{\"type\":\"release\"}\n");
  EXPECT_EQ(found(), "ledger-line");
}

TEST_F(Tampering, AnEntryInAnothersFile) {
  Entry hold = entry(EntryType::kHold);
  add_line(kWebLedger, hold);  // of production/shop/web
  EXPECT_EQ(found(), "ledger-line");
}

TEST_F(Tampering, AGapInTheNumbers) {
  // A release 4 that is right in all but its number.
  Draft draft = draft_of(kWeb, "3");
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid tree;
  {
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : draft.files)
      updates.push_back({target_folder(kWeb) + "/" + path, repository.write_blob(content).value()});
    tree = repository.update_tree(repository.peel_tree(tip("deploy")).value(), updates).value();
    ASSERT_TRUE(repository.flush());
  }
  draft.trailers.release = {kWeb, 4};
  draft.trailers.target_tree = repository.entry(tree, target_folder(kWeb)).value().oid.hex();
  std::string block = model::format_trailers(draft.trailers).value();
  git::Oid made = forge(tip("deploy"), tree, "local/shop/web: release 4\n\n" + block);
  move("deploy", made);
  git::TagDraft tag{made, git::ObjectKind::kCommit, "release/local/shop/web/4", repository.commit(made)->committer,
                    block};
  Entry release;
  release.type = EntryType::kRelease;
  release.target = kWeb;
  release.number = 4;
  release.time = bed_.clock().now();
  release.commit = made.hex();
  release.artifact = draft.artifact;
  release.tag = git::tag_bytes(tag, [&](std::string_view b) { return bed_.signer().sign(b); }).value();
  git::Oid tag_oid = repository.write(git::ObjectKind::kTag, release.tag).value();
  ASSERT_TRUE(repository.flush());
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/4", tag_oid.hex()});
  add_line(kWebLedger, release);
  EXPECT_EQ(found(), "number-gap") << audit_text(last_);
}

TEST_F(Tampering, AReleaseWithoutAnOutcome) {
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft_of(kWeb, "3")})));
  release_of(kWeb, "4");
  EXPECT_EQ(found(), "outcome-missing");
  EXPECT_EQ(last_.findings[0].release, 3u);
}

TEST_F(Tampering, TimesThatGoBack) {
  Entry hold = entry(EntryType::kHold);
  hold.target = kWeb;
  git::Oid tree = with_file(kLedger, kWebLedger, file(kLedger, kWebLedger) + model::format_entry(hold).value());
  move(kLedger, forge(tip(kLedger), tree, "hold\n", true, 1'700'000'000));
  EXPECT_EQ(found(), "time-backwards time-implausible");
}

TEST_F(Tampering, AKeyThatNobodySigned) {
  git::Signer other = git::Signer::load_or_make(bed_.path("other")).value();
  Entry key;
  key.type = EntryType::kKey;
  key.time = bed_.clock().now();
  key.key = other.public_line();
  std::string path = "_platform/000001.jsonl";
  forge_ledger(path, file(kLedger, path) + model::format_entry(key).value(), false);
  EXPECT_EQ(found(), "key-unproven ledger-signature");
}

TEST_F(Tampering, ASignatureAfterTheKeysEndOnABackdatedCommit) {
  std::string path = "_platform/000001.jsonl";
  git::Signer next = git::Signer::load_or_make(bed_.path("next")).value();
  Entry key;
  key.type = EntryType::kKey;
  key.time = bed_.clock().now();
  key.key = next.public_line();
  add_line(path, key);
  EXPECT_EQ(found(), "");
  key.key = bed_.signer().public_line();
  key.removed = true;
  add_line(path, key);
  EXPECT_EQ(found(), "") << "the old key's last word";
  Entry hold = entry(EntryType::kHold);
  hold.target = kWeb;
  git::Oid tree = with_file(kLedger, kWebLedger, file(kLedger, kWebLedger) + model::format_entry(hold).value());
  move(kLedger, forge(tip(kLedger), tree, "hold\n", true, std::nullopt));  // dated like the one before
  EXPECT_EQ(found(), "ledger-signature");
}

TEST_F(Tampering, AKeyFromOutsideThatEnded) {
  std::string line = bed_.signer().allowed_signers_line("autonomous@localhost");
  EXPECT_EQ(rules(run(line + "\n")), "");
  size_t at = line.find("namespaces=");
  std::string ended = line.substr(0, at) + "valid-before=\"20261125100005Z\"," + line.substr(at) + "\n";
  std::string found = rules(run(ended));
  EXPECT_THAT(found, HasSubstr("commit-signature"));
  EXPECT_THAT(found, HasSubstr("ledger-signature"));
}

TEST_F(Forging, AFileThatIsWrittenOnce) {
  forge_ledger("README.md", "Nothing to see here.\n");
  EXPECT_EQ(found(), "ledger-rewritten");
  EXPECT_THAT(message("ledger-rewritten"), HasSubstr("a file was changed that is written once"));
}

TEST_F(Forging, ABackdatedReleaseIsFoundAndDoesNotEscapeBySince) {
  bed_.clock().advance(std::chrono::hours(48));
  Time since = bed_.clock().now() - std::chrono::hours(1);
  Forgery forgery{.time = parse_time("2020-01-01T00:00:00Z").value(), .sign_tag = false};
  forge_release(forgery);
  EXPECT_EQ(found(), "tag-signature time-implausible") << text_of(last_);
  AuditReport recent = run_with([&](AuditOptions& options) { options.since = since; });
  EXPECT_EQ(rules(recent), "tag-signature time-implausible") << text_of(recent);
  EXPECT_THAT(recent.proved, ::testing::IsEmpty());
}

TEST_F(Forging, ACommitOfAnotherTimeThanTheLedgersEntry) {
  forge_release({.committed = seconds_now() - 3600});
  EXPECT_EQ(found(), "time-implausible") << text_of(last_);
  EXPECT_THAT(message("time-implausible"), HasSubstr("and its commit 2026-11-25T09:"));
}

TEST_F(Forging, WhatWaitedForTheRemoteIsPlausibleAndAClockMayBeSetByHours) {
  auto judged = [&](std::chrono::hours by) {
    Entry hold = entry(EntryType::kHold);
    hold.target = kWeb;
    hold.time = bed_.clock().now() + by;
    say(hold);
    std::string out = found();
    return out + (last_.ok() ? "" : " NOT whole");
  };
  EXPECT_EQ(judged(std::chrono::hours(-72)), "");
  EXPECT_EQ(judged(std::chrono::hours(12)), "");
  EXPECT_EQ(judged(std::chrono::hours(-24 * 8)), "time-implausible") << "a warning";
  EXPECT_EQ(judged(std::chrono::hours(30)), "time-implausible NOT whole");
}

}  // namespace
}  // namespace autonomous::store
