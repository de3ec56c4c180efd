#include "daemon/pipeline/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/base/file.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kImage = "registry.example.com/web:1";

std::vector<app::Resource> resources(const std::string& text) {
  auto found = app::split_manifests(text, "test.yaml");
  EXPECT_TRUE(found) << found.error().text();
  return found ? *found : std::vector<app::Resource>{};
}

std::string deployment(const std::string& security, const std::string& selector = "web") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: " +
         selector + "}}\n  template:\n    spec:\n      securityContext: {" + security +
         "}\n      containers: [{name: web, image: \"" + kImage + "\"}]\n";
}

model::App web() {
  model::App app;
  app.name = "web";
  app.image = kImage;
  app.ports = {{"http", 8080, "TCP"}};
  return app;
}

std::string all(const Preflight& preflight) {
  std::string out;
  for (const Error& error : preflight.errors) out += "error " + error.text() + "\n";
  for (const std::string& warning : preflight.warnings) out += "warning " + warning + "\n";
  for (const std::string& each : preflight.unchecked) out += "unchecked " + each + "\n";
  return out;
}

// ---- images

TEST(PreflightImage, WhomItRunsAsIsComparedWithWhatPodsAskFor) {
  auto strict = resources(deployment("runAsNonRoot: true"));
  ports::ImageFacts facts;
  for (const char* user : {"", "root", "0", "0:0"}) {
    facts.user = user;
    std::string said = all(check_image(web(), kImage, facts, strict, {}, true));
    EXPECT_THAT(said, HasSubstr("runs as root, and Deployment/web asks for runAsNonRoot")) << user;
    EXPECT_THAT(said, HasSubstr("security: {user: 1000}"));
  }
  facts.user = "nginx";
  EXPECT_THAT(all(check_image(web(), kImage, facts, strict, {}, true)),
              HasSubstr("the user 'nginx', of which Kubernetes knows no number"));
  for (const char* user : {"1000", "101:101"}) {
    facts.user = user;
    EXPECT_EQ(all(check_image(web(), kImage, facts, strict, {}, true)), "") << user;
  }
  facts.user = "";
  EXPECT_EQ(
      all(check_image(web(), kImage, facts, resources(deployment("runAsNonRoot: true, runAsUser: 1000")), {}, true)),
      "");
  EXPECT_EQ(all(check_image(web(), kImage, facts, resources(deployment("")), {}, true)), "") << "nobody asked";
  EXPECT_EQ(all(check_image(web(), "registry.example.com/other:1", facts, strict, {}, true)), "") << "another image";
}

TEST(PreflightImage, WhereItListensIsAdvice) {
  ports::ImageFacts facts;
  facts.user = "1000";
  facts.listens = {"3000/tcp"};
  Preflight found = check_image(web(), kImage, facts, {}, {}, true);
  EXPECT_THAT(found.errors, IsEmpty()) << "it may read PORT";
  EXPECT_THAT(all(found),
              HasSubstr("listens on 3000, and the app's port is 8080: where it does not read PORT, say port: 3000"));
  EXPECT_EQ(all(check_image(web(), kImage, facts, {}, {}, false)), "") << "a sidecar's";
  facts.listens.emplace_back("8080/tcp");
  EXPECT_EQ(all(check_image(web(), kImage, facts, {}, {}, true)), "");
}

TEST(PreflightImage, MachinesThatItIsNotBuiltFor) {
  ports::ImageFacts facts;
  facts.user = "1000";
  facts.architectures = {"arm64"};
  EXPECT_EQ(all(check_image(web(), kImage, facts, {}, {}, true)), "") << "the nodes are not known";
  EXPECT_THAT(all(check_image(web(), kImage, facts, {}, {"amd64"}, true)),
              HasSubstr("error the image registry.example.com/web:1 is built for arm64"));
  EXPECT_THAT(all(check_image(web(), kImage, facts, {}, {"amd64", "arm64"}, true)), HasSubstr("warning"));
  EXPECT_EQ(all(check_image(web(), kImage, facts, {}, {"arm64"}, true)), "");
}

// ---- kinds

TEST(PreflightKinds, WhatTheClusterLacksIsNamedWithWhatToDo) {
  auto route = resources("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\n");
  EXPECT_EQ(all(check_kinds(route, {"gateway.networking.k8s.io/v1 HTTPRoute"})), "");
  std::string said = all(check_kinds(route, {"gateway.networking.k8s.io/v1beta1 HTTPRoute"}));
  EXPECT_THAT(
      said,
      HasSubstr(
          "HTTPRoute/web: the cluster has no kind gateway.networking.k8s.io/v1 HTTPRoute; it has gateway.networking.k8s.io/v1beta1"));
  EXPECT_THAT(said, HasSubstr("leave `gateway:` out"));
  auto own = resources(
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: carts.example.com}\n"
      "spec: {group: example.com, names: {kind: Cart}, versions: [{name: v1}]}\n---\n"
      "apiVersion: example.com/v1\nkind: Cart\nmetadata: {name: mine}\n");
  EXPECT_EQ(all(check_kinds(own, {"apiextensions.k8s.io/v1 CustomResourceDefinition"})), "") << "it brings its own";
}

// ---- immutable fields

TEST(PreflightImmutable, WhatKubernetesRefusesIsSaidBefore) {
  auto before = resources(deployment("")), after = resources(deployment("", "other"));
  EXPECT_EQ(all(check_immutable(before, before)), "");
  std::string said = all(check_immutable(before, after));
  EXPECT_THAT(said, HasSubstr("Deployment/web: spec.selector would change, and Kubernetes lets nobody change it"));
  EXPECT_THAT(said, HasSubstr("kubectl delete deployment web --cascade=orphan"));
  EXPECT_EQ(all(check_immutable({}, after)), "") << "it is new";
  auto job = [](const std::string& image, const std::string& annotations) {
    return resources("apiVersion: batch/v1\nkind: Job\nmetadata: {name: once, annotations: {" + annotations +
                     "}}\nspec: {template: {spec: {containers: [{name: a, image: \"" + image + "\"}]}}}\n");
  };
  EXPECT_THAT(all(check_immutable(job("a:1", ""), job("a:2", ""))), HasSubstr("Job/once: spec.template"));
  EXPECT_EQ(all(check_immutable(job("a:1", ""), job("a:2", "argocd.argoproj.io/hook: Sync"))), "")
      << "made anew each time";
  EXPECT_EQ(
      all(check_immutable(job("a:1", ""), job("a:2", "argocd.argoproj.io/sync-options: \"Replace=true,Force=true\""))),
      "");
}

TEST(PreflightImmutable, MigrationsThatRanAreNotTakenBack) {
  auto job = [](const std::string& command) {
    return resources(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: web-release, annotations: {argocd.argoproj.io/hook: Sync}}\n"
        "spec: {template: {spec: {containers: [{name: a, image: \"" +
        command + "\"}]}}}\n");
  };
  EXPECT_THAT(cannot_be_undone(job("a:2"), job("a:1")),
              ElementsAre(HasSubstr("Job/web-release of the release that is left ran")));
  EXPECT_THAT(cannot_be_undone(job("a:1"), job("a:1")), IsEmpty());
  EXPECT_THAT(cannot_be_undone({}, job("a:1")), IsEmpty());
}

// ---- all together

struct FakeImages final : ports::Images {
  std::string name_ = "registry", host_ = "registry.example.com";
  Result<ports::ImageFacts> answer = ports::ImageFacts{};
  std::vector<std::string> asked;
  const std::string& name() const override { return name_; }
  const std::string& host() const override { return host_; }
  Result<ports::ImageFacts> look(const Ctx&, const std::string& repository, const std::string& reference) override {
    asked.push_back(repository + " " + reference);
    return answer;
  }
  Result<std::string> check(const Ctx&) override { return std::string("answers"); }
};

class PreflightTest : public testing::Test {
 protected:
  void SetUp() override {
    auto view = std::make_shared<PlatformView>();
    view->platform =
        std::shared_ptr<const model::Platform>(model::parse_platform(model::kDefaultPlatform).value.release());
    wish_.target = {"local", "shop", "web"};
    wish_.view = view;
    app_ = web();
    options_.images = [this](const std::string& host) { return host == images_.host_ ? &images_ : nullptr; };
  }
  std::string run(const std::string& manifests) {
    wish_.app = std::make_shared<model::App>(app_);
    auto list = resources(manifests);
    auto found = preflight(Ctx{}, options_, {wish_, list, "shop-local", kImage, std::nullopt});
    EXPECT_TRUE(found) << found.error().text();
    return found ? all(*found) : "";
  }
  FakeImages images_;
  PreflightOptions options_;
  Wish wish_;
  model::App app_;
};

TEST_F(PreflightTest, AnImageThatIsNotThereIsAnErrorAndARegistryThatIsAwayIsNot) {
  images_.answer = fail(Code::kNotFound, "manifest unknown");
  EXPECT_THAT(run(deployment("")), HasSubstr("error the image registry.example.com/web:1 is not in the registry"));
  EXPECT_THAT(images_.asked, ElementsAre("web 1"));
  images_.answer = fail(Code::kUnavailable, "no route to host");
  EXPECT_EQ(run(deployment("")), "unchecked the image registry.example.com/web:1 (no route to host)\n");
  images_.answer = fail(Code::kDenied, "who are you?");
  EXPECT_THAT(run(deployment("")), HasSubstr("unchecked the image"));
}

TEST_F(PreflightTest, WhatNobodyCanCheckIsNamedOnce) {
  images_.host_ = "elsewhere.example.com";
  app_.secrets = {{"KEY", ""}};
  EXPECT_EQ(run(deployment("") + "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\n"),
            "unchecked kinds of the cluster (no instance of kind kubernetes)\n"
            "unchecked images of registry.example.com (no instance of kind registry)\n"
            "unchecked whether the store has the secrets (local names no instance of kind vault)\n");
  EXPECT_EQ(run("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"),
            "unchecked whether the store has the secrets (local names no instance of kind vault)\n");
}

}  // namespace
}  // namespace autonomous::daemon
