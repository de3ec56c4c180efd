#include "render/app/volumes.h"

#include <gtest/gtest.h>

#include "gitops/base/text.h"

namespace autonomous::app {
namespace {

std::string set_with(const std::string& templates, const std::string& annotations = "{}") {
  return "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: search, annotations: " + annotations +
         "}\nspec:\n  replicas: 3\n  volumeClaimTemplates: [" + templates + "]\n";
}

std::string volume(const std::string& name, const std::string& size, const std::string& kind = "fast") {
  return "{metadata: {name: " + name + "}, spec: {storageClassName: " + kind +
         ", resources: {requests: {storage: " + size + "}}}}";
}

constexpr std::string_view kJob =
    "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: search-volumes-0123abcd}\nspec: {}\n";

// The steps and the errors of a plan, a line each.
std::string plan(const std::string& before, const std::string& after, bool built_in = true) {
  auto was = split_manifests(before, "was.yaml"), is = split_manifests(after, "is.yaml");
  if (!was || !is) return "bad test";
  auto made = plan_volumes(*was, *is, built_in);
  if (!made) return made.error().text();
  std::string out = join(made->steps, "\n");
  for (const Error& error : made->errors) out += "error: " + error.line();
  return out;
}

TEST(Volumes, ASetGrowsByItsJob) {
  EXPECT_EQ(plan(set_with(volume("data", "5Gi")), set_with(volume("data", "8Gi")) + std::string(kJob)),
            "StatefulSet search: volume data grows from 5Gi to 8Gi: the Job search-volumes-0123abcd expands the claims "
            "and takes the set away without its pods, then the sync makes it again; a rollback leaves the claims as "
            "big as they are");
}

TEST(Volumes, WithoutTheJobItIsRefusedWithTheSteps) {
  std::string said = plan(set_with(volume("data", "5Gi")), set_with(volume("data", "8Gi")));
  EXPECT_NE(said.find("error: "), std::string::npos) << said;
  EXPECT_NE(said.find("volume data grows from 5Gi to 8Gi, and Kubernetes lets no set change its claims"),
            std::string::npos)
      << said;
  auto was = split_manifests(set_with(volume("data", "5Gi")), "was.yaml");
  auto is = split_manifests(set_with(volume("data", "8Gi")), "is.yaml");
  ASSERT_TRUE(was && is);
  auto made = plan_volumes(*was, *is, true);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->errors.size(), 1u);
  std::string text = made->errors.front().text();
  EXPECT_NE(text.find("storage: {tools:"), std::string::npos) << text;
  EXPECT_NE(text.find("patch pvc data-search-{0..2}"), std::string::npos) << text;
  EXPECT_NE(text.find("delete statefulset search --cascade=orphan"), std::string::npos) << text;
  // A chart of somebody's own has no Job of ours, whatever it calls its own ones.
  EXPECT_NE(
      plan(set_with(volume("data", "5Gi")), set_with(volume("data", "8Gi")) + std::string(kJob), false).find("error: "),
      std::string::npos);
}

TEST(Volumes, ByHandIsTheirs) {
  std::string said =
      plan(set_with(volume("data", "5Gi")), set_with(volume("data", "8Gi"), "{autonomous/volumes: by-hand}"), false);
  EXPECT_TRUE(said.starts_with("StatefulSet search: volume data grows from 5Gi to 8Gi: by hand")) << said;
}

TEST(Volumes, NothingShrinksOrChangesItsClass) {
  std::string said = plan(set_with(volume("data", "8Gi")), set_with(volume("data", "5Gi")) + std::string(kJob));
  EXPECT_NE(said.find("cannot shrink from 8Gi to 5Gi"), std::string::npos) << said;
  said = plan(set_with(volume("data", "8Gi")), set_with(volume("data", "8Gi", "slow")) + std::string(kJob));
  EXPECT_NE(said.find("cannot change its class from 'fast' to 'slow'"), std::string::npos) << said;
}

TEST(Volumes, TheSameSizeInOtherWordsIsNoChange) {
  EXPECT_EQ(plan(set_with(volume("data", "1Gi")), set_with(volume("data", "1024Mi"))), "");
}

TEST(Volumes, VolumesThatComeAndGo) {
  std::string said = plan(set_with(volume("data", "1Gi") + ", " + volume("old", "1Gi")),
                          set_with(volume("data", "1Gi") + ", " + volume("log", "1Gi")) + std::string(kJob));
  EXPECT_TRUE(said.starts_with("StatefulSet search: volume log is new, volume old goes, its claims stay: the Job"))
      << said;
}

TEST(Volumes, ClaimsAndDatabasesGrowInPlace) {
  auto claim = [](const std::string& size) {
    return "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: web-uploads}\n"
           "spec: {resources: {requests: {storage: " +
           size + "}}}\n";
  };
  EXPECT_EQ(plan(claim("1Gi"), claim("2Gi")),
            "PersistentVolumeClaim web-uploads: grows from 1Gi to 2Gi: it is expanded in place; a rollback cannot make "
            "it smaller");
  auto cluster = [](const std::string& size) {
    return "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\nspec: {storage: {size: " + size +
           "}}\n";
  };
  EXPECT_EQ(plan(cluster("10Gi"), cluster("20Gi")),
            "Cluster db: grows from 10Gi to 20Gi: its operator expands it; a rollback cannot make it smaller");
  EXPECT_NE(plan(cluster("20Gi"), cluster("10Gi")).find("cannot shrink"), std::string::npos);
}

TEST(Volumes, WhatIsNewHasNothingToChange) { EXPECT_EQ(plan("", set_with(volume("data", "5Gi"))), ""); }

}  // namespace
}  // namespace autonomous::app
