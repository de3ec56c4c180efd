#include "gitops/model/weaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/base/text.h"

namespace autonomous::model {
namespace {

constexpr std::string_view kStrict = R"(version: 1
roles:
  approver: {can: [approve], members: [user:lena, user:olga]}
  oncall: {can: [rollback], members: [user:carl]}
people:
  lena: {email: lena@example.com, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f lena"]}
  carl: {email: carl@example.com}
environments:
  staging: {from: branch main, ticket: "X[0-9]+"}
  production:
    from: staging
    bake: 30m
    protected: true
    approvals: {count: 2, from: approver, not: [author, requester], expires: 12h}
    rollback: {approvals: 1, in-freeze: denied}
    freeze: [{weekly: Fri 16:00-Mon 06:00, zone: Europe/Berlin}]
    ticket: "CHG[0-9]+"
    policies: {registries: [registry.example.com], kinds: {deny: [ClusterRole]}, network: strict, max: {cpu: "2"}}
)";

std::shared_ptr<Platform> parsed(const std::string& text) {
  auto platform = parse_platform(text);
  EXPECT_TRUE(platform) << (platform ? "" : platform.error().text()) << text;
  return platform ? std::shared_ptr<Platform>(std::move(platform.value)) : std::make_shared<Platform>();
}

// What is weaker for production once `from` reads `to`.
std::string weaker(const std::string& from, const std::string& to) {
  std::string after(kStrict);
  size_t at = after.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) after.replace(at, from.size(), to);
  auto found = weakened(*parsed(std::string(kStrict)), *parsed(after));
  EXPECT_FALSE(found.contains("staging"));
  return join(found["production"], "; ");
}

TEST(Weaker, NothingIsWeakerThanItself) {
  auto strict = parsed(std::string(kStrict));
  EXPECT_TRUE(weakened(*strict, *strict).empty());
  EXPECT_EQ(guarded_by(strict->environments.at("production")), 2u);
  EXPECT_EQ(guarded_by(strict->environments.at("staging")), 0u);
}

TEST(Weaker, FewerApprovalsAreWeakerAndMoreAreNot) {
  EXPECT_EQ(weaker("count: 2", "count: 1"), "approvals.count is 1 instead of 2");
  EXPECT_EQ(weaker("count: 2", "count: 3"), "");
  EXPECT_EQ(weaker("not: [author, requester]", "not: [author]"), "approvals.not no longer has requester");
  EXPECT_EQ(weaker("expires: 12h", "expires: 13h"), "approvals.expires is longer");
  EXPECT_EQ(weaker("expires: 12h", "expires: 1h"), "");
  EXPECT_EQ(weaker("approvals: 1,", "approvals: 0,"), "rollback.approvals is 0 instead of 1");
  EXPECT_EQ(weaker("from: approver,", "from: [approver, oncall],"), "approvals.from allows oncall");
  EXPECT_EQ(weaker("from: approver, ", ""), "approvals.from allows everything");
}

TEST(Weaker, MorePeopleWhoMayApproveAreWeaker) {
  EXPECT_EQ(weaker("user:olga", "user:olga, group:all"), "the role approver has group:all");
  EXPECT_EQ(weaker("user:lena, user:olga", "user:lena"), "");
  EXPECT_EQ(weaker("members: [user:carl]", "members: [user:carl, user:dora]"), "");  // may not approve
}

TEST(Weaker, WhoIsWhoIsPartOfIt) {
  EXPECT_EQ(
      weaker("keys: [",
             "keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA other\", "),
      "people.lena has another key to sign approvals with");
  EXPECT_THAT(weaker("  carl: {email: carl@example.com}\n", ""), ::testing::StartsWith("people.carl is gone"));
  EXPECT_THAT(weaker("carl@example.com", "carla@example.com"),
              ::testing::StartsWith("people.carl has another address"));
  EXPECT_EQ(weaker("  carl:", "  dora: {email: dora@example.com}\n  carl:"), "");
  EXPECT_EQ(weaker("  carl:", "  dora: {email: lena@example.com}\n  carl:"), "people.dora has an address of another");
}

TEST(Weaker, GatesAndPoliciesCount) {
  EXPECT_EQ(weaker("from: staging", "from: branch main"), "it is no longer promoted to from staging");
  EXPECT_EQ(weaker("bake: 30m", "bake: 29m"), "bake is shorter");
  EXPECT_EQ(weaker("protected: true", "protected: false"), "it is no longer protected");
  EXPECT_EQ(weaker("in-freeze: denied", "in-freeze: allowed"), "rollback.in-freeze is allowed");
  EXPECT_EQ(weaker("Fri 16:00", "Fri 17:00"), "freeze no longer has Fri 16:00-Mon 06:00 Europe/Berlin");
  EXPECT_EQ(weaker("CHG[0-9]+", ".*"), "ticket is another pattern");
  EXPECT_EQ(weaker("[registry.example.com]", "[registry.example.com, docker.io]"),
            "policies.registries allows docker.io");
  EXPECT_EQ(weaker("deny: [ClusterRole]", "deny: []"), "policies.kinds.deny no longer has ClusterRole");
  EXPECT_EQ(weaker("network: strict, ", ""), "policies.network is no longer strict");
  EXPECT_EQ(weaker("cpu: \"2\"", "cpu: \"2500m\""), "policies.max.cpu is 2500m instead of 2");
  EXPECT_EQ(weaker("cpu: \"2\"", "cpu: 1500m"), "");
  EXPECT_EQ(weaker(", max: {cpu: \"2\"}", ""), "policies.max.cpu is without a limit instead of 2");
}

TEST(Weaker, SingleProjectsAreLookedAt) {
  auto compare = [](const std::string& before, const std::string& after) {
    auto text = [](const std::string& projects) {
      std::string out(kStrict);
      out.replace(out.find("max: {cpu"), 0, "quota: {cpu: 20, pods: 50}, ");
      return out + (projects.empty() ? "" : "projects: {" + projects + "}\n");
    };
    auto found = weakened(*parsed(text(before)), *parsed(text(after)));
    EXPECT_FALSE(found.contains("staging"));
    return join(found["production"], "; ");
  };
  const std::string shop = "shop: {quota: {production: {cpu: 10}}}";
  EXPECT_EQ(compare(shop, shop), "");
  EXPECT_EQ(compare(shop, "shop: {quota: {production: {cpu: 12}}}"),
            "projects.shop.quota.production.cpu is 12 instead of 10");
  EXPECT_EQ(compare(shop, "shop: {quota: {production: {cpu: 8, pods: 10}}}"), "");
  EXPECT_EQ(compare(shop, "shop: {quota: {production: {cpu: 10, pods: 60}}}"),
            "projects.shop.quota.production.pods is 60 instead of 50");
  EXPECT_EQ(compare(shop, "shop: {}"), "projects.shop.quota.production.cpu is 20 instead of 10");
  EXPECT_EQ(compare(shop, ""), "projects.shop.quota.production.cpu is 20 instead of 10") << "it could come back";
  EXPECT_EQ(compare("", "shop: {quota: {production: {cpu: 30}}}"),
            "projects.shop.quota.production.cpu is 30 instead of 20");
  EXPECT_EQ(compare(shop, "shop: {quota: {staging: {cpu: 99}, production: {cpu: 10}}}"), "");
  EXPECT_EQ(compare("shop: {environments: [staging]}", "shop: {environments: [staging, production]}"),
            "projects.shop.environments lets it go there");
  EXPECT_EQ(compare("shop: {environments: [staging]}", "shop: {}"), "projects.shop.environments lets it go there");
  EXPECT_EQ(compare("shop: {}", "shop: {environments: [staging]}"), "");
}

TEST(Weaker, AnEnvironmentThatGoesCouldComeBackWithoutItsRules) {
  std::string after(kStrict);
  after.erase(after.find("  production:"));
  auto found = weakened(*parsed(std::string(kStrict)), *parsed(after));
  EXPECT_THAT(found["production"], ::testing::ElementsAre("the environment is gone"));
}

}  // namespace
}  // namespace autonomous::model
