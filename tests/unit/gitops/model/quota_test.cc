#include "gitops/model/quota.h"

#include <gtest/gtest.h>

namespace autonomous::model {
namespace {

constexpr long double kGi = 1024.0L * 1024 * 1024;

// Key, resource and message of each excess, a line each.
std::string excess(const Quota& quota, const std::vector<ResourceDemand>& asked, const Demand& others = {},
                   size_t apps = 0) {
  std::string out;
  for (const QuotaExcess& each : check_quota(quota, asked, others, apps))
    out += each.key + ": " + each.resource + " " + each.message + "\n";
  return out;
}

TEST(Quota, WhatFitsIsNoExcess) {
  EXPECT_EQ(excess({"4", "8Gi", "", 10}, {{"Deployment/web", {4, 8 * kGi, 0, 10}}}), "");
  EXPECT_EQ(excess({"400m", "", "", 0}, {{"Deployment/web", {0.1L, 0, 0, 1}}}, {0.3L, 0, 0, 3}, 3), "");
}

TEST(Quota, TheGreatestOfTheReleaseIsNamed) {
  EXPECT_EQ(excess({"4", "", "", 0}, {{"Deployment/web", {2, 0, 0, 2}}, {"CronJob/report", {0.5L, 0, 0, 1}}},
                   {2, 0, 0, 3}, 3),
            "cpu: Deployment/web asks for 2 cpu of the 2.5 that this release needs; 3 other apps have 2, and the "
            "namespace may have 4\n");
}

TEST(Quota, AmountsAreWrittenAsPeopleWriteThem) {
  EXPECT_EQ(excess({"", "1Gi", "10Gi", 3}, {{"StatefulSet/db", {1, 1.5L * kGi, 30 * kGi, 4}}}),
            "memory: StatefulSet/db asks for 1.5Gi memory, and the namespace may have 1Gi\n"
            "storage: StatefulSet/db asks for 30Gi storage, and the namespace may have 10Gi\n"
            "pods: StatefulSet/db asks for 4 pods, and the namespace may have 3\n");
}

TEST(Quota, WhoAsksForNothingIsNotToBlame) {
  EXPECT_EQ(excess({"1", "", "", 0}, {{"PersistentVolumeClaim/a", {0, 0, kGi, 0}}}, {2, 0, 0, 1}, 1), "");
  EXPECT_EQ(excess({"1", "", "", 0}, {}, {2, 0, 0, 1}, 1), "");
}

}  // namespace
}  // namespace autonomous::model
