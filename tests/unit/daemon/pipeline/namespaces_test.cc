#include "daemon/pipeline/namespaces.h"
#include "daemon/pipeline/take_on.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "gitops/base/file.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {
namespace {

class Files : public ports::Reconciler {
 public:
  const std::string& name() const override { return name_; }
  Result<void> request(const Ctx&, const std::vector<std::string>&) override { return ok(); }
  std::optional<ports::AppStatus> snapshot(const std::string&) const override { return std::nullopt; }
  void watch(const ports::Sink&, std::stop_token) override {}
  std::string application_file(const ports::Application&) const override { return ""; }
  std::string root_file(const ports::Root&) const override { return ""; }
  std::string namespace_file(const ports::Root&, const std::string& ns) const override { return "brings " + ns + "\n"; }
  Result<void> apply_root(const Ctx&, const ports::Root&) override { return ok(); }
  Result<std::string> check(const Ctx&) override { return std::string(); }

 private:
  std::string name_ = "files";
};

const model::Target kSearch{"production", "notes", "search"};

std::unique_ptr<model::Platform> platform_with(const std::string& policies) {
  auto parsed = model::parse_platform("version: 1\nenvironments:\n  production:\n    policies: {" + policies + "}\n");
  EXPECT_TRUE(parsed) << parsed.error().text();
  return std::move(parsed.value);
}

// Each path and its bytes; "-" for what is not wanted.
std::string files_of(const model::Platform& platform) {
  const model::Environment& environment = platform.environments.at("production");
  const ports::Root root = root_of("http://git", "deploy", platform, environment, kSearch, store::State{});
  std::string out;
  for (const auto& [path, text] : namespace_files(Files(), root, platform, environment, "notes-production"))
    out += path + ":\n" + (text ? *text : "-\n");
  return out;
}

TEST(Namespaces, AQuotaLiesBesideTheApplications) {
  EXPECT_EQ(files_of(*platform_with("quota: {cpu: 40, memory: 80Gi, pods: 200}, max: {cpu: 8, storage: 1Ti}")),
            R"(argocd/production/notes/_namespace.notes-production.yaml:
brings notes-production
argocd/production/notes/_namespace.notes-production/limitrange.yaml:
apiVersion: v1
kind: LimitRange
metadata:
  name: autonomous
  namespace: notes-production
  labels:
    app.kubernetes.io/managed-by: autonomous
spec:
  limits:
  - type: Container
    defaultRequest:
      cpu: "50m"
      memory: "64Mi"
    max:
      cpu: "8"
  - type: PersistentVolumeClaim
    max:
      storage: "1Ti"
argocd/production/notes/_namespace.notes-production/resourcequota.yaml:
apiVersion: v1
kind: ResourceQuota
metadata:
  name: autonomous
  namespace: notes-production
  labels:
    app.kubernetes.io/managed-by: autonomous
spec:
  hard:
    requests.cpu: "40"
    requests.memory: "80Gi"
    pods: "200"
)");
}

TEST(Namespaces, WithoutOneThereIsNothing) {
  EXPECT_EQ(files_of(*platform_with("network: strict")),
            "argocd/production/notes/_namespace.notes-production.yaml:\n-\n"
            "argocd/production/notes/_namespace.notes-production/limitrange.yaml:\n-\n"
            "argocd/production/notes/_namespace.notes-production/resourcequota.yaml:\n-\n");
}

TEST(Namespaces, WhatExceedsTheQuotaNamesTheRuleAndItsLine) {
  auto platform = platform_with("quota: {cpu: 4}");
  const model::Environment& environment = platform->environments.at("production");
  EXPECT_TRUE(check_quota(*platform, environment, kSearch, {{"StatefulSet/search", {3, 0, 0, 3}}}, {}).empty());
  auto errors =
      check_quota(*platform, environment, kSearch, {{"StatefulSet/search", {3, 0, 0, 3}}}, {{2, 0, 0, 2}, 2, 0, {}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code(), Code::kDenied);
  ASSERT_NE(errors[0].place(), nullptr);
  EXPECT_EQ(errors[0].place()->line, 4u);
  EXPECT_EQ(errors[0].message(),
            "StatefulSet/search: asks for 3 cpu; 2 other apps have 2, and the namespace may have 4 "
            "(policies.quota.cpu)");
}

TEST(Namespaces, WhatIsOnItsWayIsNamed) {
  auto platform = platform_with("quota: {cpu: 4}");
  auto errors = check_quota(*platform, platform->environments.at("production"), kSearch,
                            {{"StatefulSet/search", {3, 0, 0, 3}}}, {{2, 0, 0, 2}, 1, 0, {"notes/web"}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].hint(),
            "ask for less, or have the platform's owners raise the quota of notes-production; on their way: notes/web");
}

// ---- what the others of a namespace ask for

class DemandsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(git::Repository::init_bare(folder_.path()));
    auto opened = git::Repository::open(folder_.path());
    ASSERT_TRUE(opened);
    repository_ = std::make_unique<git::Repository>(*std::move(opened));
  }
  // A target whose live release has one Deployment that asks for so much.
  store::TargetState& put(const model::Target& target, const std::string& cpu) {
    auto blob = repository_->write_blob(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, "
        "resources: {requests: {cpu: " +
        cpu + "}}}]}}}\n");
    auto tree = repository_->update_tree(git::Oid::zero(), {{"manifests/deployment.apps-web.yaml", *blob}});
    EXPECT_TRUE(tree && repository_->flush());
    auto row = std::make_shared<store::ReleaseRow>();
    row->number = 1;
    row->target_tree = *tree;
    auto record = std::make_shared<store::TargetState>();
    record->target = target;
    record->releases.push_back(row);
    state_.targets[target] = record;
    return *record;
  }
  // "0.3 cpu of 2 apps, coming: notes/web".
  std::string others(const std::string& ns, const Demands::Coming& coming = {}) {
    auto platform = platform_with("quota: {cpu: 4}");
    auto reader = store::Reader::open(folder_.path());
    auto found = demands_.others(*reader, state_, platform->environments.at("production"), ns, {kSearch}, coming);
    if (!found) return found.error().text();
    char text[100];
    std::snprintf(text, sizeof text, "%.1Lf cpu of %zu apps", found->demand.cpu, found->apps);
    return std::string(text) + (found->coming.empty() ? "" : ", coming: " + found->coming.front());
  }

  TempFolder folder_ = *TempFolder::make("autonomous-demands");
  std::unique_ptr<git::Repository> repository_;
  store::State state_;
  Demands demands_;
};

TEST_F(DemandsTest, WhatIsLiveInTheNamespaceCountsAndOneselfDoesNot) {
  put(kSearch, "1");
  put({"production", "notes", "web"}, "200m");
  put({"production", "shop", "web"}, "400m");
  put({"staging", "notes", "web"}, "800m");
  EXPECT_EQ(others("notes-production"), "0.2 cpu of 1 apps");
}

TEST_F(DemandsTest, WhatCameFromAnotherProjectCountsWhereItIs) {
  put({"production", "shop", "web"}, "400m").moved =
      store::Moved{{{"production", "notes", "old"}, 1}, {"production", "notes", "old"}, {}};
  EXPECT_EQ(others("notes-production"), "0.4 cpu of 1 apps");
  EXPECT_EQ(others("shop-production"), "0.0 cpu of 0 apps");
}

TEST_F(DemandsTest, WhatIsOnItsWayCountsInPlaceOfWhatIsLive) {
  put({"production", "notes", "web"}, "200m");
  EXPECT_EQ(others("notes-production",
                   {{{"production", "notes", "web"}, {1, 0, 0, 1}}, {{"production", "notes", "new"}, {2, 0, 0, 1}}}),
            "3.0 cpu of 2 apps, coming: notes/new");
}

}  // namespace
}  // namespace autonomous::daemon
