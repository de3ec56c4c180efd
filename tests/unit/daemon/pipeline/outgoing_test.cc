#include "daemon/pipeline/outgoing.h"

#include <gtest/gtest.h>

#include <set>

namespace autonomous::daemon {
namespace {

const model::Target kShopWeb{"local", "shop", "web"}, kShopApi{"local", "shop", "api"};

class OutgoingTest : public testing::Test {
 protected:
  // "shop/web a.example.com/ 2 pods", each.
  std::string seen_by(const model::Target& target) {
    auto lock = outgoing_.lock();
    std::string out;
    for (const auto& [other, claim] : outgoing_.others(target, [](const auto&, const Claim&) { return true; })) {
      out += other.project + "/" + other.app;
      for (const RouteClaim& route : claim.routes) out += " " + route.host + route.path;
      out += " " + std::to_string(claim.demand.pods) + " pods\n";
    }
    return out;
  }
  void put(const model::Target& target, Claim claim) {
    auto lock = outgoing_.lock();
    outgoing_.put(target, std::move(claim));
  }

  std::set<std::string> trees_{"one", "two"};  // that go or run
  Outgoing outgoing_{[this](const model::Target&, const std::string& tree) { return trees_.contains(tree); }};
};

TEST_F(OutgoingTest, OthersSeeWhatIsClaimedAndOnesOwnIsNoObstacle) {
  put(kShopWeb, {"one", "shop-local", {{"a.example.com", "/", "HTTPRoute/web"}}, {0, 0, 0, 2}});
  EXPECT_EQ(seen_by(kShopApi), "shop/web a.example.com/ 2 pods\n");
  EXPECT_EQ(seen_by(kShopWeb), "");
}

TEST_F(OutgoingTest, ANewClaimTakesThePlaceOfTheOneBefore) {
  put(kShopWeb, {"one", "shop-local", {{"a.example.com", "/", "HTTPRoute/web"}}, {}});
  put(kShopWeb, {"two", "shop-local", {}, {0, 0, 0, 1}});
  EXPECT_EQ(seen_by(kShopApi), "shop/web 1 pods\n");
  put(kShopWeb, {"two", "shop-local", {}, {}});
  EXPECT_EQ(seen_by(kShopApi), "") << "who claims nothing is in nobody's way";
}

TEST_F(OutgoingTest, WhatNeverCameClaimsNothing) {
  put(kShopWeb, {"one", "shop-local", {}, {0, 0, 0, 2}});
  trees_.erase("one");
  EXPECT_EQ(seen_by(kShopApi), "");
  trees_.insert("one");
  EXPECT_EQ(seen_by(kShopApi), "") << "it is forgotten";
}

}  // namespace
}  // namespace autonomous::daemon
