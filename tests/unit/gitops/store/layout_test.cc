#include "gitops/store/layout.h"

#include <gtest/gtest.h>

#include "gitops/git/object.h"

namespace autonomous::store {
namespace {

TEST(Layout, PathsAreTheContracts) {
  model::Target web{"production", "shop", "web"};
  EXPECT_EQ(target_folder(web), "apps/production/shop/web");
  EXPECT_EQ(application_file(web), "argocd/production/shop/web.yaml");
  EXPECT_EQ(root_file("production", "shop"), "argocd/production/shop/_root.yaml");
  EXPECT_EQ(application_name(web), "production.shop.web");
  EXPECT_EQ(ledger_branch("deploy"), "autonomous/ledger/deploy");
  EXPECT_EQ(ledger_file(web, 0), "production/shop/web/000001.jsonl");
  EXPECT_EQ(ledger_file(web, 31), "production/shop/web/000001.jsonl");
  EXPECT_EQ(ledger_file(web, 32), "production/shop/web/000002.jsonl");
  EXPECT_EQ(ledger_file(std::nullopt, 3), "_platform/000001.jsonl");
}

TEST(Layout, ManifestFiles) {
  EXPECT_EQ(manifest_file("Deployment", "apps", "shop-local", "web", "shop-local"),
            "manifests/deployment.apps-web.yaml");
  EXPECT_EQ(manifest_file("Service", "", "", "web", "x"), "manifests/service-web.yaml");
  EXPECT_EQ(manifest_file("Role", "rbac.authorization.k8s.io", "other", "system:a", "x"),
            "manifests/role.rbac.authorization.k8s.io-other_system%3Aa.yaml");
  EXPECT_NE(manifest_file("Role", "", "", "Admin", "x"), manifest_file("Role", "", "", "admin", "x"));
  EXPECT_EQ(manifest_file("Role", "", "", "../../x", "x").find('/', 10), std::string::npos);
  std::string name(300, 'a');
  std::string file = manifest_file("Role", "", "", name, "x");
  EXPECT_LE(file.size(), 220u);
  EXPECT_NE(file, manifest_file("Role", "", "", name + "b", "x"));
  EXPECT_TRUE(git::safe_name(file.substr(10)));
}

TEST(Layout, PathsLeadToTargets) {
  model::Target web{"production", "shop", "web"};
  EXPECT_EQ(target_of("apps/production/shop/web/manifests/x.yaml"), web);
  EXPECT_EQ(target_of("apps/production/shop/web"), web);
  EXPECT_EQ(target_of("argocd/production/shop/web.yaml"), web);
  EXPECT_FALSE(target_of("argocd/production/shop/_root.yaml"));
  EXPECT_FALSE(target_of("apps/production/shop"));
  EXPECT_FALSE(target_of("apps/Production/shop/web/x"));
  EXPECT_FALSE(target_of("README.md"));
}

TEST(Layout, InputPaths) {
  std::string hex(64, 'a');
  EXPECT_EQ(input_path("sha256:" + hex).value(), "_inputs/sha256/aa/" + hex.substr(2));
  EXPECT_FALSE(input_path("sha256:../../x"));
  for (std::string_view path :
       {"templates/a.yaml", ".gitmodules", "a/.GIT/x", "git~1", "x%41", "dir./a b", "ünï", "a:b", "x ", "..git"}) {
    std::string escaped = escape_input_path(path);
    EXPECT_EQ(unescape_input_path(escaped), path);
    for (size_t at = 0; at != std::string::npos;) {
      size_t slash = escaped.find('/', at);
      EXPECT_TRUE(git::safe_name(escaped.substr(at, slash - at))) << escaped;
      at = slash == std::string::npos ? slash : slash + 1;
    }
  }
  EXPECT_EQ(escape_input_path("templates/a.yaml"), "templates/a.yaml");
}

ReleaseInputs full_inputs() {
  ReleaseInputs inputs;
  inputs.target = {"production", "shop", "web"};
  inputs.source = model::SourceFact{"https://git.example.com/shop.git", std::string(40, 'a'), ""};
  inputs.images = {{"web", "r/web@sha256:1"}, {"db", "r/db@sha256:2"}};
  inputs.chart = model::ChartFact{"web", "1.0.0", "sha256:" + std::string(64, 'c')};
  inputs.spec_digest = "sha256:" + std::string(64, 'd');
  inputs.render_format = "render-format/1";
  inputs.helm = "helm/4";
  inputs.kubernetes = "v1.31.0";
  inputs.api_versions = {"apps/v1", "v1"};
  inputs.namespace_name = "shop-production";
  inputs.release_name = "web";
  inputs.config_commit = std::string(40, '1');
  inputs.platform_blob = std::string(40, '2');
  inputs.overlay_blob = std::string(40, '3');
  inputs.secrets = {{"KEY", "kv/x@3"}};
  inputs.artifact = "sha256:abc";
  inputs.extra = {{"odd \"quotes\"\\", "line\nend\x01"}};
  return inputs;
}

TEST(ReleaseYaml, IsReadAsItWasWritten) {
  ReleaseInputs small;
  small.target = {"local", "shop", "web"};
  for (const ReleaseInputs& inputs : {full_inputs(), small}) {
    std::string text = format_release_yaml(inputs);
    auto read = parse_release_yaml(text);
    ASSERT_TRUE(read) << read.error().text() << text;
    EXPECT_EQ(*read, inputs);
  }
}

TEST(ReleaseYaml, OtherFormsAreRefusedWithTheirLine) {
  std::string good = format_release_yaml(full_inputs());
  for (const std::string& bad :
       {std::string(), std::string("version: 2\n"), good + "colour: \"red\"\n", good + "colour:\n  \"a\": \"b\"\n",
        good + "mode: \"manifests\"\n", good + "x\n", good + "\n",
        std::string("version: 1\nmode: \"manifests\"\ntarget: \"a/b/c\"\n"), good.substr(0, good.size() - 1)}) {
    EXPECT_FALSE(parse_release_yaml(bad)) << bad;
  }
  auto error = parse_release_yaml("version: 1\ntarget: shop\n");
  ASSERT_FALSE(error);
  ASSERT_NE(error.error().place(), nullptr);
  EXPECT_EQ(error.error().place()->line, 2u);
}

TEST(ReleaseYaml, TheDigestIsOfTheMeaning) {
  ReleaseInputs inputs = full_inputs();
  std::string digest = input_digest(inputs);
  inputs.config_commit = std::string(40, '9');  // another commit of main with the same files
  EXPECT_EQ(input_digest(inputs), digest);
  inputs.platform_blob = std::string(40, '9');
  EXPECT_NE(input_digest(inputs), digest);
  inputs = full_inputs();
  inputs.images["web"] = "r/web@sha256:9";
  EXPECT_NE(input_digest(inputs), digest);
}

}  // namespace
}  // namespace autonomous::store
