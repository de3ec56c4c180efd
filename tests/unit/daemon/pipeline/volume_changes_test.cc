#include "daemon/pipeline/volume_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Files = std::map<std::string, std::string>;

// A set that somebody else's chart made.
Files set_of(const std::string& size, const std::string& service = "search", const std::string& annotations = "") {
  return {{"manifests/statefulset.apps-search.yaml",
           "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: search, annotations: {" + annotations +
               "}}\nspec:\n  serviceName: " + service +
               "\n  replicas: 2\n  volumeClaimTemplates:\n  - metadata: {name: data}\n"
               "    spec: {resources: {requests: {storage: " +
               size + "}}}\n"}};
}

ChangePlan plan_of(const Files& before, const Files& after) {
  auto plan = plan_change(MemoryTree(before), after, 1u << 20);
  EXPECT_TRUE(plan) << plan.error().text();
  return plan ? *std::move(plan) : ChangePlan{};
}

std::vector<std::string> texts(const std::vector<Error>& errors) {
  std::vector<std::string> out;
  for (const Error& error : errors) out.push_back(error.text());
  return out;
}

TEST(ChangePlan, WhatIsTheSameNeedsNothing) {
  ChangePlan plan = plan_of(set_of("5Gi"), set_of("5Gi"));
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_THAT(plan.refused, IsEmpty());
  EXPECT_THAT(texts(plan_of({}, set_of("5Gi")).refused), IsEmpty()) << "it is new";
}

TEST(ChangePlan, AGrownVolumeIsAStepByHandOrARefusalWithTheSteps) {
  EXPECT_THAT(
      texts(plan_of(set_of("5Gi"), set_of("8Gi")).refused),
      ElementsAre(HasSubstr("volume data grows from 5Gi to 8Gi, and Kubernetes lets no set change its claims")));
  ChangePlan plan = plan_of(set_of("5Gi"), set_of("8Gi", "search", "autonomous/volumes: by-hand"));
  EXPECT_THAT(plan.steps, ElementsAre(HasSubstr("delete statefulset search --cascade=orphan")));
  EXPECT_THAT(plan.refused, IsEmpty());
}

TEST(ChangePlan, FieldsThatNobodyMayChangeAreRefused) {
  EXPECT_THAT(texts(plan_of(set_of("5Gi"), set_of("4Gi", "other")).refused),
              ElementsAre(HasSubstr("cannot shrink from 5Gi to 4Gi"), HasSubstr("spec.serviceName would change")));
}

}  // namespace
}  // namespace autonomous::daemon
