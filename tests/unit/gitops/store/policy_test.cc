// A weaker platform.yaml: what is in force, by git alone, and what an audit says of a release under it.
#include "gitops/store/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bed.h"
#include "gitops/store/audit.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string platform(const std::string& approvals) {
  return "version: 1\nroles:\n  approver: {can: [approve], members: [user:lena, user:olga, user:otto]}\nenvironments:\n"
         "  local: {from: branch main, approvals: {" +
         approvals + "}, rollback: {approvals: 0}}\n";
}
const std::string kTwo = platform("count: 2, from: approver");
const std::string kOne = platform("count: 1, from: approver");
const std::string kNone = platform("count: 0");
const std::string kApart = platform("count: 1, from: approver, not: [author]");

class Policies : public ::testing::Test {
 protected:
  void SetUp() override {
    RecordConfig config = bed_.config();
    config.platform_yaml = kTwo;
    bed_.open(std::move(config));
    tell(bed_.record().main());  // what the ledger knows before the first release, by a release of the policy
    ASSERT_EQ(in_force().commit, record().main());
  }
  Record& record() { return bed_.record(); }
  git::Oid push_main(const std::string& text, const std::string& author = "Jane Doe") {
    MainChange change;
    change.file = "platform.yaml";
    change.edit = [&](const std::string&) { return std::optional(text); };
    change.author = {author, author.substr(0, author.find(' ')) + "@example.com", std::nullopt};
    change.message = "Change the platform\n";
    auto done = record().change_main(Ctx{}, change);
    EXPECT_TRUE(done && *done) << (done ? "the same" : done.error().text());
    EXPECT_TRUE(record().sync(Ctx{}));
    return done && *done ? **done : git::Oid();
  }
  PolicyInForce in_force() {
    StatePtr state = record().state();
    auto found = policy_in_force(record().repository(), state->policy, record().main(), state->platform);
    EXPECT_TRUE(found) << (found ? "" : found.error().text());
    return found ? *found : PolicyInForce{};
  }
  void say(Entry entry) {
    Batch batch;
    batch.entries = {std::move(entry)};
    auto done = record().commit(Ctx{}, std::move(batch));
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_FALSE(done->entries) << done->entries->text();
    bed_.clock().advance(Millis(1000));
  }
  void approve(const PolicyQuestion& question, const std::string& name) {
    Entry entry;
    entry.type = EntryType::kApprove;
    entry.scope = question.proposal.scope;
    entry.id = question.proposal.id;
    entry.tree = question.proposal.tree;
    entry.role = "approver";
    entry.by = model::Who{name, name + "@example.com", "token " + name};
    entry.until = bed_.clock().now() + std::chrono::hours(1);
    say(std::move(entry));
  }
  // A rollback (which asks for nobody's approval) that names this commit's policy.
  void tell(const git::Oid& main) {
    std::string version = std::to_string(++version_);
    Draft draft = push_draft(record(), kWeb, version);
    draft.trailers.trigger = model::Trigger::kRollback;
    draft.trailers.policy =
        model::PolicyFact{main.hex(), record().repository().entry(main, "platform.yaml").value().oid.hex()};
    draft.on_main = record().main().hex();
    auto done = record().commit(Ctx{}, batch_of({draft}));
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_TRUE(std::holds_alternative<Released>(done->drafts[0]));
  }
  // What the audit says of it.
  std::vector<std::string> weakened() {
    AuditOptions options;
    options.repository = bed_.repository();
    std::vector<std::string> out;
    auto report = audit(Ctx{}, options);
    EXPECT_TRUE(report) << (report ? "" : report.error().text());
    for (const Finding& finding : report->findings) {
      EXPECT_NE(finding.rule, "policy-unknown") << finding.message;
      if (finding.rule == "policy-weakened") out.push_back(finding.message);
    }
    return out;
  }

  Bed bed_;
  int version_ = 0;
};

TEST_F(Policies, AStricterOneIsInForceAtOnce) {
  git::Oid stricter = push_main(platform("count: 3, from: approver"));
  EXPECT_EQ(in_force().commit, stricter);
  EXPECT_TRUE(in_force().questions.empty());
}

TEST_F(Policies, AWeakerOneWaitsForTheApprovalsOfTheOneBefore) {
  git::Oid before = record().main();
  git::Oid weaker = push_main(kNone);
  PolicyInForce waits = in_force();
  EXPECT_EQ(waits.commit, before);
  ASSERT_EQ(waits.questions.size(), 1u);
  EXPECT_THAT(waits.questions[0].weaker,
              ElementsAre("approvals.count is 0 instead of 2", "approvals.from allows everything"));
  EXPECT_EQ(waits.questions[0].proposal.commit, weaker.hex());
  say(waits.questions[0].proposal);
  approve(waits.questions[0], "lena");
  approve(waits.questions[0], "lena");  // said twice is one person
  ASSERT_EQ(in_force().questions.size(), 1u);
  EXPECT_EQ(in_force().questions[0].counting.size(), 1u);
  approve(waits.questions[0], "olga");
  EXPECT_EQ(in_force().commit, weaker);
  bed_.clock().advance(std::chrono::hours(24 * 365));  // it stays so, although the approvals have ended
  EXPECT_EQ(in_force().commit, weaker);
  tell(weaker);
  EXPECT_TRUE(weakened().empty());
}

TEST_F(Policies, AReleaseUnderAnUnapprovedOneIsFound) {
  git::Oid weaker = push_main(kOne);
  approve(in_force().questions[0], "lena");
  tell(weaker);
  ASSERT_EQ(weakened().size(), 1u);
  EXPECT_THAT(weakened()[0], HasSubstr("approvals.count is 1 instead of 2), and 1 of 2 approvals count"));
  tell(weaker);  // said once, where it began
  EXPECT_EQ(weakened().size(), 1u);
}

TEST_F(Policies, AnApprovalIsOfOneStepOnly) {
  push_main(kNone);
  PolicyQuestion first = in_force().questions[0];
  approve(first, "lena");
  approve(first, "olga");
  ASSERT_TRUE(in_force().questions.empty());
  git::Oid strict = push_main(platform("count: 3, from: approver"));
  EXPECT_EQ(in_force().commit, strict);
  push_main(kNone);  // approved before, from another one
  ASSERT_EQ(in_force().questions.size(), 1u);
  EXPECT_NE(in_force().questions[0].proposal.id, first.proposal.id);
  push_main(platform("count: 3, from: approver"));  // taken back
  EXPECT_TRUE(in_force().questions.empty());
}

TEST_F(Policies, ADetourDoesNotLaunderIt) {
  std::string gone = "version: 1\nenvironments:\n  other: {from: branch main}\n";
  push_main(gone);
  EXPECT_EQ(in_force().questions.size(), 1u);
  git::Oid weaker = push_main(kNone);
  EXPECT_EQ(in_force().questions.size(), 1u);
  push_main("version: [broken\n");
  EXPECT_EQ(in_force().questions.size(), 1u);
  EXPECT_EQ(in_force().questions[0].proposal.commit, weaker.hex());
  tell(weaker);
  EXPECT_EQ(weakened().size(), 1u);
}

TEST_F(Policies, GoingBackToAnOlderOneIsAChangeToo) {
  git::Oid two = record().main();
  git::Oid three = push_main(platform("count: 3, from: approver"));
  tell(three);
  tell(two);
  EXPECT_THAT(weakened(), ElementsAre(HasSubstr("approvals.count is 2 instead of 3")));
}

TEST_F(Policies, WhereOthersAreWantedTheFirstToAgreeIsTheOneWhoAsks) {
  git::Oid apart = push_main(kApart);
  PolicyInForce waits = in_force();  // from two to one, with separation: weaker by the count
  ASSERT_EQ(waits.questions.size(), 1u);
  approve(waits.questions[0], "lena");
  approve(waits.questions[0], "olga");
  ASSERT_EQ(in_force().commit, apart);
  tell(apart);
  git::Oid none = push_main(kNone, "otto");
  PolicyQuestion question = in_force().questions.at(0);
  approve(question, "lena");
  ASSERT_EQ(in_force().questions.size(), 1u);
  EXPECT_TRUE(in_force().questions[0].counting.empty());
  approve(question, "otto");  // the commit's author, by what it says
  ASSERT_EQ(in_force().questions.size(), 1u);
  EXPECT_TRUE(in_force().questions[0].counting.empty());
  approve(question, "olga");
  EXPECT_EQ(in_force().commit, none);
}

TEST_F(Policies, AnApprovalThatNobodySignedIsAsTheLedgerSaysAndAForgedSignatureIsFound) {
  git::Oid weaker = push_main(kOne);
  PolicyQuestion question = in_force().questions[0];
  approve(question, "lena");
  Entry forged;
  forged.type = EntryType::kApprove;
  forged.scope = "local";
  forged.id = question.proposal.id;
  forged.tree = question.proposal.tree;
  forged.role = "approver";
  forged.by = model::Who{"olga", "olga@example.com", "signed SHA256:forged"};
  forged.signature = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
  forged.until = bed_.clock().now() + std::chrono::hours(1);
  say(forged);
  tell(weaker);
  EXPECT_EQ(weakened().size(), 1u);
}

TEST(PolicyScope, IsAnEnvironmentsPlatformFile) {
  EXPECT_EQ(policy_scope("production/platform.yaml"), "production");
  EXPECT_EQ(policy_scope("production/shop/web"), "");
  EXPECT_EQ(policy_scope("platform.yaml"), "");
}

}  // namespace
}  // namespace autonomous::store
