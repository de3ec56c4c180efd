// What releases hold and what others put beside them: the audit judges manifests, values, images, Secrets and inputs.
#include <algorithm>

#include "forging.h"
#include "gitops/store/ledger.h"

namespace autonomous::store {
namespace {

using ::testing::HasSubstr;

TEST_F(Tampering, ASecretInPlainText) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/secret-x.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: b\n";
  commit(draft);
  EXPECT_EQ(found(), "plaintext-secret");
}

TEST_F(Tampering, ASecretThatThePlatformAllows) {
  Draft draft = prod_draft("3");
  draft.files["manifests/secret-allowed.yaml"] =
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: allowed\nstringData:\n  a: b\n";
  approve(draft);
  commit(draft);
  EXPECT_EQ(found(), "");
}

TEST_F(Tampering, ImagesThatAreNotInTheManifests) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/deployment.apps-web.yaml"] =
      "kind: Deployment\nspec:\n  containers:\n  - image: evil.example.com/web:1\n";
  commit(draft);
  EXPECT_EQ(found(), "image-elsewhere");
}

TEST_F(Tampering, AReleaseWithoutValues) {
  Draft draft = draft_of(kWeb, "3");
  draft.files.erase("values.yaml");
  commit(draft);
  EXPECT_EQ(found(), "values-yaml");
}

TEST_F(Tampering, ALinkOnDeploy) {
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid blob = repository.write_blob("/etc/passwd").value();
  git::Oid tree =
      repository.update_tree(repository.peel_tree(tip("deploy")).value(), {{"extra/link", blob, git::Mode::kLink}})
          .value();
  ASSERT_TRUE(repository.flush());
  move("deploy", forge(tip("deploy"), tree, "link\n"));
  EXPECT_EQ(found(), "odd-file");
}

TEST_F(Forging, ASecretIsFoundInAnyStyle) {
  for (auto [version, text] :
       {std::pair("3", std::string(kSecret)),
        std::pair("4", std::string("{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": "
                                   "{\"name\": \"k\"}, \"stringData\": {\"a\": \"b\"}}\n"))}) {
    Draft draft = draft_of(kWeb, version);
    draft.files["manifests/secret-key.yaml"] = text;
    uint32_t number = commit(draft);
    EXPECT_EQ(found(), "plaintext-secret") << text_of(last_);
    EXPECT_EQ(
        std::count_if(last_.findings.begin(), last_.findings.end(),
                      [&](const Finding& one) { return one.release == number && one.rule == "plaintext-secret"; }),
        1);
  }
}

TEST_F(Forging, ASecretIsJudgedByThePolicyOfEachEnvironmentThatHasIt) {
  std::string allowed = "apiVersion: v1\nkind: Secret\nmetadata: {name: allowed}\nstringData: {a: b}\n";
  Draft prod = prod_draft("3");
  prod.files["manifests/secret-allowed.yaml"] = allowed;
  approve(prod);
  commit(prod);
  EXPECT_EQ(found(), "") << "flow style, and allowed there: " << text_of(last_);
  Draft local = draft_of(kWeb, "3");
  local.files["manifests/secret-allowed.yaml"] = allowed;
  commit(local);
  EXPECT_EQ(found(), "plaintext-secret") << "the same file, where nobody allows it";
  EXPECT_EQ(of("plaintext-secret")->target, "local/shop/web");
}

TEST_F(Forging, ASecretOfAHotfixIsFoundThoughItWentAgain) {
  std::string path = "apps/local/shop/web/manifests/secret-key.yaml";
  hotfix(path, std::string(kSecret), "Just for a moment");
  std::string commit(trim(bed_.git({"rev-parse", "refs/heads/deploy"})));
  EXPECT_EQ(found(), "not-taken-in plaintext-secret") << text_of(last_);
  EXPECT_EQ(of("plaintext-secret")->file, path);
  EXPECT_EQ(of("plaintext-secret")->commit, commit);
  hotfix(path, std::nullopt, "Gone");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(found(), "plaintext-secret") << "git keeps it: " << text_of(last_);
}

TEST_F(Forging, ASecretOfAChartThatArgoCdRenders) {
  Draft draft = draft_of(kWeb, "3");
  draft.files.erase("manifests/deployment.apps-web.yaml");
  draft.files["chart/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
  draft.files["chart/templates/templated.yaml"] = "kind: Secret\nmetadata:\n  {{- .Values.x }}\ndata: [\n";
  commit(draft);
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(text_of(last_), HasSubstr("Which Secrets the charts of 1 release make"));
  Draft next = draft_of(kWeb, "4");
  next.files["chart/templates/secret.yaml"] = kSecret;
  commit(next);
  EXPECT_EQ(found(), "plaintext-secret") << text_of(last_);
  EXPECT_EQ(of("plaintext-secret")->file, "apps/local/shop/web/chart/templates/secret.yaml");
}

TEST_F(Forging, WhatCannotBeReadIsSaid) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/configmap-big.yaml"] = "kind: ConfigMap\ndata:\n  x: " + std::string(9u << 20, 'x') + "\n";
  draft.files["manifests/odd.yaml"] = "kind: Secret\ndata: [\n";
  commit(draft);
  EXPECT_EQ(found(), "plaintext-secret");
  EXPECT_TRUE(last_.ok()) << "warnings";
  EXPECT_THAT(text_of(last_), HasSubstr("it is larger than 8 MiB"));
  EXPECT_THAT(text_of(last_), HasSubstr("it is no YAML that can be read"));
}

TEST_F(Forging, AKeptInputIsWhatItsDigestSays) {
  KeptInput spec{"version: 1\n", {}};
  KeptInput chart{"", {{"Chart.yaml", "name: x\n"}, {".gitmodules", "x\n"}, {"a/b.yaml", "c\n"}}};
  Draft draft = draft_of(kWeb, "3");
  draft.inputs = {{digest_of(spec), spec}, {digest_of(chart), chart}};
  commit(draft);
  EXPECT_EQ(found(), "") << text_of(last_);
  // A file that comes to a folder later changes what a digest means.
  forge_ledger(input_path(digest_of(chart)).value() + "/templates/evil.yaml", "x\n");
  EXPECT_EQ(found(), "input-differs");
  EXPECT_EQ(of("input-differs")->file, input_path(digest_of(chart)).value());
  Draft next = draft_of(kWeb, "4");
  std::string wrong = "sha256:" + std::string(64, 'a');
  next.inputs = {{wrong, spec}};
  ASSERT_TRUE(record().sync(Ctx{}));
  commit(next);
  EXPECT_EQ(found(), "input-differs");
  EXPECT_EQ(std::count_if(last_.findings.begin(), last_.findings.end(),
                          [](const Finding& one) { return one.rule == "input-differs"; }),
            2);
}

}  // namespace
}  // namespace autonomous::store
