// platform.yaml: the example of the design, the embedded default, and what is said about mistakes.
#include "gitops/model/platform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string platform_errors(std::string_view text) {
  auto platform = parse_platform(text);
  EXPECT_FALSE(platform);
  std::string out;
  for (const Error& error : platform.errors) out += error.text() + "\n";
  return out;
}

std::vector<std::string> names(const std::vector<const Environment*>& environments) {
  std::vector<std::string> out;
  for (const Environment* environment : environments) out.push_back(environment->name);
  return out;
}

constexpr std::string_view kExample = R"(version: 1
instances: {argocd-prod: {kind: argocd, url: https://argo.example.com}, vault-prod: {kind: vault, url: https://vault.example.com}}
projects: {shop: {source: https://git.example.com/acme/shop.git, owners: [group:shop]}, tools: {source: https://git.example.com/acme/tools.git, branch: trunk, environments: [staging]}}
roles: {developer: [deploy, retry], approver: [approve], oncall: {can: [rollback, hold, resume], members: [user:jane]}}
environments:
  review: {from: branch release/*}
  staging: {from: branch main, domain: "{app}-{project}.stg.example.com", secrets: "kv/{env}/{project}/{app}"}
  trunk: {from: default branch}
  production:
    from: staging
    bake: 30m
    instances: [argocd-prod, vault-prod]
    write: push
    approvals: {count: 2, from: approver, not: [author, requester]}
    rollback: {approvals: 0, in-freeze: allowed, automatic: true}
    freeze: [{weekly: Fri 16:00-Mon 06:00, zone: Europe/Berlin}]
    ticket: "CHG[0-9]+"
    hold: until-next-commit
    protected: true
    defaults: {resources: {cpu: 1}}
    policies: {registries: [registry.example.com], kinds: {deny: [ClusterRole]}, network: strict}
)";

TEST(Platform, ReadsTheExampleOfTheDesign) {
  auto platform = parse_platform(kExample);
  ASSERT_TRUE(platform) << platform.error().text();
  const Environment& production = platform->environments.at("production");
  EXPECT_EQ(production.from.kind, Feed::Kind::kEnvironment);
  EXPECT_EQ(production.from.name, "staging");
  EXPECT_EQ(production.reconcile, "argocd-prod");  // the only one
  EXPECT_EQ(production.approvals.count, 2u);
  EXPECT_THAT(production.approvals.without, ElementsAre("author", "requester"));
  EXPECT_EQ(production.rollback.approvals, 0u);
  EXPECT_TRUE(production.rollback.automatic);
  EXPECT_EQ(production.freeze.at(0).from_minute, 4u * 1440 + 16 * 60);
  EXPECT_EQ(production.freeze.at(0).to_minute, 6u * 60);
  EXPECT_EQ(production.bake, Millis(1'800'000));
  EXPECT_TRUE(production.hold_until_next_commit);
  EXPECT_TRUE(production.is_protected);
  EXPECT_TRUE(production.policies.strict_network);
  EXPECT_THAT(production.policies.deny_kinds, ElementsAre("ClusterRole"));
  EXPECT_NE(production.defaults.find("resources"), nullptr);
  EXPECT_THAT(platform->roles.at("developer").can, ElementsAre("deploy", "retry"));
  EXPECT_THAT(platform->roles.at("oncall").members, ElementsAre("user:jane"));
  Target target{"staging", "shop", "web"};
  EXPECT_EQ(namespace_of(platform->environments.at("staging"), target), "shop-staging");
  EXPECT_EQ(expand(platform->environments.at("staging").domain, target), "web-shop.stg.example.com");
  EXPECT_EQ(expand(platform->environments.at("staging").secrets, target), "kv/staging/shop/web");
}

TEST(Platform, MapsBranchesToEnvironments) {
  auto platform = parse_platform(kExample);
  ASSERT_TRUE(platform);
  EXPECT_THAT(names(environments_for(*platform, "shop", "main", "main")), ElementsAre("staging", "trunk"));
  EXPECT_THAT(names(environments_for(*platform, "shop", "main", "master")), ElementsAre("staging"));
  EXPECT_THAT(names(environments_for(*platform, "new", "release/1", "main")), ElementsAre("review"));
  EXPECT_THAT(names(environments_for(*platform, "tools", "trunk", "main")), ElementsAre());  // bound to staging only
  EXPECT_THAT(names(environments_for(*platform, "shop", "feature", "main")), ElementsAre());
  EXPECT_THAT(names(promoted_from(*platform, "staging")), ElementsAre("production"));
}

TEST(Platform, TheDefaultHasOneEnvironment) {
  auto platform = parse_platform(kDefaultPlatform);
  ASSERT_TRUE(platform) << platform.error().text();
  EXPECT_EQ(platform->environments.size(), 1u);
  EXPECT_THAT(names(environments_for(*platform, "shop", "trunk", "trunk")), ElementsAre("local"));
  EXPECT_EQ(namespace_of(platform->environments.at("local"), {"local", "shop", "web"}), "shop-local");
}

TEST(Platform, TellsAllMistakesAtOnce) {
  EXPECT_EQ(
      platform_errors(R"(version: 1
instances: {argo: {kind: argocd, url: "https://me:secret@argo", token: x}}
environments:
  production:
    from: branch
    aprovals: 2
    domain: "{name}.example.com"
    ticket: "CHG["
    freeze: [{weekly: Friday}]
    bake: soon
)"),
      R"(platform.yaml:2:39: instances.argo.url: a URL here must not hold a password; credentials belong to daemon.yaml, as files
  instances: {argo: {kind: argocd, url: "https://me:secret@argo", token: x}}
                                        ^
platform.yaml:2:65: instances.argo: 'token' does not belong here
  instances: {argo: {kind: argocd, url: "https://me:secret@argo", token: x}}
                                                                  ^
  hint: credentials belong to daemon.yaml, as files: instances: {NAME: {credential: /path}}
platform.yaml:5:11: environments.production.from: which branch? (from: branch main)
      from: branch
            ^
platform.yaml:6:5: environments.production: unknown key 'aprovals'; did you mean 'approvals'?
      aprovals: 2
      ^
platform.yaml:7:13: environments.production.domain: '{name}' is not known here: {env}, {project} and {app} are
      domain: "{name}.example.com"
              ^
platform.yaml:8:13: environments.production.ticket: this is no pattern: missing ]: [
      ticket: "CHG["
              ^
platform.yaml:9:23: environments.production.freeze[0].weekly: expected a span like Fri 16:00-Mon 06:00, not 'Friday'
      freeze: [{weekly: Friday}]
                        ^
platform.yaml:10:11: environments.production.bake: expected a duration (30s, 5m, 2h, 7d), not 'soon'
      bake: soon
            ^
)");
}

TEST(Platform, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {a: {from: b}, b: {from: a}}\n"),
              HasSubstr("feed each other in a circle"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {prod: {from: stagin}, staging: {}}\n"),
              HasSubstr("2:29: environments.prod.from: there is no environment 'stagin'; did you mean 'staging'?"));
  EXPECT_THAT(
      platform_errors("version: 1\ninstances: {argo: {kind: argocd}}\nenvironments: {prod: {instances: [arog]}}\n"),
      HasSubstr("there is no instance 'arog'; did you mean 'argo'?"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {prod: {approvals: {from: boss}}}\n"),
              HasSubstr("there is no role 'boss'"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {}\n"), HasSubstr("there is none"));
  EXPECT_THAT(platform_errors("version: 1\nprojects: {a: https://x/y, b: https://x/y}\nenvironments: {l: {}}\n"),
              HasSubstr("project 'a' has the same source and folder"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {l: {defaults: {scal: 1}}}\n"),
              HasSubstr("unknown key 'scal'; did you mean 'scale'?"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {l: {freeze: [{zone: Europe/Berln, weekly: Fri-Sun}]}}\n"),
              HasSubstr("knows no time zone 'Europe/Berln'"));
  EXPECT_THAT(platform_errors(""), HasSubstr("'version' is missing"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {l: {}}\n---\na: 1\n"), HasSubstr("platform.yaml:3:"));
}

constexpr std::string_view kQuotas = R"(version: 1
projects: {shop: {quota: {production: {cpu: "80"}}}}
environments:
  production:
    from: branch main
    policies: {quota: {cpu: "40", memory: 64Gi, pods: 200}, requests: {cpu: 20m}, pod-security: restricted, max: {cpu: 2}}
)";

TEST(Platform, AProjectsQuotaIsLaidOverTheEnvironments) {
  auto platform = parse_platform(kQuotas);
  ASSERT_TRUE(platform) << platform.error().text();
  const Environment* environment = find_environment(*platform, "production");
  ASSERT_NE(environment, nullptr);
  EXPECT_EQ(environment->policies.pod_security, "restricted");
  EXPECT_EQ(environment->policies.request_cpu, "20m");
  EXPECT_EQ(quota_of(*platform, *environment, "other"), (Quota{"40", "64Gi", "", 200}));
  EXPECT_EQ(quota_of(*platform, *environment, "shop"), (Quota{"80", "64Gi", "", 200}));
}

TEST(Platform, RulesKnowTheirLine) {
  auto platform = parse_platform(kQuotas);
  ASSERT_TRUE(platform);
  auto place = place_of_rule(*platform, "production", "max.cpu");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->line, 6u);
  EXPECT_EQ(place->file, "platform.yaml");
  EXPECT_FALSE(place_of_rule(*platform, "production", "max.memory"));
  EXPECT_FALSE(place_of_rule(*platform, "nowhere", "max.cpu"));
  EXPECT_EQ(place_of_quota(*platform, "production", "shop", "cpu")->line, 2u);
  EXPECT_EQ(place_of_quota(*platform, "production", "shop", "memory")->line, 6u);
}

TEST(Platform, AQuotaOfAnEnvironmentThatIsNoneIsAnError) {
  EXPECT_THAT(platform_errors("version: 1\nprojects: {shop: {quota: {prodution: {cpu: 1}}}}\n"
                              "environments: {production: {}}\n"),
              HasSubstr("there is no environment 'prodution'; did you mean 'production'?"));
  EXPECT_THAT(platform_errors("version: 1\nenvironments: {production: {policies: {quota: {cpu: lots}}}}\n"),
              HasSubstr("quota.cpu"));
}

}  // namespace
}  // namespace autonomous::model
