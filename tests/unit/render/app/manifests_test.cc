#include "render/app/manifests.h"

#include <gtest/gtest.h>

namespace autonomous::app {
namespace {

std::vector<Resource> split_ok(std::string_view text, std::string_view file = "f.yaml") {
  auto resources = split_manifests(text, file);
  if (!resources) ADD_FAILURE() << resources.error().text();
  return resources ? *std::move(resources) : std::vector<Resource>();
}

std::string split_error(std::string_view text) {
  auto resources = split_manifests(text, "f.yaml");
  return resources ? "no error" : resources.error().line();
}

constexpr std::string_view kRendered =
    "---\n# Source: web/templates/sa.yaml\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n"
    "---\n# Source: web/templates/deployment.yaml\n# a comment of theirs\napiVersion: apps/v1\nkind: Deployment\n"
    "metadata:\n  name: web\n  namespace: shop\n  labels: {app: web, \"tier\": front}\nspec:\n  template:\n    spec:\n"
    "      initContainers:\n      - image: 'busybox:1'\n        name: init\n      containers:\n"
    "      - name: wéb\n        image: \"registry.example.com/shop/web:1.2\" # here\n";

TEST(Manifests, WhatHelmPrints) {
  auto resources = split_ok(kRendered);
  ASSERT_EQ(resources.size(), 2u);
  EXPECT_EQ(resources[0].kind, "ServiceAccount");
  EXPECT_EQ(resources[0].group, "");
  EXPECT_EQ(resources[0].source, "web/templates/sa.yaml");
  EXPECT_EQ(resources[0].text, "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n");
  EXPECT_EQ(resources[1].group, "apps");
  EXPECT_EQ(resources[1].ns, "shop");
  EXPECT_TRUE(resources[1].text.starts_with("# a comment of theirs\n"));
  EXPECT_EQ(resources[1].label_keys, (std::vector<std::string>{"app", "tier"}));
  EXPECT_EQ(resources[1].images, (std::vector<std::string>{"busybox:1", "registry.example.com/shop/web:1.2"}));
  EXPECT_FALSE(resources[1].hook);
}

TEST(Manifests, ADatabasesImageIsOne) {
  auto resources = split_ok(
      "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\nspec: {imageName: \"ghcr.io/a/b:17\"}\n");
  ASSERT_EQ(resources.size(), 1u);
  EXPECT_EQ(resources[0].images, (std::vector<std::string>{"ghcr.io/a/b:17"}));
}

TEST(Manifests, HooksAreMarkedAndEmptyDocumentsLeftOut) {
  auto resources = split_ok(
      "# only a comment\n---\n\n--- # another\n---\n"
      "{apiVersion: batch/v1, kind: Job, metadata: {name: j, annotations: {helm.sh/hook: pre-install}}}\n");
  ASSERT_EQ(resources.size(), 1u);
  EXPECT_TRUE(resources[0].hook);
  EXPECT_EQ(resources[0].place.line, 6u);
}

TEST(Manifests, WhatTheyAskForIsFound) {
  auto found = split_manifests(R"(apiVersion: apps/v1
kind: StatefulSet
metadata: {name: a}
spec:
  replicas: 3
  template:
    spec:
      initContainers: [{name: first, resources: {limits: {memory: 1Gi}}}]
      containers: [{name: a, resources: {requests: {cpu: 2, memory: 64Mi}}}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 5Gi}}}}]
)",
                               "a.yaml");
  ASSERT_TRUE(found);
  std::string text;
  for (const model::Ask& ask : found->front().asks) text += ask.where + "=" + ask.amount + ";";
  EXPECT_EQ(text, "container first=1Gi;container a=2;container a=64Mi;volume data=5Gi;=3;");
}

TEST(Manifests, ListsAreTakenApart) {
  auto resources = split_ok(
      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n"
      "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n  data: {x: \"1\"}\n"
      "---\napiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: c}\n");
  ASSERT_EQ(resources.size(), 3u);
  EXPECT_EQ(resources[1].text, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n  x: \"1\"\n");
  EXPECT_EQ(resources[2].kind, "Deployment");
  EXPECT_EQ(resources[2].api_version, "apps/v1");
}

TEST(Manifests, BadOnesAreNamedWithTheirLine) {
  EXPECT_EQ(
      split_error("apiVersion: v1\nkind: A\nmetadata: {name: x}\n---\n# c\napiVersion: v1\nmetadata: {name: x}\n"),
      "f.yaml:6:1: this manifest has no `kind`");
  EXPECT_EQ(split_error("kind: Pod\nmetadata: {name: x}\n"), "f.yaml:1:1: this Pod has no `apiVersion`");
  EXPECT_EQ(split_error("apiVersion: v1\nkind: Pod\n"), "f.yaml:1:1: this Pod has no `metadata.name`");
  EXPECT_EQ(split_error("- a\n- b\n"), "f.yaml:1:1: this is not a manifest: a map is expected");
  EXPECT_EQ(split_error("a: b\n---\nx: 1\ny: [\n"), "f.yaml:1:1: this manifest has no `kind`");
  EXPECT_EQ(split_error("\n\nx: 1\n  y: 2\n"),
            "f.yaml:4:4: not valid YAML: mapping values are not allowed in this context");
  EXPECT_EQ(split_error("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x}\n"),
            "f.yaml:1:1: this Pod has no `metadata.name`");
  EXPECT_EQ(split_error("apiVersion: v1\nkind: Pod\nmetadata: {name: n}\n"),
            "f.yaml:1:1: the `metadata.name` of this Pod isn't a text");
  EXPECT_EQ(split_error("apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n"),
            "f.yaml:1:1: kustomize isn't run here: Kustomization is no resource of a cluster");
  EXPECT_EQ(split_error("a: " + std::string(4u << 20, 'x')),
            "f.yaml:1:1: not valid YAML: the text has 4194308 bytes, more than 3145728");
}

TEST(Manifests, TwoWithOneName) {
  auto resources = split_ok(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\n"
      "metadata: {name: x, namespace: shop}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: other}\n");
  auto errors = check_manifests(resources, {"shop", {}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].line(),
            "f.yaml:5:1: two resources are called ConfigMap shop/x: the other one is in f.yaml, line 1");
}

TEST(Manifests, PlaintextSecretsAreRefused) {
  auto resources = split_ok(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\ntype: kubernetes.io/service-account-token\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: known}\ndata: {a: aGk=}\n");
  auto errors = check_manifests(resources, {"shop", {"known"}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code(), Code::kDenied);
  EXPECT_EQ(errors[0].line(), "f.yaml:1:1: Secret db has its values in plain text, and git would keep them for ever");
  EXPECT_NE(errors[0].hint().find("kind: ExternalSecret"), std::string::npos);
  EXPECT_NE(errors[0].hint().find("secretKey: password"), std::string::npos);
  EXPECT_EQ(errors[0].text().find("hunter2"), std::string::npos);
}

TEST(Manifests, ImagesArePutInAndNothingElseChanges) {
  auto resources = split_ok(kRendered);
  std::string before = resources[1].text;
  std::string image = "registry.example.com/shop/web@sha256:" + std::string(64, 'a');
  ASSERT_TRUE(
      put_images(resources, {{"registry.example.com/shop/web", image}, {"docker.io/library/busybox", "busybox:2"}}));
  std::string wanted = before;
  wanted.replace(wanted.find("\"registry.example.com/shop/web:1.2\""), 35, image);
  wanted.replace(wanted.find("'busybox:1'"), 11, "busybox:2");
  EXPECT_EQ(resources[1].text, wanted);
  EXPECT_EQ(resources[1].images, (std::vector<std::string>{"busybox:2", image}));
}

}  // namespace
}  // namespace autonomous::app
