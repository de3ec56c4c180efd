#include "daemon/pipeline/route_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<RouteClaim> claims_of(const std::string& text) {
  auto found = app::split_manifests(text, "test.yaml");
  EXPECT_TRUE(found) << found.error().text();
  return found ? route_claims(*found) : std::vector<RouteClaim>{};
}

model::App built_in(const std::string& name) {
  model::App app;
  app.name = name;
  return app;
}

std::string said_of(const Preflight& preflight) {
  std::string out;
  for (const Error& error : preflight.errors) out += error.text() + "\n";
  return out;
}

TEST(RouteClaims, RoutesAndIngressesClaimHostsWithPaths) {
  auto claims = claims_of(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\n"
      "spec: {hostnames: [a.example.com], rules: [{matches: [{path: {value: /api}}, {path: {value: /v2}, headers: [{name: x, value: y}]}]}, {}]}\n---\n"
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n"
      "spec: {rules: [{host: b.example.com, http: {paths: [{path: /}]}}, {http: {paths: [{path: /}]}}]}\n---\n"
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n");
  std::vector<std::string> said;
  for (const RouteClaim& claim : claims) said.push_back(claim.host + claim.path + " " + claim.by);
  EXPECT_THAT(said, ElementsAre("a.example.com/ HTTPRoute/web", "a.example.com/api HTTPRoute/web",
                                "b.example.com/ Ingress/web"));
}

TEST(RouteClaims, TheSameHostWithAnotherPathIsFree) {
  RouteClaims taken{{{"local", "blog", "site"}, {{"a.example.com", "/", "HTTPRoute/site"}}}};
  EXPECT_EQ(said_of(check_hosts(built_in("web"), {{"a.example.com", "/api", "HTTPRoute/web"}}, taken, {})), "");
  std::string said = said_of(check_hosts(built_in("web"), {{"a.example.com", "/", "HTTPRoute/web"}}, taken, {}));
  EXPECT_THAT(said, HasSubstr("HTTPRoute/web: a.example.com/ is taken by local/blog/site (HTTPRoute/site)\n"));
  EXPECT_THAT(said, HasSubstr("routes: {another.example.com: /}"));
}

TEST(RouteClaims, WhoIsOnTheirWayIsSaid) {
  RouteClaims taken{{{"local", "blog", "site"}, {{"a.example.com", "/", "HTTPRoute/site"}}}};
  EXPECT_THAT(said_of(check_hosts(built_in("web"), {{"a.example.com", "/", "HTTPRoute/web"}}, taken,
                                  {{"local", "blog", "site"}})),
              HasSubstr("is taken by local/blog/site (HTTPRoute/site), which is on its way"));
}

}  // namespace
}  // namespace autonomous::daemon
