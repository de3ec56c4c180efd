// What was said of a target, packed.
#include "gitops/store/said.h"

#include <gtest/gtest.h>

#include "bed.h"
#include "gitops/base/digest.h"

namespace autonomous::store {
namespace {

using model::EntryType;

std::string digest(const std::string& text) { return "sha256:" + sha256_hex(text); }

// Entry i of an approved release: what was proposed, and who agreed.
Said said_at(uint32_t i) {
  std::string release = std::to_string(i / 2);
  Said said{3 * i, {}};
  model::Entry& entry = said.entry;
  entry.type = i % 2 == 0 ? EntryType::kPropose : EntryType::kApprove;
  entry.time = parse_time("2026-11-23T20:00:00Z").value() + std::chrono::minutes(i);
  entry.target = kWeb;
  entry.id = digest("id " + release).substr(7, 12);
  entry.artifact = digest("artifact " + release);
  entry.input_digest = digest("input " + release);
  entry.tree = git::hash_object(git::ObjectKind::kBlob, "tree " + release).hex();
  entry.by = model::Who{"Carl Developer", "carl@example.com", "oidc https://sso.example.com carl"};
  if (i % 2 == 1) {
    entry.by = model::Who{"Lena Lead", "lena@example.com", "oidc https://sso.example.com lena"};
    entry.role = "approver";
    entry.until = entry.time + std::chrono::hours(24);
    return said;
  }
  entry.trigger = model::Trigger::kPromotion;
  entry.source =
      model::SourceFact{"https://git.example.com/acme/shop.git",
                        git::hash_object(git::ObjectKind::kBlob, "source " + release).hex(), "refs/heads/main"};
  entry.subject = "Change the shop for the " + release + ". time";
  entry.author = "Jane Doe <jane@example.com>";
  entry.origin = "staging/shop/web/" + std::to_string(i / 2 + 1);
  return said;
}

void expect_same(const Statements& statements, uint32_t count) {
  ASSERT_EQ(statements.size(), count);
  Statements::Reader reader(statements);
  for (uint32_t i = 0; i < count; ++i) {
    Said wanted = said_at(i);
    EXPECT_EQ(statements.head(i).line, wanted.line);
    EXPECT_EQ(statements.head(i).time, wanted.entry.time);
    EXPECT_EQ(statements.head(i).type, wanted.entry.type);
    EXPECT_EQ(statements.head(i).source.is_zero(), i % 2 == 1);
    ASSERT_EQ(reader.entry(i), wanted.entry) << i;
  }
}

TEST(Said, IsWhatWasPutInAndCopiesStayAsTheyWere) {
  Statements statements;
  EXPECT_TRUE(statements.empty());
  std::vector<Statements> copies;
  for (uint32_t i = 0; i < 150; ++i) {
    ASSERT_TRUE(statements.push_back(said_at(i)));
    if (i % 7 == 0) statements.pack();
    copies.push_back(statements);
  }
  expect_same(statements, 150);
  for (uint32_t i : {0u, 6u, 31u, 32u, 63u, 100u}) expect_same(copies[i], i + 1);
  EXPECT_EQ(statements[149].entry, said_at(149).entry);
  EXPECT_EQ(statements[149].line, 447u);
  EXPECT_EQ(statements.before(0), 0u);
  EXPECT_EQ(statements.before(300), 100u);
  EXPECT_EQ(statements.before(301), 101u);
  EXPECT_EQ(statements.before(9999), 150u);
  // Another's, as they are.
  Statements other;
  Statements::Reader reader(statements);
  for (size_t i = 0; i < 40; ++i) other.copy_from(statements, i, reader);
  expect_same(other, 40);
}

TEST(Said, IsTheSameHoweverItCame) {
  Statements at_once, one_by_one;
  for (uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(at_once.push_back(said_at(i)));
    ASSERT_TRUE(one_by_one.push_back(said_at(i)));
    one_by_one.pack();
  }
  at_once.pack();
  std::string bytes, others;
  at_once.write(bytes);
  one_by_one.write(others);
  EXPECT_EQ(bytes, others);
  auto owner = std::make_shared<const std::string>(bytes);
  auto read = Statements::read(*owner, owner);
  ASSERT_TRUE(read) << read.error().text();
  expect_same(*read, 100);
  ASSERT_TRUE(read->push_back(said_at(100)));
  read->pack();
  expect_same(*read, 101);
  for (size_t cut = 0; cut < bytes.size(); cut += 11)
    EXPECT_FALSE(Statements::read(std::string_view(bytes).substr(0, cut), owner)) << cut;
}

TEST(Said, AnApprovedReleaseTakesFewBytes) {
  constexpr uint32_t kReleases = 5000;
  Statements statements;
  for (uint32_t i = 0; i < 2 * kReleases; ++i) ASSERT_TRUE(statements.push_back(said_at(i)));
  statements.pack();
  std::string bytes;
  statements.write(bytes);
  EXPECT_LT(bytes.size() / kReleases, 400u) << "its two lines of the ledger are 1,100";
}

TEST(Said, WhatCannotStandInALedgerIsRefused) {
  Statements statements;
  Said said = said_at(0);
  said.entry.because = "\xff";
  EXPECT_FALSE(statements.push_back(said));
  EXPECT_TRUE(statements.empty());
}

}  // namespace
}  // namespace autonomous::store
