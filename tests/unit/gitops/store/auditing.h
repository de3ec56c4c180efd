// What an audit finds in a repository, and a good history to look at.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "bed.h"
#include "gitops/store/audit.h"

namespace autonomous::store {

inline AuditReport audited(const AuditOptions& options) {
  auto report = audit(Ctx{}, options);
  if (!report) ADD_FAILURE() << report.error().text();
  return report ? *std::move(report) : AuditReport{};
}
inline AuditReport audited(const std::string& repository, std::optional<std::string> signers = std::nullopt) {
  AuditOptions options;
  options.repository = repository;
  options.allowed_signers = std::move(signers);
  return audited(options);
}
// The rules that found something other than a note, each once.
inline std::string rules(const AuditReport& report) {
  std::set<std::string> names;
  for (const Finding& finding : report.findings) {
    if (finding.severity != Severity::kNote) names.insert(finding.rule);
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
  return out;
}

class Audits : public ::testing::Test {
 protected:
  void SetUp() override {
    bed_.open();
    release(record(), kWeb, "1");
    finish(kWeb, 1);
    bed_.clock().advance(Millis(10'000));
    Batch batch = batch_of({push_draft(record(), kWeb, "2"), push_draft(record(), kDb, "1")});
    TakeOn taken;
    taken.target = kWeb;
    taken.files = {{application_file(kWeb), "kind: Application\n"}};
    batch.taken = {taken};
    ASSERT_TRUE(record().commit(Ctx{}, batch));
    finish(kWeb, 2);
    finish(kDb, 1);
  }
  Record& record() { return bed_.record(); }
  void finish(const model::Target& target, uint32_t number) {
    Batch batch;
    batch.entries = {outcome_of(target, number)};
    ASSERT_TRUE(record().commit(Ctx{}, batch));
  }
  AuditReport run(std::optional<std::string> signers = std::nullopt) {
    return audited(bed_.repository(), std::move(signers));
  }
  std::string clone(std::string_view name = "clone") { return bed_.clone(name); }
  // Released, and found healthy.
  void release_well(const model::Target& target, const std::string& version) {
    uint32_t number = release(record(), target, version);
    finish(target, number);
    bed_.clock().advance(Millis(10'000));
  }
  // Those of the project: "db/1 web/2 ".
  std::string tags() {
    std::string out = bed_.git({"for-each-ref", "--format=%(refname:lstrip=5)", "refs/tags/release/local/shop"});
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
  }

  Bed bed_;
};

}  // namespace autonomous::store
