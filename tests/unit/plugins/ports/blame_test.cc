#include "plugins/ports/blame.h"

#include <gtest/gtest.h>

namespace autonomous::ports {
namespace {

AppStatus synced(Health health, std::string message = "") {
  AppStatus status;
  status.found = true;
  status.sync = Sync::kSynced;
  status.health = health;
  status.health_message = std::move(message);
  status.operation = Operation::kSucceeded;
  return status;
}

Trouble pod(std::string reason, std::string message) {
  Trouble trouble;
  trouble.reason = std::move(reason);
  trouble.message = std::move(message);
  return trouble;
}

TEST(Blame, WhatTheReleaseDoesIsItsOwn) {
  EXPECT_TRUE(blames_artifact(synced(Health::kDegraded), std::nullopt));
  EXPECT_TRUE(blames_artifact(synced(Health::kProgressing, "1 of 2 pods ready"), std::nullopt)) << "at the deadline";
  EXPECT_TRUE(blames_artifact(synced(Health::kProgressing), pod("CrashLoopBackOff", "back-off 40s restarting")));
  EXPECT_TRUE(
      blames_artifact(synced(Health::kProgressing), pod("ErrImagePull", "registry.example.com/web:9: not found")));
  AppStatus refused = synced(Health::kHealthy);
  refused.operation = Operation::kFailed;
  refused.operation_message = "Deployment.apps \"web\" is invalid: spec.selector: field is immutable";
  EXPECT_TRUE(blames_artifact(refused, std::nullopt));
}

TEST(Blame, WhatSurroundsItIsNot) {
  EXPECT_FALSE(blames_artifact(std::nullopt, std::nullopt)) << "nothing was heard";
  EXPECT_FALSE(blames_artifact(AppStatus{}, std::nullopt));
  AppStatus unknown = synced(Health::kProgressing);
  unknown.sync = Sync::kUnknown;
  EXPECT_FALSE(blames_artifact(unknown, std::nullopt));
  EXPECT_FALSE(blames_artifact(synced(Health::kHealthy), std::nullopt)) << "it never was compared with us";
  AppStatus away = synced(Health::kHealthy);
  away.operation = Operation::kError;
  away.operation_message = "dial tcp 10.0.0.1:443: connect: connection refused";
  EXPECT_FALSE(blames_artifact(away, std::nullopt));
  const AppStatus waiting = synced(Health::kProgressing);
  EXPECT_FALSE(blames_artifact(waiting, pod("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.")));
  EXPECT_FALSE(blames_artifact(waiting, pod("FailedCreate", "pods \"web-1\" is forbidden: exceeded quota: team")));
  EXPECT_FALSE(blames_artifact(waiting, pod("ErrImagePull", "Get \"https://r/v2/\": dial tcp: i/o timeout")));
  EXPECT_FALSE(blames_artifact(waiting, pod("ErrImagePull", "unexpected status: 503 Service Unavailable")));
}

}  // namespace
}  // namespace autonomous::ports
