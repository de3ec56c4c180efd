#include "daemon/pipeline/import_find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

using testing::HasSubstr;

// "env/app kind path>ns [values…]" and "✗ why", a line each.
std::string found_in(const MemoryTree& tree, ImportOptions options = {"shop", {}, "", ""}) {
  auto all = find_apps(tree, options);
  if (!all) return all.error().message();
  std::string out;
  for (const Found& one : all->found) {
    out += one.environment + "/" + one.app + (one.kind == Found::Kind::kChart ? " chart " : " manifests ") + one.path +
           ">" + one.ns;
    for (const std::string& file : one.value_files) out += " " + file;
    out += "\n";
  }
  for (const LeftOut& one : all->left_out) out += "✗ " + one.why + "\n";
  return out;
}

std::string application(const std::string& name, const std::string& source, const std::string& ns = "shop-prod") {
  return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name +
         "}\nspec:\n  destination: {namespace: " + ns + "}\n  source: {repoURL: \"git@example.com:acme/gitops.git\", " +
         source + "}\n";
}

TEST(ImportFind, NamesSayEnvironments) {
  const std::vector<std::string> environments = {"staging", "production"};
  EXPECT_EQ(place_name("web-staging", environments).rest, "web");
  EXPECT_EQ(place_name("production.shop.web", environments).environment, "production");
  EXPECT_EQ(place_name("production.shop.web", environments).rest, "shop.web");
  EXPECT_EQ(place_name("staging", environments).environment, "") << "nothing would be left of it";
  EXPECT_EQ(place_name("web-stagings", environments).environment, "");
}

TEST(ImportFind, ApplicationsWithFoldersAndCharts) {
  MemoryTree tree;
  tree.put("argocd/web.yaml",
           application("web-prod", "path: ./charts/web/, helm: {valueFiles: [prod.yaml, /all.yaml, $here/all.yaml]}"));
  tree.put("argocd/api.yaml", application("api", "path: apps/prod/api, directory: {recurse: true}"));
  tree.put("charts/web/Chart.yaml", "name: web\nversion: 1.0.0\n");
  tree.put("charts/web/prod.yaml", "a: 1\n");
  tree.put("all.yaml", "a: 1\n");
  tree.put("apps/prod/api/deep/api.yaml", "kind: Service\n");
  EXPECT_EQ(found_in(tree),
            "prod/api manifests apps/prod/api>shop-prod\n"
            "prod/web chart charts/web>shop-prod charts/web/prod.yaml all.yaml all.yaml\n");
}

TEST(ImportFind, WhatCannotBeTakenIsNamed) {
  MemoryTree tree;
  tree.put("a.yaml", application("a", "path: none"));
  tree.put("b.yaml", application("b", "chart: web, targetRevision: 1.2.3"));
  tree.put("c.yaml", application("c", "path: k"));
  tree.put("k/kustomization.yaml", "resources: []\n");
  tree.put("d.yaml", application("d", "path: m, directory: {include: \"*.json\"}"));
  tree.put("e.yaml", application("e", "path: chart, helm: {parameters: [{name: a, value: b}]}"));
  tree.put("f.yaml", application("f", "path: chart, helm: {valueFiles: [../../outside.yaml]}"));
  tree.put("chart/Chart.yaml", "name: web\nversion: 1.0.0\n");
  tree.put("g.yaml", "kind: Application\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: {{ .x }}}\n");
  EXPECT_EQ(found_in(tree),
            "✗ there are no manifests in none\n✗ its chart is fetched from git@example.com:acme/gitops.git\n"
            "✗ it is built with kustomize\n✗ its directory source has include\n✗ it has helm.parameters\n"
            "✗ its values file ../../outside.yaml is not here\n" +
                found_in(tree).substr(found_in(tree).rfind("✗ it cannot be read")));
  EXPECT_THAT(found_in(tree, {"shop", {}, "", "https://example.com/acme/other"}),
              HasSubstr("its files are in another repository, git@example.com:acme/gitops.git"));
  EXPECT_THAT(found_in(tree, {"shop", {}, "", "https://jane@example.com/acme/gitops"}),
              testing::Not(HasSubstr("another repository")))
      << "the same one";
}

TEST(ImportFind, WithoutApplicationsFoldersAreApps) {
  MemoryTree tree;
  tree.put("k8s/web/a.yaml", "x");
  tree.put("site/Chart.yaml", "x");
  tree.put(".github/workflow.yaml", "x");
  EXPECT_EQ(found_in(tree), "production/web manifests k8s/web>\nproduction/site chart site>\n");
  EXPECT_EQ(found_in(tree, {"shop", {"a", "b"}, "", ""}),
            "✗ neither its name nor its folder says one of the environments a, b\n"
            "✗ neither its name nor its folder says one of the environments a, b\n");
  EXPECT_THAT(found_in(MemoryTree()), HasSubstr("there is nothing to import"));
}

}  // namespace
}  // namespace autonomous::daemon
