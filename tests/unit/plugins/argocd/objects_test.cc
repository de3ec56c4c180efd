#include "plugins/argocd/objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace autonomous::argocd {
namespace {

using Ordered = nlohmann::ordered_json;

const ports::Application kWeb{"local",  "shop",       "web", "http://localhost:7300/git/gitops.git",
                              "deploy", "shop-local", "",    false};
const ports::Root kShop{"local", "shop", "http://localhost:7300/git/gitops.git", "deploy", "", {"shop-local"}, {}};

TEST(Objects, AnApplicationIsWrittenLikeThis) {
  EXPECT_EQ(to_yaml(application_object(kWeb, "argocd")), R"(apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: local.shop.web
  namespace: argocd
  labels:
    app.kubernetes.io/managed-by: autonomous
    app.kubernetes.io/part-of: shop
    environment: local
    app.kubernetes.io/name: web
  annotations:
    argocd.argoproj.io/manifest-generate-paths: /apps/local/shop/web
spec:
  project: local.shop
  source:
    repoURL: "http://localhost:7300/git/gitops.git"
    targetRevision: refs/heads/deploy
    path: apps/local/shop/web
    directory:
      recurse: true
      include: "manifests/*"
  destination:
    server: "https://kubernetes.default.svc"
    namespace: shop-local
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
      allowEmpty: true
    syncOptions:
    - CreateNamespace=true
    - FailOnSharedResource=true
    retry:
      limit: 3
      backoff:
        duration: "2s"
        factor: 3
        maxDuration: "30s"
  revisionHistoryLimit: 3
)");
}

TEST(Objects, InValuesModeArgoRendersTheChart) {
  ports::Application application = kWeb;
  application.values_mode = true;
  const Ordered object = application_object(application, "argocd");
  EXPECT_EQ(object["spec"]["source"]["path"], "apps/local/shop/web/chart");
  EXPECT_FALSE(object["spec"]["source"].contains("directory"));
}

TEST(Objects, ADestinationIsANameOrAUrl) {
  ports::Application application = kWeb;
  application.cluster = "eu-1";
  EXPECT_EQ(application_object(application, "a")["spec"]["destination"],
            (Ordered{{"name", "eu-1"}, {"namespace", "shop-local"}}));
  application.cluster = "https://eu";
  EXPECT_EQ(application_object(application, "a")["spec"]["destination"],
            (Ordered{{"server", "https://eu"}, {"namespace", "shop-local"}}));
}

TEST(Objects, ARootFollowsItsFolderButNotItself) {
  const Ordered object = root_object(kShop, "cd");
  EXPECT_EQ(object["metadata"]["name"], "local.shop");
  EXPECT_EQ(object["metadata"]["namespace"], "cd");
  EXPECT_EQ(object["spec"]["project"], "autonomous-roots");
  EXPECT_EQ(object["spec"]["source"]["path"], "argocd/local/shop");
  EXPECT_EQ(object["spec"]["source"]["targetRevision"], "refs/heads/deploy");
  EXPECT_EQ(object["spec"]["source"]["directory"]["exclude"], "_root.yaml");
  EXPECT_EQ(object["spec"]["destination"]["namespace"], "cd");
  EXPECT_EQ(object["spec"]["syncPolicy"]["syncOptions"].dump(), R"(["FailOnSharedResource=true"])");
}

TEST(Objects, WhatAnotherApplicationMadeMayBeTakenOver) {
  ports::Application application{"local", "shop", "site", "http://gitops", "deploy", "shop-local",
                                 "",      true,   "",     "web",           true};
  auto object = application_object(application, "argocd");
  EXPECT_EQ(object["spec"]["syncPolicy"]["syncOptions"].dump(), R"(["CreateNamespace=true"])");
  EXPECT_EQ(object["spec"]["source"]["helm"]["releaseName"], "web") << "its objects bear that name";
}

TEST(Objects, RootsMayMakeOnlyApplications) {
  const Ordered spec = roots_project_object({"http://a", "http://b"}, "cd")["spec"];
  EXPECT_EQ(spec["sourceRepos"].dump(), R"(["http://a","http://b"])");
  EXPECT_EQ(spec["clusterResourceWhitelist"].dump(), "[]");
  EXPECT_EQ(spec["namespaceResourceWhitelist"].dump(), R"([{"group":"argoproj.io","kind":"Application"}])");
  EXPECT_EQ(spec["destinations"].dump(), R"([{"server":"https://kubernetes.default.svc","namespace":"cd"}])");
}

TEST(Objects, AppsAreConfinedToTheirRepositoryAndNamespaces) {
  ports::Root root = kShop;
  EXPECT_FALSE(confinement_object(root)["spec"].contains("clusterResourceBlacklist"));
  root.namespaces = {"shop-local", "shop-jobs"};
  root.deny_kinds = {"ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding"};
  const Ordered object = confinement_object(root);
  EXPECT_EQ(object["metadata"]["name"], "local.shop");
  EXPECT_EQ(object["spec"]["sourceRepos"].dump(), R"(["http://localhost:7300/git/gitops.git"])");
  EXPECT_EQ(object["spec"]["destinations"].size(), 2u);
  EXPECT_EQ(object["spec"]["clusterResourceWhitelist"].dump(), R"([{"group":"*","kind":"*"}])");
  EXPECT_EQ(
      object["spec"]["clusterResourceBlacklist"].dump(),
      R"([{"group":"*","kind":"ClusterRole"},{"group":"rbac.authorization.k8s.io","kind":"ClusterRoleBinding"}])");
  EXPECT_EQ(object["spec"]["clusterResourceBlacklist"], object["spec"]["namespaceResourceBlacklist"]);
}

TEST(Objects, AllowedKindsAreAllThatAnAppProjectAllows) {
  ports::Root root = kShop;
  root.allow_kinds = {"Deployment", "gateway.networking.k8s.io/HTTPRoute"};
  const Ordered spec = confinement_object(root)["spec"];
  EXPECT_EQ(spec["namespaceResourceWhitelist"].dump(),
            R"([{"group":"*","kind":"Deployment"},{"group":"gateway.networking.k8s.io","kind":"HTTPRoute"}])");
  // And their own namespace, which Argo CD makes for them.
  EXPECT_EQ(spec["clusterResourceWhitelist"][0].dump(), R"({"group":"","kind":"Namespace","name":"shop-local"})");
  EXPECT_EQ(spec["clusterResourceWhitelist"].size(), 3u);
}

TEST(Objects, ANamespaceEnforcesWhatThePlatformSays) {
  ports::Application application = kWeb;
  EXPECT_FALSE(application_object(application, "argocd")["spec"]["syncPolicy"].contains("managedNamespaceMetadata"));
  application.pod_security = "restricted";
  EXPECT_EQ(
      application_object(application, "argocd")["spec"]["syncPolicy"]["managedNamespaceMetadata"].dump(),
      R"({"labels":{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/warn":"restricted"}})");
}

TEST(Objects, AQuotaComesByAnApplicationOfItsOwn) {
  ports::Root root = kShop;
  root.quotas = true;
  root.pod_security = "baseline";
  const Ordered object = namespace_object(root, "shop-local", "cd");
  EXPECT_EQ(object["metadata"]["name"], "local.shop.namespace.shop-local");
  EXPECT_EQ(object["metadata"]["finalizers"].dump(), R"(["resources-finalizer.argocd.argoproj.io"])");
  EXPECT_EQ(object["spec"]["project"], "local.shop.namespaces");
  EXPECT_EQ(object["spec"]["source"]["path"], "argocd/local/shop/_namespace.shop-local");
  EXPECT_EQ(object["spec"]["destination"]["namespace"], "shop-local");
  EXPECT_TRUE(object["spec"]["syncPolicy"].contains("managedNamespaceMetadata"));
  const Ordered project = namespaces_project_object(root);
  EXPECT_EQ(project["metadata"]["name"], "local.shop.namespaces");
  EXPECT_EQ(project["spec"]["sourceRepos"], confinement_object(root)["spec"]["sourceRepos"]);
  EXPECT_EQ(project["spec"]["namespaceResourceWhitelist"].dump(),
            R"([{"group":"","kind":"ResourceQuota"},{"group":"","kind":"LimitRange"}])");
  EXPECT_EQ(project["spec"]["clusterResourceWhitelist"].dump(),
            R"([{"group":"","kind":"Namespace","name":"shop-local"}])");
  // A quota that apps could write would be none.
  EXPECT_EQ(confinement_object(root)["spec"]["namespaceResourceBlacklist"].dump(),
            R"([{"group":"","kind":"ResourceQuota"},{"group":"","kind":"LimitRange"}])");
}

TEST(Yaml, QuotesWhatWouldReadOtherwise) {
  Ordered object;
  object["a"] = "true";
  object["b"] = "1.10";
  object["c"] = "";
  object["d"] = "a: b\n# c";
  object["e"] = Ordered::array();
  object["no"] = nullptr;
  object["f"] = {{{"x", 1}, {"y", {"z"}}}, Ordered::object()};
  EXPECT_EQ(
      to_yaml(object),
      "a: \"true\"\nb: \"1.10\"\nc: \"\"\nd: \"a: b\\n# c\"\ne: []\n\"no\": null\nf:\n- x: 1\n  \"y\":\n  - z\n- {}\n");
}

}  // namespace
}  // namespace autonomous::argocd
