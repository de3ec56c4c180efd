// A history whose end was cut off: only who saw it before can tell.
#include "tampering.h"

namespace autonomous::store {
namespace {

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

}  // namespace
}  // namespace autonomous::store
