#include "plugins/registry/challenge.h"

#include <gtest/gtest.h>

namespace autonomous::registry {
namespace {

TEST(Challenge, BearerWithItsParameters) {
  auto got = parse_challenge(
      R"(Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:a/b:pull,push")");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->scheme, Challenge::Scheme::kBearer);
  EXPECT_EQ(got->realm, "https://auth.example.com/token");
  EXPECT_EQ(got->service, "registry.example.com");
  EXPECT_EQ(got->scope, "repository:a/b:pull,push");
}

TEST(Challenge, LooseSpelling) {
  auto got = parse_challenge(R"(  bearer  Realm=https://a/t , service="a \"quoted\" one" )");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->realm, "https://a/t");
  EXPECT_EQ(got->service, "a \"quoted\" one");
}

TEST(Challenge, WhatRegistriesDoNotUse) {
  EXPECT_EQ(parse_challenge(R"(Basic realm="x")")->scheme, Challenge::Scheme::kBasic);
  EXPECT_FALSE(parse_challenge(R"(Digest realm="x")"));
  EXPECT_FALSE(parse_challenge(R"(Bearer service="x")"));
  EXPECT_FALSE(parse_challenge(R"(Bearer realm="never closed)"));
  EXPECT_FALSE(parse_challenge(""));
}

TEST(Challenge, CredentialsStayInTheDomain) {
  struct Case {
    const char *realm, *host;
    bool plain, may;
  };
  for (const Case& one : {Case{"https://auth.docker.io/token", "registry-1.docker.io", false, true},
                          Case{"https://ghcr.io/token", "ghcr.io", false, true},
                          Case{"https://127.0.0.1:5001/token", "127.0.0.1:5000", false, true},
                          Case{"https://10.0.0.1/token", "10.9.0.1", false, false},
                          Case{"https://evil.example.net/token", "registry.example.com", false, false},
                          Case{"https://example.com.evil.net/token", "registry.example.com", false, false},
                          Case{"https://registry.example.com@evil.net/t", "registry.example.com", false, false},
                          Case{"http://registry.example.com/token", "registry.example.com", false, false},
                          Case{"http://registry.example.com/token", "registry.example.com", true, true},
                          Case{"file:///etc/passwd", "registry.example.com", true, false}}) {
    EXPECT_EQ(may_see_credentials(one.realm, one.host, one.plain, {}), one.may) << one.realm << " for " << one.host;
  }
  EXPECT_TRUE(may_see_credentials("https://sso.other.org/t", "registry.example.com", false, {"sso.other.org"}));
}

}  // namespace
}  // namespace autonomous::registry
