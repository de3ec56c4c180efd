#include "gitops/store/evidence.h"

#include <nlohmann/json.hpp>

#include "forging.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;

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

TEST_F(Forging, TheEvidenceHasConfigurationsFailuresAndTimes) {
  std::string text = "env: {A: b}\n";
  bed_.clock().advance(std::chrono::hours(1));
  git::Oid main = push_overlay(text);
  commit(configured(kWeb, "3", main, blob_of(text)));
  release_of(kWeb, "4");
  Draft back = draft_of(kWeb, "3");
  back.files.clear();
  back.restore = 3;
  back.trailers.trigger = model::Trigger::kRollback;
  back.trailers.input_digest = record().state()->find(kWeb)->find(3)->input_digest;
  commit(back);
  Entry failed = entry(EntryType::kFailed);
  failed.target = kWeb;
  failed.step = "render";
  failed.reason = "line 3: no such value";
  failed.source = model::SourceFact{"https://git.example.com/shop.git", std::string(40, 'c'), "refs/heads/main"};
  say(failed);
  Time before = bed_.clock().now();
  bed_.clock().advance(std::chrono::hours(1));
  hotfix("apps/local/shop/web/values.yaml", "hot: true\n", "hotfix");
  ASSERT_TRUE(record().sync(Ctx{}));
  AuditReport all = run_with([](AuditOptions& options) { options.evidence = true; });
  ASSERT_EQ(all.evidence.releases.size(), 5u);
  EXPECT_EQ(all.evidence.releases[2].config_commit, main.hex());
  EXPECT_EQ(all.evidence.releases[2].config_overlay, blob_of(text));
  EXPECT_EQ(all.evidence.releases[2].build, "not known: no build by the platform");
  ASSERT_EQ(all.evidence.policies.size(), 2u);
  EXPECT_EQ(all.evidence.policies[0].commit, main.hex());
  EXPECT_EQ(all.evidence.policies[0].files, std::vector<std::string>{"config/local/shop/web.yaml"});
  ASSERT_EQ(all.evidence.failed.size(), 1u);
  EXPECT_EQ(all.evidence.failed[0].reason, "line 3: no such value");
  ASSERT_EQ(all.foreign.size(), 1u);
  EXPECT_EQ(all.foreign[0].target, "local/shop/web");
  std::string html = evidence_html(all);
  for (const std::string& word :
       {"that of local/shop/web/3 again: commit of main " + main.hex(),
        std::string("not known: release.yaml names none"), std::string("<td>config/local/shop/web.yaml</td>"),
        std::string("<td>line 3: no such value</td>"), std::string("<td>not known: no build by the platform</td>")})
    EXPECT_THAT(html, HasSubstr(word));
  std::string csv = evidence_csv(all), json = evidence_json(all);
  EXPECT_THAT(csv, HasSubstr("," + main.hex() + ","));
  EXPECT_THAT(json, HasSubstr("\"config_overlay\": \"" + blob_of(text) + "\""));
  EXPECT_THAT(json, HasSubstr("\"reason\": \"line 3: no such value\""));
  AuditReport early = run_with([&](AuditOptions& options) {
    options.evidence = true;
    options.to = before;
  });
  EXPECT_EQ(early.foreign.size(), 0u) << "made after the span";
  EXPECT_EQ(early.evidence.failed.size(), 1u);
  AuditReport late = run_with([&](AuditOptions& options) {
    options.evidence = true;
    options.from = before;
  });
  EXPECT_EQ(late.foreign.size(), 1u);
  EXPECT_EQ(late.evidence.failed.size(), 0u);
  EXPECT_EQ(late.evidence.policies.size(), 0u);
}

}  // namespace
}  // namespace autonomous::store
