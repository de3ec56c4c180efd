#include "render/app/demand.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace autonomous::app {
namespace {

// "Deployment/web cpu=0.3 memory=96Mi storage=0Gi pods=3", a line each.
std::string demand(const std::string& text, const DemandRules& rules = {}) {
  auto resources = split_manifests(text, "f.yaml");
  if (!resources) return resources.error().text();
  auto found = demand_of(*resources, rules);
  if (!found) return found.error().text();
  std::string out;
  for (const model::ResourceDemand& each : *found) {
    char line[200];
    std::snprintf(line, sizeof line, "%s cpu=%.2Lf memory=%.0LfMi storage=%.0LfGi pods=%llu\n", each.resource.c_str(),
                  each.demand.cpu, each.demand.memory / (1 << 20), each.demand.storage / (1 << 30),
                  static_cast<unsigned long long>(each.demand.pods));
    out += line;
  }
  return out;
}

constexpr std::string_view kWeb = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - {name: web, resources: {requests: {cpu: 100m, memory: 32Mi}}}
      - {name: side, resources: {limits: {cpu: 50m}}}
)";

TEST(Demand, PodsTimesWhatTheirContainersAskFor) {
  EXPECT_EQ(demand(std::string(kWeb)), "Deployment/web cpu=0.45 memory=96Mi storage=0Gi pods=3\n");
}

TEST(Demand, WhoAsksForNothingGetsTheDefault) {
  EXPECT_EQ(demand(std::string(kWeb), {"10m", "64Mi", false}),
            "Deployment/web cpu=0.45 memory=288Mi storage=0Gi pods=3\n");
}

TEST(Demand, ARolloutNeedsRoom) {
  EXPECT_EQ(demand(std::string(kWeb), {"", "", true}), "Deployment/web cpu=0.60 memory=128Mi storage=0Gi pods=4\n");
  EXPECT_EQ(demand(std::string(kWeb) + "  strategy: {type: Recreate}\n", {"", "", true}),
            "Deployment/web cpu=0.45 memory=96Mi storage=0Gi pods=3\n");
}

TEST(Demand, AnAutoscalersLeastCounts) {
  EXPECT_EQ(demand(R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: 1}}}]}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 4, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
)"),
            "Deployment/web cpu=4.00 memory=0Mi storage=0Gi pods=4\n");
}

TEST(Demand, InitContainersCountWhereTheyAskForMore) {
  EXPECT_EQ(demand(R"(apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  initContainers:
  - {name: first, resources: {requests: {cpu: 2, memory: 1Mi}}}
  - {name: proxy, restartPolicy: Always, resources: {requests: {cpu: 100m, memory: 16Mi}}}
  containers: [{name: a, resources: {requests: {cpu: 200m, memory: 16Mi}}}]
)"),
            "Pod/a cpu=2.00 memory=32Mi storage=0Gi pods=1\n");
}

TEST(Demand, SetsClaimsAndDatabases) {
  EXPECT_EQ(demand(R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {name: set}
spec:
  replicas: 2
  template: {spec: {containers: [{name: a}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 5Gi}}}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim}
spec: {resources: {requests: {storage: 2Gi}}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db}
spec: {instances: 3, storage: {size: 10Gi}, walStorage: {size: 1Gi}, resources: {requests: {cpu: 500m}}}
)"),
            "StatefulSet/set cpu=0.00 memory=0Mi storage=10Gi pods=2\n"
            "PersistentVolumeClaim/claim cpu=0.00 memory=0Mi storage=2Gi pods=0\n"
            "Cluster/db cpu=1.50 memory=0Mi storage=33Gi pods=3\n");
}

TEST(Demand, OfJobsTheGreatest) {
  auto job = [](const std::string& name, const std::string& cpu) {
    return "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: " + name +
           "}\nspec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: " + cpu + "}}}]}}}\n";
  };
  EXPECT_EQ(demand(job("one", "100m") + job("two", "2")), "Job/two cpu=2.00 memory=0Mi storage=0Gi pods=1\n");
}

TEST(Demand, WhatIsStrangeAsksForNothing) {
  EXPECT_EQ(demand("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: [1, 2]\n"),
            "Deployment/a cpu=0.00 memory=0Mi storage=0Gi pods=1\n");
}

}  // namespace
}  // namespace autonomous::app
