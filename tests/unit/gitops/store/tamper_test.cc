// A good history, broken in exactly one way, and the audit finds exactly that. A forger here has the daemon's key where
// a test says so: signatures alone would find nothing then.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tampering.h"

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

// ---- the ledger

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

// ---- keys

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

// ---- commits, tags, files

TEST_F(Tampering, ACommitThatIsGone) {
  move("deploy", git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/deploy~1"})))).value());
  EXPECT_EQ(found(), "commit-missing");
}

TEST_F(Tampering, ATagMovedMissingOrStrange) {
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/1", "refs/tags/release/local/shop/web/2"});
  EXPECT_EQ(found(), "tag-moved");
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/1"});
  EXPECT_EQ(found(), "tag-missing");
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/9", "refs/tags/release/local/shop/web/2"});
  EXPECT_EQ(found(), "tag-missing tag-unknown");
}

TEST_F(Tampering, ASecretInPlainText) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/secret-x.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: b\n";
  commit(draft);
  EXPECT_EQ(found(), "plaintext-secret");
}

TEST_F(Tampering, ASecretThatThePlatformAllows) {
  Draft draft = prod_draft("3");
  draft.files["manifests/secret-allowed.yaml"] =
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: allowed\nstringData:\n  a: b\n";
  approve(draft);
  commit(draft);
  EXPECT_EQ(found(), "");
}

TEST_F(Tampering, ImagesThatAreNotInTheManifests) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/deployment.apps-web.yaml"] =
      "kind: Deployment\nspec:\n  containers:\n  - image: evil.example.com/web:1\n";
  commit(draft);
  EXPECT_EQ(found(), "image-elsewhere");
}

TEST_F(Tampering, AReleaseWithoutValues) {
  Draft draft = draft_of(kWeb, "3");
  draft.files.erase("values.yaml");
  commit(draft);
  EXPECT_EQ(found(), "values-yaml");
}

TEST_F(Tampering, InputsThatDisagreeWithTheTrailers) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.source->commit = std::string(40, 'e');
  commit(draft);
  EXPECT_EQ(found(), "release-yaml");
}

TEST_F(Tampering, ARollbackThatIsNone) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.trigger = model::Trigger::kRollback;
  draft.trailers.rollback_of = model::ReleaseId{kWeb, 1};
  commit(draft);
  EXPECT_EQ(found(), "rollback-differs");
}

TEST_F(Tampering, AnOriginThatIsNot) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.retry_of = model::ReleaseId{kWeb, 9};
  commit(draft);
  EXPECT_EQ(found(), "origin-unknown");
  draft = draft_of(kWeb, "4");
  draft.trailers.promoted_from = model::PromotedFrom{{kWeb, 1}, "", ""};  // another artifact
  commit(draft);
  EXPECT_EQ(found(), "origin-unknown");
  EXPECT_EQ(std::count_if(last_.findings.begin(), last_.findings.end(),
                          [](const Finding& one) { return one.severity != Severity::kNote; }),
            2);
}

TEST_F(Tampering, AFileOfAnotherTargetInARelease) {
  git::Oid before = tip("deploy");
  Draft draft = draft_of(kWeb, "3");
  commit(draft);
  // The same release, with something more in it; ledger and tag are made to fit.
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Commit good = repository.commit(tip("deploy")).value();
  git::Oid more = with_file("deploy", "apps/local/shop/db/values.yaml", "evil: true\n");
  git::Oid made = forge(before, more, good.message);
  move("deploy", made);
  EXPECT_EQ(found(), "commit-missing not-taken-in") << "the ledger names another commit";
}

TEST_F(Tampering, AForgedReleaseThatFitsIsARelease) {
  forge_release({});
  EXPECT_EQ(found(), "") << audit_text(last_);  // with the daemon's key: so the tests below find what they mean
}

TEST_F(Tampering, TrailersOfTheCommitThatAreNotThoseOfTheTag) {
  forge_release({.in_commit = [](model::Trailers& trailers) { trailers.because = "another reason"; }});
  EXPECT_EQ(found(), "trailers-differ") << audit_text(last_);
  EXPECT_EQ(last_.findings[0].release, 3u);
}

TEST_F(Tampering, ATagThatNobodySigned) {
  forge_release({.sign_tag = false});
  EXPECT_EQ(found(), "tag-signature") << audit_text(last_);
}

TEST_F(Tampering, ATagThatSaysMoreThanItsTrailers) {
  forge_release({.tag_begins_with = "Approved by everybody.\n\n"});
  EXPECT_EQ(found(), "tag-signature") << audit_text(last_);
}

TEST_F(Tampering, ATagOfAnotherCommit) {
  forge_release({});
  // The tag of release 2, signed and whole, cannot stand for release 3: neither in the ledger nor as the ref.
  std::string second = bed_.git({"rev-parse", "refs/tags/release/local/shop/web/2"});
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/3", std::string(trim(second))});
  EXPECT_EQ(found(), "tag-moved") << audit_text(last_);
}

TEST_F(Tampering, ATargetTreeThatIsAnothersFiles) {
  std::string second = record().state()->find(kWeb)->releases.back()->target_tree.hex();
  forge_release({.in_both = [&](model::Trailers& trailers) { trailers.target_tree = second; }});
  EXPECT_EQ(found(), "target-tree") << audit_text(last_);
}

TEST_F(Tampering, AReleaseThatReachesBeyondItsTarget) {
  forge_release({.more = {{"apps/local/shop/db/values.yaml", "evil: true\n"}}});
  EXPECT_EQ(found(), "beyond-target") << audit_text(last_);
  EXPECT_THAT(last_.findings[0].message, HasSubstr("apps/local/shop/db/values.yaml"));
}

TEST_F(Tampering, AnUnsignedReleaseCommit) {
  git::Oid before = tip("deploy");
  git::Oid ledger = tip(kLedger);
  commit(draft_of(kWeb, "3"));
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Commit good = repository.commit(tip("deploy")).value();
  git::Oid made = forge(before, good.tree, good.message, false);
  move("deploy", made);
  // The ledger and the tag are made to name it.
  auto trailers = model::parse_trailers(good.message).value();
  git::TagDraft tag{made, git::ObjectKind::kCommit, "release/local/shop/web/3", good.committer,
                    model::format_trailers(trailers).value()};
  Entry release;
  release.type = EntryType::kRelease;
  release.target = kWeb;
  release.number = 3;
  release.time = bed_.clock().now();
  release.commit = made.hex();
  release.artifact = "artifact-3";
  release.tag = git::tag_bytes(tag, [&](std::string_view b) { return bed_.signer().sign(b); }).value();
  git::Oid tag_oid = repository.write(git::ObjectKind::kTag, release.tag).value();
  ASSERT_TRUE(repository.flush());
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/3", tag_oid.hex()});
  move(kLedger, ledger);
  add_line(kWebLedger, release);
  EXPECT_EQ(found(), "commit-signature") << audit_text(last_);
}

TEST_F(Tampering, ALinkOnDeploy) {
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid blob = repository.write_blob("/etc/passwd").value();
  git::Oid tree =
      repository.update_tree(repository.peel_tree(tip("deploy")).value(), {{"extra/link", blob, git::Mode::kLink}})
          .value();
  ASSERT_TRUE(repository.flush());
  move("deploy", forge(tip("deploy"), tree, "link\n"));
  EXPECT_EQ(found(), "odd-file");
}

TEST_F(Tampering, AChangeThatNobodyWroteDown) {
  git::Oid tree = with_file("deploy", "apps/local/shop/web/values.yaml", "hot: true\n");
  move("deploy", forge(tip("deploy"), tree, "hotfix\n"));
  EXPECT_EQ(found(), "not-taken-in");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(found(), "");
}

// ---- policy

TEST_F(Tampering, APolicyThatIsNotOnMain) {
  move("main", forge(tip("deploy"), with_file("main", "x", "y\n"), "another main\n"));
  EXPECT_EQ(found(), "policy-unknown");
}

TEST_F(Tampering, APolicyOlderThanTheOneBefore) {
  git::Oid old_main = record().main();
  Draft under_old = draft_of(kWeb, "3");
  git::Oid tree = with_file("main", "config/local/shop/web.yaml", "env: {A: b}\n");
  move("main", forge(tip("main"), tree, "overlay\n"));
  ASSERT_TRUE(record().sync(Ctx{}));
  release_of(kWeb, "4");
  under_old.on_number = 3;
  under_old.on_main = record().main().hex();
  commit(under_old);
  EXPECT_EQ(found(), "policy-older");
  EXPECT_NE(old_main, record().main());
}

TEST_F(Tampering, TooFewApprovals) {
  commit(prod_draft("1"));
  EXPECT_EQ(found(), "approval-missing");
  EXPECT_THAT(last_.findings[0].message, HasSubstr("0 of 1 approvals count; the ledger has no open proposal of it"));
}

TEST_F(Tampering, AnApprovalByTheOneWhoAsked) {
  Draft draft = prod_draft("1");
  Entry proposal = proposal_of(draft);
  say(proposal);
  Entry approval = approval_of(proposal, false);
  approval.by = proposal.by;
  say(approval);
  draft.trailers.approved_by = {model::approved_by(approval)};
  commit(draft);
  EXPECT_EQ(found(), "approval-missing");
  EXPECT_THAT(last_.findings[0].message, HasSubstr("Carl asked for this release"));
}

TEST_F(Tampering, AnApprovalOfSomethingElse) {
  Draft draft = prod_draft("1");
  approve(draft);
  draft.files["values.yaml"] = "replicas: 100\n";  // after the approval
  draft.proposal.clear();
  commit(draft);
  EXPECT_EQ(found(), "approval-missing approval-unknown");
}

TEST_F(Tampering, AnApprovalThatNobodyGave) {
  Draft draft = prod_draft("1");
  approve(draft);
  draft.trailers.approved_by.push_back({"Bob", "bob@example.com", "attested by the daemon: token bob"});
  commit(draft);
  EXPECT_EQ(found(), "approval-unknown");
}

TEST_F(Tampering, AnApprovalWithAForgedSignature) {
  Draft draft = prod_draft("1");
  Entry proposal = proposal_of(draft);
  say(proposal);
  Entry approval = approval_of(proposal, true);
  approval.signature =
      bed_.signer().sign(model::approval_text(proposal, *approval.until), model::kApprovalNamespace).value();
  say(approval);
  draft.trailers.approved_by = {model::approved_by(approval)};
  draft.proposal = proposal.id;
  commit(draft);
  EXPECT_EQ(found(), "approval-missing approval-signature approval-unknown") << audit_text(last_);
}

TEST_F(Tampering, AnApprovalThatExpired) {
  Draft draft = prod_draft("1");
  approve(draft);
  bed_.clock().advance(std::chrono::hours(25));
  commit(draft);
  EXPECT_EQ(found(), "approval-missing");
}

TEST_F(Tampering, AReleaseWithoutATicket) {
  Draft draft = prod_draft("1");
  draft.trailers.ticket = "later";
  approve(draft);
  commit(draft);
  EXPECT_EQ(found(), "ticket-missing");
}

TEST_F(Tampering, AReleaseInAFreezeWindow) {
  bed_.clock().set(parse_time("2026-11-28T12:00:00Z").value());  // a Saturday
  Draft draft = prod_draft("1");
  approve(draft);
  commit(draft);
  EXPECT_EQ(found(), "in-freeze");
}

TEST_F(Tampering, AReleaseInAFreezeThatSomebodyDeclared) {
  Entry freeze = entry(EntryType::kFreeze);
  freeze.target.reset();
  freeze.scope = "production";
  say(freeze);
  Draft draft = prod_draft("1");
  approve(draft);
  draft.past_freeze = true;
  commit(draft);
  EXPECT_EQ(found(), "in-freeze");
}

TEST_F(Tampering, BrokenGlassIsLoud) {
  bed_.clock().set(parse_time("2026-11-28T12:00:00Z").value());
  Entry glass = entry(EntryType::kBreakGlass);
  glass.until = bed_.clock().now() + std::chrono::hours(1);
  say(glass);
  Draft draft = prod_draft("1");
  approve(draft);
  commit(draft);
  EXPECT_EQ(found(), "break-glass");
  EXPECT_TRUE(last_.ok());
}

TEST_F(Tampering, AReleasePastAHold) {
  Entry hold = entry(EntryType::kHold);
  hold.target = kWeb;
  say(hold);
  Draft draft = draft_of(kWeb, "3");
  draft.past_hold = true;
  commit(draft);
  EXPECT_EQ(found(), "past-hold");
}

TEST_F(Tampering, AReleaseOfABadArtifact) {
  Draft draft = draft_of(kWeb, "3");
  Entry bad = entry(EntryType::kMarkBad);
  bad.artifact = "artifact-3";
  commit(draft);
  say(bad);
  release_of(kWeb, "4");
  // A daemon would say Stale: the forger writes another artifact into the draft, and the right one into the ledger.
  EXPECT_EQ(found(), "");
  Draft again = draft_of(kWeb, "3");
  again.artifact = "artifact-x";
  commit(again);
  EXPECT_EQ(found(), "");
  git::Oid ledger = tip(kLedger);
  std::string text = file(kLedger, kWebLedger);
  size_t at = text.find("artifact-x");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 10, "artifact-3");
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  // Two commits ago the line was not there yet (release, then outcome).
  git::Oid parent = git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/" + kLedger + "~2"})))).value();
  git::Oid tree = with_file(kLedger, kWebLedger, text);
  move(kLedger, forge(parent, tree, "forged\n"));
  EXPECT_EQ(found(), "bad-artifact") << audit_text(last_);
  EXPECT_NE(ledger, tip(kLedger));
}

// ---- cut and rewritten

TEST_F(Tampering, ABaselineFindsACutHistory) {
  AuditReport before = run();
  auto sign = [&](std::string_view text) { return lena_->sign(text, kBaselineNamespace); };
  AuditOptions options;
  options.repository = bed_.repository();
  options.baseline = format_baseline(before, bed_.clock().now(), sign).value();
  std::string auditor = lena_->allowed_signers_line("lena@example.com");
  size_t at = auditor.find("\"git\"");
  auditor.replace(at, 5, "\"" + std::string(kBaselineNamespace) + "\"");
  options.allowed_signers = bed_.signer().allowed_signers_line("daemon") + "\n" + auditor + "\n";
  auto judge = [&] {
    auto report = audit(Ctx{}, options);
    EXPECT_TRUE(report) << report.error().text();
    return report ? rules(*report) : "";
  };
  EXPECT_EQ(judge(), "");
  release_of(kWeb, "3");
  EXPECT_EQ(judge(), "") << "it may grow";
  options.baseline = format_baseline(run(), bed_.clock().now(), sign).value();
  // The end is cut off, in all branches and tags: without the baseline nothing is missing.
  move("deploy", git::Oid::parse(before.deploy).value());
  move(kLedger, git::Oid::parse(before.ledger).value());
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/3"});
  EXPECT_EQ(found(), "");
  EXPECT_EQ(judge(), "history-cut");
  options.baseline->replace(options.baseline->find("\"releases\":3"), 12, "\"releases\":2");
  EXPECT_EQ(judge(), "baseline-signature history-cut");
}

TEST_F(Tampering, AWitnessFindsACutHistory) {
  std::string witness = bed_.clone("witness");
  release_of(kWeb, "3");
  AuditOptions options;
  options.repository = bed_.repository();
  options.witness = witness;
  EXPECT_EQ(rules(audit(Ctx{}, options).value()), "");
  bed_.git({"fetch", "-q", "origin"}, witness);
  move("deploy", git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/deploy~1"})))).value());
  move(kLedger, git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/" + kLedger + "~2"})))).value());
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/3"});
  EXPECT_EQ(found(), "");
  EXPECT_EQ(rules(audit(Ctx{}, options).value()), "history-cut");
}

// ---- the evidence

TEST_F(Tampering, TheEvidenceAnswersTheAuditorsQuestions) {
  Draft draft = prod_draft("1");
  draft.trailers.build = model::BuildFact{"https://ci.example.com/7", "success", 12, 0, std::string(64, 'a')};
  draft.trailers.secrets = {{"stripe", "kv/shop", "3"}};
  draft.trailers.because = "=quarter, \"end\"";
  approve(draft, true);
  commit(draft);
  Entry glass = entry(EntryType::kBreakGlass);
  glass.until = bed_.clock().now() + std::chrono::hours(1);
  say(glass);
  Draft emergency = prod_draft("2");
  approve(emergency);
  commit(emergency);
  Time between = bed_.clock().now();
  bed_.clock().advance(std::chrono::hours(1));
  std::string work = bed_.clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  bed_.git({"push", "-q", "origin", "deploy"}, work);
  ASSERT_TRUE(record().sync(Ctx{}));
  say(outcome_of(kWeb, 3));
  AuditOptions options;
  options.repository = bed_.repository();
  options.evidence = true;
  auto all = audit(Ctx{}, options);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->evidence.releases.size(), 5u);
  const ReleaseEvidence& first = all->evidence.releases[2];
  EXPECT_EQ(first.target, "production/shop/web");
  EXPECT_EQ(first.independent, "yes");
  EXPECT_EQ(first.approvals_needed, 1u);
  EXPECT_THAT(first.approved_by.at(0), HasSubstr("(signed SHA256:"));
  EXPECT_EQ(first.ticket, "CHG1");
  EXPECT_EQ(first.build, "https://ci.example.com/7 success tests=12/0 log-sha256:" + std::string(64, 'a'));
  EXPECT_EQ(first.secrets.at(0), "stripe kv/shop v3");
  EXPECT_EQ(first.outcome, "healthy");
  EXPECT_EQ(first.until, all->evidence.releases[3].at);
  EXPECT_THAT(all->evidence.releases[3].emergency, HasSubstr("a reason"));
  EXPECT_FALSE(all->evidence.releases[3].until);
  EXPECT_EQ(all->evidence.releases[4].restores, "local/shop/web/1");
  EXPECT_EQ(all->evidence.policies.size(), 1u);
  EXPECT_EQ(all->evidence.keys.size(), 1u);
  // What ran at a time: the last release of each target before it, whenever that was made.
  options.from = options.to = between;
  auto then = audit(Ctx{}, options);
  ASSERT_TRUE(then);
  std::set<std::string> ran;
  for (const ReleaseEvidence& one : then->evidence.releases) ran.insert(one.target + "/" + std::to_string(one.number));
  EXPECT_EQ(ran, (std::set<std::string>{"local/shop/web/2", "production/shop/web/2"}));
  std::string csv = evidence_csv(*all);
  EXPECT_THAT(csv, HasSubstr("production/shop/web/1,2026-11-25T"));
  EXPECT_THAT(csv, HasSubstr("\"'=quarter, \"\"end\"\"\"")) << "no formula for a spreadsheet";
  auto json = nlohmann::json::parse(evidence_json(*all));
  EXPECT_EQ(json["evidence"].size(), 5u);
  EXPECT_EQ(json["ok"], true);
  std::string html = evidence_html(*all);
  for (int question = 1; question <= 10; ++question)
    EXPECT_THAT(html, HasSubstr("<h2>" + std::to_string(question) + ". "));
  EXPECT_THAT(html, HasSubstr("=quarter, &quot;end&quot;"));
}

// ---- the page about them

TEST(AuditRules, EachHasItsPartOfThePageAndEachPartItsRule) {
  std::string page = read_file(std::string(AUTONOMOUS_SOURCE) + "/gitops/store/AUDIT.md", 1u << 20).value();
  std::set<std::string> parts, rules;
  for (std::string_view line : split(page, '\n')) {
    if (line.starts_with("### ")) parts.emplace(line.substr(4));
  }
  for (const AuditRule& rule : audit_rules()) rules.emplace(rule.name);
  EXPECT_EQ(parts, rules);
}

}  // namespace
}  // namespace autonomous::store
