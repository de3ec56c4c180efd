// Releases that nobody was allowed to make.
#include "tampering.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace autonomous::store
