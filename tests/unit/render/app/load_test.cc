#include <gtest/gtest.h>

#include "render/app/manifests.h"

namespace autonomous::app {
namespace {

constexpr const char* kDeployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1  # kept\n  template:\n    spec:\n"
    "      containers:\n      - name: web\n        image: web:1\n        env:\n        - {name: A, value: \"1\"}\n"
    "        - {name: B, value: \"2\"}\n      - name: side\n        image: side:1\n";
constexpr const char* kConfig = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {k: v}\n";

MemoryTree project() {
  return MemoryTree({{"k8s/b.yaml", kDeployment},
                     {"k8s/a.yml", kConfig},
                     {"k8s/README.md", "no"},
                     {"k8s/sub/x.json", R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}})"},
                     {"k8s/overlays/dev/x.yaml", "not: read"}});
}

model::App app_of(std::vector<model::ValueFile> overlays = {}) {
  model::App app;
  app.manifests = {"k8s/"};
  app.overlays = std::move(overlays);
  return app;
}

std::string kinds(const Result<std::vector<Resource>>& resources) {
  if (!resources) return resources.error().line();
  std::string out;
  for (const Resource& resource : *resources) out += resource.kind + " ";
  return out;
}

TEST(Load, FoldersInOrderWithoutOverlays) {
  MemoryTree tree = project();
  auto resources = load_manifests(tree, app_of());
  EXPECT_EQ(kinds(resources), "ConfigMap Deployment Service ");
  EXPECT_EQ((*resources)[1].text, kDeployment);
  EXPECT_EQ((*resources)[1].source, "k8s/b.yaml");
}

TEST(Load, GlobsAndSingleFiles) {
  MemoryTree tree = project();
  model::App app;
  app.manifests = {"k8s/*.yaml", "k8s/a.yml", "k8s/b.yaml"};
  EXPECT_EQ(kinds(load_manifests(tree, app)), "Deployment ConfigMap ");
  app.manifests = {"deploy"};
  EXPECT_EQ(kinds(load_manifests(tree, app)), "there are no manifests in deploy");
}

TEST(Load, OverlaysMergeAddAndRemove) {
  MemoryTree tree = project();
  tree.put(
      "k8s/overlays/prod/p.yaml",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {env: prod}}\nspec:\n  replicas: 3\n"
      "  template:\n    spec:\n      containers:\n      - name: web\n        env:\n        - {name: B, value: \"9\"}\n"
      "        - {name: A, $patch: delete}\n        - {name: C, value: \"3\"}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n$patch: delete\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n");
  auto resources = load_manifests(tree, app_of({{"k8s/overlays/prod", false}}));
  EXPECT_EQ(kinds(resources), "Deployment Service ConfigMap ");
  EXPECT_EQ(
      (*resources)[0].text,
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels:\n    env: prod\nspec:\n  replicas: 3\n"
      "  template:\n    spec:\n      containers:\n      - name: web\n        image: web:1\n        env:\n"
      "        - name: B\n          value: \"9\"\n        - name: C\n          value: \"3\"\n"
      "      - name: side\n        image: side:1\n");
  EXPECT_EQ((*resources)[2].name, "more");
}

TEST(Load, OverlaysThatAreMissing) {
  MemoryTree tree = project();
  EXPECT_EQ(kinds(load_manifests(tree, app_of({{"k8s/overlays/none", false}}))), "ConfigMap Deployment Service ");
  EXPECT_EQ(kinds(load_manifests(tree, app_of({{"k8s/overlays/none", true}}))),
            "there are no manifests in the overlay k8s/overlays/none");
}

TEST(Load, PatchesAndExtra) {
  MemoryTree tree = project();
  tree.put("more/pdb.yaml", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n");
  model::App app = app_of();
  app.extra = {"more/*.yaml"};
  auto patch = model::parse_yaml("target: {kind: Deployment}\npatch: {spec: {replicas: 5}}\n", "p.yaml");
  ASSERT_TRUE(patch);
  app.patches["more"] = *patch;
  auto resources = load_manifests(tree, app);
  EXPECT_EQ(kinds(resources), "ConfigMap Deployment Service PodDisruptionBudget ");
  EXPECT_NE((*resources)[1].text.find("replicas: 5"), std::string::npos);
  app.patches["more"] = *model::parse_yaml("target: {kind: Role}\npatch: {}\n", "p.yaml");
  EXPECT_EQ(kinds(load_manifests(tree, app)), "p.yaml:1:9: the patch more changes nothing: there is no Role");
}

TEST(Load, LinksStayInsideAndSubmodulesAreRefused) {
  MemoryTree tree = project();
  tree.put("k8s/link.yaml", "../other/c.yaml", FileKind::kLink);
  tree.put("other/c.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n");
  EXPECT_EQ(kinds(load_manifests(tree, app_of())), "ConfigMap Deployment Namespace Service ");
  tree.put("k8s/link.yaml", "../../etc/passwd", FileKind::kLink);
  EXPECT_EQ(load_manifests(tree, app_of()).error().code(), Code::kDenied);
  tree.put("k8s/link.yaml", kConfig);
  tree.put("k8s/vendor", "", FileKind::kSubmodule);
  EXPECT_EQ(load_manifests(tree, app_of()).error().code(), Code::kDenied);
}

// CVE-2022-24877: a kustomization that named files of the controller's machine. Whatever a project says, only its own
// tree is read.
TEST(Cve, Y2022N24877NothingOutsideTheProjectIsRead) {
  for (const char* where :
       {"../k8s", "/etc", "k8s/../../etc", "/proc/self", "../../**/*.yaml", "k8s/../../../etc/passwd"}) {
    MemoryTree tree = project();
    model::App app;
    app.manifests = {where};
    EXPECT_FALSE(load_manifests(tree, app)) << where;
    app = app_of({{where, true}});
    EXPECT_FALSE(load_manifests(tree, app)) << where;
    app = app_of();
    app.extra = {where};
    EXPECT_FALSE(load_manifests(tree, app)) << where;
  }
  for (const char* target : {"/etc/passwd", "../../etc/passwd", "../../../x.yaml"}) {
    MemoryTree tree = project();
    tree.put("k8s/link.yaml", target, FileKind::kLink);
    EXPECT_FALSE(load_manifests(tree, app_of())) << target;
  }
}

}  // namespace
}  // namespace autonomous::app
