#include "plugins/argocd/status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace autonomous::argocd {
namespace {

using namespace ports;

// As Argo CD 3.6 answers, without what isn't read.
constexpr char kApplication[] = R"({
  "metadata": {"name": "local.shop.web", "namespace": "argocd"},
  "spec": {"source": {"repoURL": "http://r/gitops.git", "path": "apps/local/shop/web", "targetRevision": "refs/heads/deploy"}},
  "operation": {"sync": {"revision": "2222"}},
  "status": {
    "sync": {"status": "OutOfSync", "revision": "1111",
             "comparedTo": {"source": {"repoURL": "http://r/gitops.git", "path": "old", "targetRevision": "refs/heads/deploy"}}},
    "health": {"status": "Degraded"},
    "resourceHealthSource": "appTree",
    "resources": [
      {"group": "apps", "kind": "Deployment", "namespace": "shop-local", "name": "web", "version": "v1", "status": "OutOfSync",
       "health": {"status": "Progressing", "message": "0 out of 2\nnew replicas"}},
      {"kind": "ConfigMap", "namespace": "shop-local", "name": "web", "version": "v1", "status": "Synced"}],
    "operationState": {"phase": "Failed", "message": "one or more objects failed to apply",
      "operation": {"sync": {"revision": "0000"}},
      "syncResult": {"revision": "1111", "resources": [
        {"group": "", "kind": "ConfigMap", "namespace": "shop-local", "name": "web", "status": "Synced", "message": "fine"},
        {"group": "apps", "kind": "Deployment", "namespace": "shop-local", "name": "web", "status": "SyncFailed", "message": "is invalid"},
        {"group": "batch", "kind": "Job", "namespace": "shop-local", "name": "migrate", "hookPhase": "Failed", "message": "backoff limit"}]}},
    "conditions": [{"type": "SyncError", "message": "Failed last sync attempt"}]}})";

TEST(Status, ReadsAnApplication) {
  const AppStatus status = read_application(nlohmann::json::parse(kApplication));
  EXPECT_TRUE(status.found);
  EXPECT_EQ(status.name, "local.shop.web");
  EXPECT_EQ(status.source, (Source{"http://r/gitops.git", "apps/local/shop/web", "refs/heads/deploy"}));
  EXPECT_EQ(status.compared, (Source{"http://r/gitops.git", "old", "refs/heads/deploy"}));
  EXPECT_EQ(status.sync, Sync::kOutOfSync);
  EXPECT_EQ(status.revision, "1111");
  EXPECT_EQ(status.health, Health::kDegraded);
  EXPECT_EQ(status.operation, Operation::kFailed);
  EXPECT_TRUE(status.operation_waits);
  EXPECT_EQ(status.operation_revision, "1111");
  EXPECT_EQ(status.operation_message, "one or more objects failed to apply");
  ASSERT_EQ(status.operation_results.size(), 2u);
  EXPECT_EQ(status.operation_results[0].id.str(), "apps/Deployment shop-local/web");
  EXPECT_EQ(status.operation_results[1].message, "backoff limit");
  ASSERT_EQ(status.resources.size(), 2u);
  EXPECT_EQ(status.resources[0].health, Health::kProgressing);
  EXPECT_EQ(status.resources[0].message, "0 out of 2 new replicas");
  EXPECT_FALSE(status.resources[1].has_health);
  EXPECT_EQ(status.conditions.size(), 1u);
}

TEST(Status, WhatIsMissingOrOddIsUnknown) {
  for (const char* text :
       {"{}", R"({"status": 5, "spec": [], "metadata": {"name": 7}})",
        R"({"status": {"sync": {"status": "Great", "revision": 1}, "health": "fine", "resources": {"a": 1}}})"}) {
    const AppStatus status = read_application(nlohmann::json::parse(text));
    EXPECT_EQ(status.sync, Sync::kUnknown) << text;
    EXPECT_EQ(status.health, Health::kUnknown) << text;
    EXPECT_EQ(status.revision, "") << text;
  }
  EXPECT_FALSE(read_application(nlohmann::json()).found);
}

TEST(Status, FindsPodsInTrouble) {
  const auto tree = nlohmann::json::parse(R"({"nodes": [
    {"kind": "Pod", "name": "old", "createdAt": "2026-11-23T20:00:00Z", "health": {"status": "Degraded", "message": "was bad"}},
    {"kind": "Pod", "name": "web-1", "namespace": "s", "createdAt": "2026-11-23T20:10:00Z", "images": ["r/web:2"],
     "info": [{"name": "Status Reason", "value": "ImagePullBackOff"}, {"name": "Containers", "value": "0/1"}],
     "health": {"status": "Degraded", "message": "Back-off pulling image \"r/web:2\""}},
    {"kind": "Pod", "name": "fine", "health": {"status": "Healthy"}},
    {"kind": "ReplicaSet", "group": "apps", "name": "web", "health": {"status": "Degraded"}}]})");
  const std::vector<Trouble> troubles = read_troubles(tree);
  ASSERT_EQ(troubles.size(), 2u);
  EXPECT_EQ(troubles[0].line(), "pod web-1: ImagePullBackOff: Back-off pulling image \"r/web:2\"");
  EXPECT_EQ(troubles[0].image, "r/web:2");
  EXPECT_EQ(troubles[1].object, "pod old");
  const Time made = *parse_time("2026-11-23T20:10:00Z");
  EXPECT_EQ(first_trouble(troubles, made)->object, "pod web-1");
  EXPECT_EQ(first_trouble(troubles, made + kSkew)->object, "pod web-1");
  EXPECT_EQ(first_trouble(troubles, made + kSkew + Millis(1)), std::nullopt);
  EXPECT_TRUE(read_troubles(nlohmann::json::parse("[]")).empty());
}

}  // namespace
}  // namespace autonomous::argocd
