#include "gitops/store/audit.h"

#include <nlohmann/json.hpp>

#include "auditing.h"
#include "gitops/base/text.h"

namespace autonomous::store {
namespace {

TEST_F(Audits, AWholeHistoryIsWhole) {
  AuditReport report = run();
  EXPECT_TRUE(report.ok()) << audit_text(report);
  EXPECT_EQ(report.releases, 3u);
  EXPECT_EQ(report.outcomes, 3u);
  EXPECT_EQ(report.tags, 3u);
  EXPECT_EQ(report.trust.substr(0, 13), "self-asserted");
  EXPECT_NE(audit_text(report).find("The history is whole."), std::string::npos);
}

TEST_F(Audits, APlainCloneIsEnough) {
  AuditReport report = audited(clone());
  EXPECT_TRUE(report.ok()) << audit_text(report);
  EXPECT_EQ(report.releases, 3u);
}

// What is not there must not read as what was never there.
TEST_F(Audits, AClonesHistoryMustBeWhole) {
  std::string origin = "file://" + bed_.repository();
  bed_.git({"config", "uploadpack.allowFilter", "true"});
  bed_.git({"clone", "-q", "--depth", "2", "--no-single-branch", origin, bed_.path("shallow")}, bed_.path(""));
  bed_.git({"clone", "-q", "--filter=blob:none", origin, bed_.path("partial")}, bed_.path(""));
  bed_.git({"clone", "-q", "--bare", "--filter=tree:0", origin, bed_.path("treeless.git")}, bed_.path(""));
  for (auto [name, word] :
       {std::pair{"shallow", "shallow clone"}, {"partial", "partial clone"}, {"treeless.git", "partial clone"}}) {
    AuditOptions options;
    options.repository = bed_.path(name);
    auto report = audit(Ctx{}, options);
    ASSERT_FALSE(report) << name;
    EXPECT_NE(report.error().text().find(word), std::string::npos) << report.error().text();
    auto reader = Reader::open(bed_.path(name));
    ASSERT_FALSE(reader) << name;
    EXPECT_EQ(reader.error().code(), Code::kCorrupt);
  }
  bed_.git({"worktree", "add", "-q", bed_.path("linked"), "origin/deploy"}, bed_.path("shallow"));
  EXPECT_FALSE(Reader::open(bed_.path("linked")));
  // As the hint says.
  bed_.git({"fetch", "-q", "--unshallow", "--tags"}, bed_.path("shallow"));
  AuditReport report = audited(bed_.path("shallow"));
  EXPECT_TRUE(report.ok()) << audit_text(report);
}

TEST_F(Audits, KeysFromOutsideAnchorIt) {
  AuditReport report = run(bed_.signer().allowed_signers_line("autonomous@localhost") + "\n");
  EXPECT_TRUE(report.ok()) << audit_text(report);
  EXPECT_EQ(report.trust.substr(0, 8), "anchored");
  auto other = git::Signer::load_or_make(bed_.path("other-key")).value();
  report = run(other.allowed_signers_line("somebody") + "\n");
  EXPECT_FALSE(report.ok());
  EXPECT_NE(rules(report).find("commit-signature"), std::string::npos);
  EXPECT_NE(rules(report).find("key-unproven"), std::string::npos);
  EXPECT_NE(rules(report).find("ledger-signature"), std::string::npos);
  EXPECT_NE(rules(report).find("tag-signature"), std::string::npos);
}

TEST_F(Audits, RollbacksAndDriftArePastThePlatformButKnown) {
  std::string work = clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  ASSERT_TRUE(write_file(work + "/apps/local/shop/db/values.yaml", "hot: true\n"));
  bed_.git({"commit", "-qam", "hotfix"}, work);
  bed_.git({"push", "-q", "origin", "deploy"}, work);
  AuditReport early = run();
  EXPECT_EQ(rules(early), "not-taken-in");
  EXPECT_TRUE(early.ok());
  ASSERT_TRUE(record().sync(Ctx{}));
  finish(kWeb, 3);
  AuditReport report = run();
  EXPECT_EQ(rules(report), "") << audit_text(report);
  ASSERT_EQ(report.foreign.size(), 2u);
  std::string all = report.foreign[0].line() + report.foreign[1].line();
  EXPECT_NE(all.find("taken over as release 3"), std::string::npos) << all;
  EXPECT_NE(all.find("local/shop/db: changed past the platform"), std::string::npos) << all;
  release(record(), kDb, "2");
  EXPECT_TRUE(run().ok());
}

TEST_F(Audits, AMergeOfOthersIsUnderstood) {
  std::string work = clone();
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  release(record(), kDb, "2");
  finish(kDb, 2);
  bed_.git({"pull", "-q", "--no-rebase", "--no-edit", "origin", "deploy"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  ASSERT_TRUE(record().sync(Ctx{}));
  finish(kWeb, 3);
  AuditReport report = run();
  EXPECT_EQ(rules(report), "") << audit_text(report);
  EXPECT_EQ(report.foreign.size(), 1u);
}

TEST_F(Audits, AChangedLedgerIsFound) {
  std::string work = clone();
  bed_.git({"checkout", "-q", "autonomous/ledger/deploy"}, work);
  std::string file = work + "/local/shop/web/000001.jsonl";
  std::string text = read_file(file).value();
  size_t at = text.find("healthy");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 7, "failed\"");
  text.erase(at + 7, 1);
  ASSERT_TRUE(write_file(file, text));
  bed_.git({"commit", "-qam", "better"}, work);
  bed_.git({"push", "-q", "origin", "HEAD"}, work);
  AuditReport report = run();
  EXPECT_EQ(rules(report), "ledger-rewritten ledger-signature") << audit_text(report);
  EXPECT_EQ(report.findings[0].commit, report.ledger);
}

TEST_F(Audits, ARewoundBranchIsFound) {
  bed_.git({"update-ref", "refs/heads/deploy", "deploy~1"});
  AuditReport report = run();
  EXPECT_FALSE(report.ok());
  EXPECT_NE(rules(report).find("commit-missing"), std::string::npos);
}

TEST_F(Audits, AForgedReleaseIsNoRelease) {
  std::string work = clone();
  ASSERT_TRUE(write_file(work + "/apps/local/shop/web/values.yaml", "evil: true\n"));
  bed_.git(
      {"commit", "-qam",
       "local/shop/web: release 3\n\nRelease: local/shop/web/3\nTrigger: push\nTarget-Tree: " + std::string(40, 'a')},
      work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  EXPECT_EQ(rules(run()), "not-taken-in");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 2u);
  EXPECT_TRUE(run().ok());
}

TEST_F(Audits, AForeignApplicationIsFound) {
  std::string work = clone();
  ASSERT_TRUE(write_file(work + "/argocd/local/shop/web.yaml", "kind: Application\nevil: true\n"));
  bed_.git({"commit", "-qam", "tune"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  EXPECT_EQ(rules(run()), "unrecorded-change");
  ASSERT_TRUE(record().sync(Ctx{}));
  release(record(), kWeb, "3");
  EXPECT_EQ(rules(run()), "unrecorded-change");
  bed_.git({"pull", "-q", "--rebase", "origin", "deploy"}, work);
  ASSERT_TRUE(write_file(work + "/argocd/local/shop/web.yaml", "kind: Application\n"));
  bed_.git({"commit", "-qam", "sorry"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  AuditReport report = run();
  EXPECT_EQ(rules(report), "");
  EXPECT_EQ(report.foreign.size(), 2u);  // still listed
}

TEST_F(Audits, SecretsAndMissingOutcomesAreFound) {
  Draft draft = push_draft(record(), kWeb, "3");
  draft.files["manifests/secret-x.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: b\n";
  draft.files["manifests/externalsecret.x-y.yaml"] = "kind: ExternalSecret\nspec:\n  data:\n  - a\n";
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft})));
  AuditReport report = run();
  EXPECT_EQ(rules(report), "plaintext-secret");
  ASSERT_EQ(report.findings[0].file, "apps/local/shop/web/manifests/secret-x.yaml");
  release(record(), kWeb, "4");
  EXPECT_EQ(rules(run()), "outcome-missing plaintext-secret");
}

TEST_F(Audits, InputsThatDisagreeAreFound) {
  Draft draft = push_draft(record(), kWeb, "3");
  draft.trailers.images = {{"web", "registry.example.com/other@sha256:" + std::string(64, 'f')}};
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft})));
  EXPECT_EQ(rules(run()), "release-yaml");
}

TEST_F(Audits, APolicyMustBeOnMain) {
  auto blob = record().repository().entry(record().main(), "platform.yaml").value().oid.hex();
  Draft draft = push_draft(record(), kWeb, "3");
  draft.trailers.policy = model::PolicyFact{record().main().hex(), blob};
  ASSERT_TRUE(std::holds_alternative<Released>(record().commit(Ctx{}, batch_of({draft})).value().drafts[0]));
  EXPECT_EQ(rules(run()), "");
  bed_.git({"update-ref", "refs/heads/main", "deploy"});
  EXPECT_EQ(rules(run()), "policy-unknown");
}

TEST_F(Audits, TheReportIsJsonAndSarif) {
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/1"});
  AuditReport report = run();
  auto json = nlohmann::json::parse(audit_json(report));
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["findings"][0]["rule"], "tag-missing");
  EXPECT_EQ(json["findings"][0]["release"], 1);
  auto sarif = nlohmann::json::parse(audit_sarif(report));
  EXPECT_EQ(sarif["version"], "2.1.0");
  EXPECT_EQ(sarif["runs"][0]["results"][0]["ruleId"], "tag-missing");
  for (const Finding& finding : report.findings) EXPECT_FALSE(finding.remedy.empty()) << finding.rule;
}

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
