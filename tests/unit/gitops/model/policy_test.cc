// What an environment allows: images, kinds, tickets, freezes in their own time zone.
#include "gitops/model/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gitops/model/image.h"
#include "gitops/model/zone.h"

namespace autonomous::model {
namespace {

using ::testing::HasSubstr;

const std::string kImageDigest = "sha256:" + std::string(64, 'a');

Time moment(std::string_view text) { return parse_time(text).value(); }

Environment frozen_environment(std::string_view lines) {
  auto platform = parse_platform("version: 1\nenvironments: {production: {freeze: " + std::string(lines) + "}}\n");
  EXPECT_TRUE(platform) << platform.error().text();
  return platform ? platform->environments.at("production") : Environment{};
}

TEST(Image, IsTakenApartAsDockerDoes) {
  auto image = ImageRef::parse("nginx");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->name(), "docker.io/library/nginx");
  EXPECT_EQ(image->str(), "nginx");
  image = ImageRef::parse("localhost:5000/a/b:1.2@" + kImageDigest);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->registry, "localhost:5000");
  EXPECT_EQ(image->repository, "a/b");
  EXPECT_EQ(image->tag, "1.2");
  EXPECT_EQ(image->digest, kImageDigest);
  EXPECT_EQ(image->str(), "localhost:5000/a/b:1.2@" + kImageDigest);
  EXPECT_EQ(ImageRef::parse("acme/web:1")->name(), "docker.io/acme/web");
  for (const char* wrong : {"", "Nginx", "a//b", "a:", "a@sha256:12", "a:b c", "/a", "a/"})
    EXPECT_FALSE(ImageRef::parse(wrong)) << wrong;
}

TEST(Image, ItsChartValuesGiveTheReferenceBack) {
  for (const std::string& text :
       {"r.example.com/a:1@" + kImageDigest, "r.example.com/a@" + kImageDigest, std::string("r.example.com/a:1")}) {
    ImageValues values = image_values(*ImageRef::parse(text));
    EXPECT_EQ(values.repository + ":" + values.tag, text);
  }
}

TEST(Policy, KnowsWhereImagesMayComeFrom) {
  Policies policies;
  policies.registries = {"registry.example.com", "ghcr.io/acme/"};
  EXPECT_TRUE(check_image(policies, "registry.example.com/x/y:1", "").empty());
  EXPECT_TRUE(check_image(policies, "ghcr.io/acme/web", "").empty());
  EXPECT_EQ(check_image(policies, "ghcr.io/acmeevil/web", "").size(), 1u);
  EXPECT_EQ(check_image(policies, "registry.example.com.evil.org/x", "").size(), 1u);
  auto nginx = check_image(policies, "nginx", "Deployment/web");
  ASSERT_EQ(nginx.size(), 1u);
  EXPECT_EQ(nginx[0].rule, "registries");
  EXPECT_EQ(
      nginx[0].message,
      "image 'nginx' comes from docker.io; this environment takes images from registry.example.com, ghcr.io/acme/");
  policies.registries.clear();
  policies.digests = true;
  EXPECT_EQ(check_image(policies, "nginx", "").size(), 1u);
  EXPECT_TRUE(check_image(policies, "nginx@" + kImageDigest, "").empty());
}

TEST(Policy, LimitsWhatAnAppMayAskFor) {
  Policies policies;
  policies.max_cpu = "2";
  policies.max_memory = "1Gi";
  policies.max_pods = 10;
  using What = Ask::What;
  PolicyResource web{"apps", "Deployment", "web", {}, {}};
  web.asks = {{What::kCpu, "container web", "1500m"},     {What::kCpu, "container web", "2500m"},
              {What::kMemory, "container web", "1024Mi"}, {What::kMemory, "container web", "1.1G"},
              {What::kStorage, "volume data", "100Ti"},   {What::kPods, "", "11"},
              {What::kMemory, "container odd", "much"}};
  auto found = check_resources(policies, {web});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].rule, "max.cpu");
  EXPECT_EQ(found[0].message, "container web: 2500m cpu is more than this environment allows (2)");
  EXPECT_EQ(found[1].message, "container web: 1.1G memory is more than this environment allows (1Gi)");
  EXPECT_EQ(found[2].message, "11 pods is more than this environment allows (10)");
  EXPECT_EQ(found[3].message, "container odd: 'much' is no quantity (250m, 1, 256Mi)");
}

TEST(Policy, JudgesKindsLabelsAndImagesOfEachResource) {
  Policies policies;
  policies.deny_kinds = {"ClusterRole", "apps/DaemonSet"};
  policies.required_labels = {"team"};
  auto found = check_resources(policies, {{"rbac.authorization.k8s.io", "ClusterRole", "admin", {"team"}, {}},
                                          {"apps", "DaemonSet", "d", {}, {}},
                                          {"other", "DaemonSet", "d", {"team"}, {"Bad Image"}}});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].resource, "ClusterRole/admin");
  EXPECT_EQ(found[1].rule, "kinds.deny");
  EXPECT_EQ(found[2].message, "the label 'team' is missing");
  EXPECT_EQ(found[3].rule, "image");
  policies = {};
  policies.allow_kinds = {"apps/*", "Service"};
  found = check_resources(
      policies, {{"", "Service", "a", {}, {}}, {"apps", "Deployment", "a", {}, {}}, {"", "Pod", "a", {}, {}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].resource, "Pod/a");
}

TEST(Policy, NamespacesAreThePlatformsWhereItSaysWhatTheyEnforce) {
  Policies policies;
  EXPECT_TRUE(check_resources(policies, {{"", "Namespace", "shop", {}, {}}}).empty());
  policies.pod_security = "restricted";
  auto found = check_resources(policies, {{"", "Namespace", "shop", {}, {}}, {"other", "Namespace", "a", {}, {}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rule, "pod-security");
}

TEST(Policy, WantsATicketThatMatchesWhole) {
  Environment environment;
  environment.name = "production";
  EXPECT_FALSE(check_ticket(environment, ""));
  environment.ticket = "CHG[0-9]+";
  EXPECT_TRUE(check_ticket(environment, ""));
  EXPECT_TRUE(check_ticket(environment, "xCHG1"));
  EXPECT_EQ(check_ticket(environment, "CHG1 and more")->message,
            "'production' wants a ticket like CHG[0-9]+, not 'CHG1 and more'");
  EXPECT_FALSE(check_ticket(environment, "CHG123"));
}

TEST(Policy, FreezesByTheClockOnTheWall) {
  Environment environment =
      frozen_environment("[{weekly: Fri 16:00-Mon 06:00, zone: Europe/Berlin, because: weekend}]");
  // Friday 2026-03-27, winter time there: 16:00 is 15:00 UTC. On Sunday the 29th summer begins: Monday 06:00 is 04:00
  // UTC.
  EXPECT_FALSE(frozen(environment, moment("2026-03-27T14:59:59Z")).value());
  auto window = frozen(environment, moment("2026-03-27T15:00:00Z")).value();
  ASSERT_TRUE(window);
  EXPECT_EQ(window->because, "weekend");
  EXPECT_EQ(window->text, "Fri 16:00-Mon 06:00 Europe/Berlin");
  EXPECT_EQ(format_time(window->until), "2026-03-30T04:00:00Z");
  EXPECT_TRUE(frozen(environment, moment("2026-03-30T03:59:59Z")).value());
  EXPECT_FALSE(frozen(environment, moment("2026-03-30T04:00:00Z")).value());
}

TEST(Policy, FreezesOnceAndTakesTheLastEnd) {
  Environment environment =
      frozen_environment("[{from: 2026-12-20, to: 2027-01-03T12:00:00+01:00}, {weekly: Mon-Sun}]");
  EXPECT_EQ(format_time(frozen(environment, moment("2026-12-21T00:00:00Z")).value()->until), "2027-01-03T11:00:00Z");
  EXPECT_EQ(format_time(frozen(environment, moment("2027-01-04T10:00:00Z")).value()->until), "2027-01-11T00:00:00Z");
}

TEST(Policy, RollbacksHaveTheirOwnRules) {
  auto platform = parse_platform(
      "version: 1\nenvironments: {a: {approvals: 2, rollback: {approvals: 0}}, b: {approvals: 1, rollback: {in-freeze: denied}}}\n");
  ASSERT_TRUE(platform);
  const Environment& a = platform->environments.at("a");
  const Environment& b = platform->environments.at("b");
  EXPECT_EQ(approvals_needed(a, Intent::kRelease), 2u);
  EXPECT_EQ(approvals_needed(a, Intent::kRollback), 0u);
  EXPECT_EQ(approvals_needed(b, Intent::kRollback), 1u);
  EXPECT_FALSE(freeze_applies(a, Intent::kRollback));
  EXPECT_TRUE(freeze_applies(b, Intent::kRollback));
}

TEST(Zone, KnowsOffsetsFromTheDatabaseAndBeyondIt) {
  auto berlin = Zone::load("Europe/Berlin");
  ASSERT_TRUE(berlin) << berlin.error().text();
  EXPECT_EQ(berlin->offset_at(moment("2026-01-15T12:00:00Z")), 3600);
  EXPECT_EQ(berlin->offset_at(moment("2026-07-15T12:00:00Z")), 7200);
  EXPECT_EQ(berlin->offset_at(moment("2060-07-15T12:00:00Z")), 7200);  // by the rule at the file's end
  EXPECT_EQ(berlin->offset_at(moment("2060-01-15T12:00:00Z")), 3600);
  auto auckland = Zone::load("Pacific/Auckland");
  ASSERT_TRUE(auckland);
  EXPECT_EQ(auckland->offset_at(moment("2060-01-15T12:00:00Z")), 13 * 3600);
  EXPECT_EQ(auckland->offset_at(moment("2060-07-15T12:00:00Z")), 12 * 3600);
  EXPECT_EQ(Zone::load("+05:30")->offset_at(moment("2026-01-01T00:00:00Z")), 19'800);
  EXPECT_EQ(Zone::load("UTC")->minute_of_week(moment("2026-11-23T00:01:00Z")), 1u);  // a Monday
  EXPECT_EQ(Zone::load("-01:00")->minute_of_week(moment("2026-11-23T00:01:00Z")), 6u * 1440 + 23 * 60 + 1);
  EXPECT_THAT(Zone::load("Mars/Olympus").error().message(), HasSubstr("knows no time zone 'Mars/Olympus'"));
  EXPECT_FALSE(Zone::load("../../etc/passwd"));
  EXPECT_FALSE(Zone::parse("TZif2"));
  EXPECT_FALSE(Zone::parse(std::string("TZif2") + std::string(100, '\xff')));
}

}  // namespace
}  // namespace autonomous::model
