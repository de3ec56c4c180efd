#include "gitops/model/approval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kPlatform = R"(version: 1
projects: {shop: {owners: [group:shop, user:olga]}}
roles:
  developer: [deploy, retry]
  approver: {can: [approve], members: [group:leads, user:lena, token:robot], environments: [production]}
  boss: {can: [admin], members: [user:boss]}
people:
  jane: {name: Jane Doe, email: jane@example.com}
  lena: {name: Lena Lead, email: lena@example.com, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f lena"]}
environments:
  staging: {from: branch main}
  production: {from: staging, approvals: {count: 1, from: approver, not: [author, requester], expires: 12h}}
)";

class Approving : public ::testing::Test {
 protected:
  Approving() {
    auto parsed = parse_platform(kPlatform);
    EXPECT_TRUE(parsed) << parsed.error().text();
    platform_ = std::move(*parsed.value);
    now_ = *parse_time("2026-11-25T12:00:00Z");
  }
  static Identity user(const std::string& login, std::vector<std::string> groups = {}) {
    return {Who{login, login + "@host", "socket uid 1"}, login, "", std::move(groups)};
  }
  static Identity token(const std::string& name) { return {Who{name, "", "token " + name}, "", name, {}}; }
  Entry approval(const Who& by, const std::string& role = "approver") const {
    Entry entry;
    entry.type = EntryType::kApprove;
    entry.by = by;
    entry.role = role;
    entry.until = now_ + std::chrono::hours(1);
    return entry;
  }
  std::string trouble(const Entry& entry, const Responsible& responsible) const {
    return approval_trouble(platform_, platform_.environments.at("production").approvals, responsible, entry, now_);
  }

  Platform platform_;
  Time now_;
  Who jane_{"Jane Doe", "jane@example.com", "commit, unverified"};
  Who pusher_{"jane", "jane@host", "pusher uid 1000"};
  Who lena_{"Lena Lead", "lena@example.com", "socket uid 1001"};
  Who carl_{"Carl", "carl@host", "socket uid 1002"};
};

TEST_F(Approving, ExpiresIsReadAndHasADefault) {
  EXPECT_EQ(platform_.environments.at("production").approvals.expires, Millis(12 * 3'600'000));
  EXPECT_EQ(platform_.environments.at("staging").approvals.expires, Millis(7 * 24 * 3'600'000));
}

TEST_F(Approving, RolesComeFromMembersOrFromTheGroupOfTheirName) {
  EXPECT_THAT(roles_for(platform_, "deploy", "staging", "", user("dan", {"developer"})), ElementsAre("developer"));
  EXPECT_THAT(roles_for(platform_, "deploy", "staging", "", user("dan", {"sales"})), IsEmpty());
  EXPECT_THAT(roles_for(platform_, "approve", "production", "", user("lena")), ElementsAre("approver"));
  EXPECT_THAT(roles_for(platform_, "approve", "production", "", token("robot")), ElementsAre("approver"));
  EXPECT_THAT(roles_for(platform_, "approve", "staging", "", user("lena")), IsEmpty()) << "of production only";
  EXPECT_THAT(roles_for(platform_, "approve", "production", "", user("x", {"approver"})), IsEmpty())
      << "where members are named, the group of the role's name is not one";
  EXPECT_THAT(roles_for(platform_, "freeze", "staging", "", user("boss")), ElementsAre("boss"));
  EXPECT_THAT(roles_for(platform_, "rollback", "staging", "shop", user("olga")), ElementsAre("owner"));
  EXPECT_THAT(roles_for(platform_, "approve", "production", "shop", user("olga")), IsEmpty());
  EXPECT_FALSE(may(platform_, "promote", "production", "shop", user("dan", {"developer"})));
}

TEST_F(Approving, WithoutRolesEverybodyWhoGetsHereMay) {
  platform_.roles.clear();
  EXPECT_TRUE(may(platform_, "break-glass", "production", "shop", user("dan")));
}

TEST_F(Approving, OnePersonHasSeveralNames) {
  EXPECT_TRUE(same_person(platform_, jane_, {"J.", "JANE@example.com", ""}));
  EXPECT_TRUE(same_person(platform_, jane_, pusher_)) << "platform.yaml says that the login jane is jane@example.com";
  EXPECT_TRUE(same_person(platform_, jane_, {"jane", "", "token jane"}));
  EXPECT_TRUE(same_person(platform_, {"A", "", "token x"}, {"B", "", "token x"}));
  EXPECT_FALSE(same_person(platform_, {"A", "", "commit, unverified"}, {"B", "", "commit, unverified"}));
  EXPECT_FALSE(same_person(platform_, jane_, lena_));
}

TEST_F(Approving, SeparationOfDuties) {
  Responsible by_carl{jane_, {pusher_}, carl_};
  EXPECT_EQ(trouble(approval(lena_), by_carl), "");
  EXPECT_THAT(trouble(approval(carl_), by_carl), HasSubstr("asked for this release"));
  EXPECT_THAT(trouble(approval({"Jane Doe", "jane@example.com", "socket uid 7"}), by_carl), HasSubstr("is the author"));
  EXPECT_THAT(trouble(approval(pusher_), by_carl), HasSubstr("is the author")) << "by another of her names";
  // A false author does not help: who pushed it is known.
  Responsible disguised{Who{"Mallory", "m@example.com", "commit, unverified"}, {lena_}, carl_};
  EXPECT_THAT(trouble(approval(lena_), disguised), HasSubstr("brought the source commit in"));
}

TEST_F(Approving, WhatACommitSaysNeverSatisfiesIt) {
  EXPECT_THAT(trouble(approval(jane_), {std::nullopt, {}, carl_}), HasSubstr("nobody knows who gave it"));
  Responsible unknown{jane_, {}, jane_};  // polled from a host: only the commit speaks
  EXPECT_THAT(trouble(approval(lena_), unknown), HasSubstr("nobody but Lena Lead is known to stand for it"));
  platform_.environments["production"].approvals.without = {"author"};
  EXPECT_THAT(trouble(approval(carl_), {jane_, {}, carl_}), HasSubstr("nobody but Carl")) << "his own word for hers";
  EXPECT_EQ(trouble(approval(lena_), {jane_, {}, carl_}), "");
}

TEST_F(Approving, OfWhatCameWithMainTheFirstToAgreeStandsForIt) {
  // Olaf's commit on main says so itself; the source's author is Jane.
  Who olaf{"Olaf", "olaf@example.com", "commit, unverified"}, known{"Olaf", "olaf@example.com", "socket uid 7"};
  Who olga{"Olga", "olga@example.com", "socket uid 8"};
  Responsible changed{jane_, {}, olaf};
  changed.from_main = true;
  auto& policy = platform_.environments["production"].approvals;
  auto counting = [&](const std::vector<Entry>& all) {
    std::string names;
    for (const Entry& one : counting_approvals(platform_, policy, changed, all, now_)) names += one.by->name + " ";
    return names;
  };
  EXPECT_EQ(counting({approval(lena_)}), "") << "a commit's word for another is anybody's to write";
  EXPECT_EQ(counting({approval(lena_), approval(lena_)}), "");
  EXPECT_EQ(counting({approval(lena_), approval(olga)}), "Olga ");
  EXPECT_EQ(counting({approval(lena_), approval(olga), approval(carl_)}), "Olga Carl ");
  // Who changed main, and the source's author, neither count nor stand for it.
  EXPECT_EQ(counting({approval(known), approval(lena_)}), "");
  EXPECT_EQ(counting({approval(pusher_), approval(lena_)}), "");
  EXPECT_EQ(counting({approval(known), approval(lena_), approval(olga)}), "Olga ");
  EXPECT_THAT(trouble(approval(known), changed), HasSubstr("Olaf changed the configuration"));
  EXPECT_EQ(trouble(approval(lena_), changed), "") << "she may be the first";
  Responsible stood = with_stand(platform_, policy, changed, {approval(known), approval(lena_)}, now_);
  ASSERT_TRUE(stood.stands_for);
  EXPECT_EQ(*stood.stands_for, lena_);
  EXPECT_THAT(trouble(approval(lena_), stood), HasSubstr("held to be the one who asks"));
  policy.without = {"requester"};
  EXPECT_EQ(counting({approval(known), approval(lena_)}), "");
  EXPECT_EQ(counting({approval(lena_), approval(olga)}), "Olga ");
  policy.without = {"author"};
  EXPECT_EQ(counting({approval(known), approval(lena_)}), "");
  policy.without.clear();
  EXPECT_EQ(counting({approval(lena_)}), "Lena Lead ") << "nobody asked for others";
}

TEST_F(Approving, RolesAndTimeCount) {
  Responsible by_carl{jane_, {}, carl_};
  EXPECT_THAT(trouble(approval(lena_, "boss"), by_carl), HasSubstr("none of the roles approver"));
  Entry late = approval(lena_);
  late.until = now_;
  EXPECT_THAT(trouble(late, by_carl), HasSubstr("expired"));
}

TEST_F(Approving, APersonCountsOnce) {
  Responsible by_carl{jane_, {}, carl_};
  Who robot{"robot", "", "token robot"};
  auto& policy = platform_.environments["production"].approvals;
  std::vector<Entry> all{approval(lena_), approval({"lena", "lena@host", "socket uid 9"}), approval(robot)};
  EXPECT_EQ(counting_approvals(platform_, policy, by_carl, all, now_).size(), 2u);
}

TEST_F(Approving, TheTextBindsWhatIsApproved) {
  Entry proposal;
  proposal.id = "0123456789ab";
  proposal.target = Target{"production", "shop", "web"};
  proposal.artifact = "sha256:a";
  proposal.input_digest = "sha256:b";
  proposal.tree = std::string(40, 'c');
  std::string text = approval_text(proposal, now_);
  EXPECT_EQ(
      text,
      "autonomous approval/1\nproposal: 0123456789ab\ntarget: production/shop/web\nartifact: sha256:a\n"
      "input-digest: sha256:b\ntarget-tree: cccccccccccccccccccccccccccccccccccccccc\nuntil: 2026-11-25T12:00:00Z\n");
  auto read = parse_approval_text(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, proposal.id);
  EXPECT_EQ(read->target, "production/shop/web");
  EXPECT_EQ(read->until, now_);
  EXPECT_FALSE(parse_approval_text(text + "x\n"));
  EXPECT_FALSE(parse_approval_text("hello"));
}

TEST_F(Approving, TrailersSayHowWeKnow) {
  EXPECT_EQ(approved_by(approval(lena_)).str(),
            "Lena Lead <lena@example.com> (attested by the daemon: socket uid 1001)");
  EXPECT_EQ(approved_by(approval({"Lena", "lena@example.com", "signed SHA256:abc"})).str(),
            "Lena <lena@example.com> (signed SHA256:abc)");
  EXPECT_THAT(approvers_file(platform_),
              HasSubstr("lena@example.com namespaces=\"autonomous-approval\" ssh-ed25519 AAAA"));
}

}  // namespace
}  // namespace autonomous::model
