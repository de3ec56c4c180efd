#include "plugins/registry/registry.h"

#include <gtest/gtest.h>

#include "gitops/base/digest.h"
#include "tests/support/loopback.h"

namespace autonomous::registry {
namespace {

using testing::Asked;
using testing::Loopback;
using Answer = Loopback::Answer;

// As much of a registry as is read, with tokens.
struct FakeRegistry {
  std::vector<std::string> asked;  // "METHOD path | authorization"
  std::string good = "";           // the Authorization that is let in; "": everybody
  std::string challenge;           // for the others
  std::string body = "{}";
  bool lies = false;  // about digests
  Loopback server{[this](const Asked& request) { return answer(request); }};

  std::string host() const { return "127.0.0.1:" + std::to_string(server.port()); }
  std::string digest() const { return "sha256:" + sha256_hex(body); }

  Answer answer(const Asked& request) {
    auto header = request.headers.find("authorization");
    std::string authorization = header == request.headers.end() ? "" : header->second;
    asked.push_back(request.method + " " + request.path + " | " + authorization);
    if (request.path.rfind("/token", 0) == 0) return {.body = R"({"access_token": "t1"})"};
    if (!good.empty() && authorization != good) {
      return {.status = 401,
              .body = R"({"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]})",
              .headers = {"WWW-Authenticate: " + challenge}};
    }
    if (request.path == "/v2/a/b/tags/list")
      return {.body = R"({"name":"a/b","tags":["1.0.0","2.0.0"]})",
              .headers = {"Link: </v2/a/b/tags/list?last=2>; rel=\"next\""}};
    if (request.path == "/v2/a/b/tags/list?last=2") return {.body = R"({"name":"a/b","tags":["3.0.0"]})"};
    if (request.path == "/v2/a/b/manifests/1.0.0" || request.path == "/v2/a/b/blobs/" + digest()) {
      std::string said = lies ? "sha256:" + std::string(64, '0') : digest();
      return {.body = lies ? body + " " : body, .headers = {"Docker-Content-Digest: " + said}};
    }
    return {.status = 404, .body = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"};
  }

  std::string bearer() const {
    return "Bearer realm=\"" + server.url("/token") + "\",service=\"s p\",scope=\"repository:a/b:pull\"";
  }
};

struct RegistryTest : ::testing::Test {
  http::Client client;
  FakeRegistry fake;
  Registry with(const std::string& username = "", const std::string& password = "") {
    Access access;
    access.plain_http = true;
    access.username = username;
    access.password = password;
    return Registry(client, fake.host(), access);
  }
};

TEST_F(RegistryTest, TagsOverPages) {
  Registry registry = with();
  auto tags = registry.tags({}, "a/b");
  ASSERT_TRUE(tags) << tags.error().message();
  EXPECT_EQ(*tags, (std::vector<std::string>{"1.0.0", "2.0.0", "3.0.0"}));
}

TEST_F(RegistryTest, ManifestAndBlobAreVerified) {
  Registry registry = with();
  auto manifest = registry.manifest({}, "a/b", "1.0.0");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->digest, fake.digest());
  EXPECT_EQ(*registry.digest({}, "a/b", "1.0.0"), fake.digest());
  EXPECT_EQ(*registry.blob({}, "a/b", fake.digest(), 100), "{}");
  EXPECT_EQ(registry.blob({}, "a/b", fake.digest(), 1).error().code(), Code::kLimit);
  fake.lies = true;
  EXPECT_EQ(registry.manifest({}, "a/b", "1.0.0").error().code(), Code::kCorrupt);
  EXPECT_EQ(registry.blob({}, "a/b", fake.digest(), 100).error().code(), Code::kCorrupt);
}

TEST_F(RegistryTest, MissingIsToldInTheRegistrysWords) {
  Registry registry = with();
  auto missing = registry.manifest({}, "a/b", "9.9.9");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_NE(missing.error().message().find("manifest unknown"), std::string::npos) << missing.error().message();
}

TEST_F(RegistryTest, ATokenIsAskedForOnceAndKept) {
  fake.good = "Bearer t1";
  fake.challenge = fake.bearer();
  Registry registry = with("jane", "pw");
  ASSERT_TRUE(registry.manifest({}, "a/b", "1.0.0"));
  ASSERT_TRUE(registry.manifest({}, "a/b", "1.0.0"));
  EXPECT_EQ(fake.asked, (std::vector<std::string>{
                            "GET /v2/a/b/manifests/1.0.0 | ",
                            "GET /token?service=s%20p&scope=repository%3Aa%2Fb%3Apull | Basic amFuZTpwdw==",
                            "GET /v2/a/b/manifests/1.0.0 | Bearer t1", "GET /v2/a/b/manifests/1.0.0 | Bearer t1"}));
}

TEST_F(RegistryTest, AnonymousTokensToo) {
  fake.good = "Bearer t1";
  fake.challenge = fake.bearer();
  ASSERT_TRUE(with().manifest({}, "a/b", "1.0.0"));
  EXPECT_EQ(fake.asked[1], "GET /token?service=s%20p&scope=repository%3Aa%2Fb%3Apull | ");
}

TEST_F(RegistryTest, Basic) {
  fake.good = "Basic amFuZTpwdw==";
  fake.challenge = "Basic realm=\"r\"";
  ASSERT_TRUE(with("jane", "pw").manifest({}, "a/b", "1.0.0"));
  auto denied = with("jane", "wrong").manifest({}, "a/b", "1.0.0");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_NE(denied.error().message().find("who are you?"), std::string::npos) << denied.error().message();
}

TEST_F(RegistryTest, CredentialsGoToNoOtherDomain) {
  fake.good = "Bearer t1";
  fake.challenge = "Bearer realm=\"https://auth.example.net/token\",service=\"s\"";
  auto denied = with("jane", "pw").manifest({}, "a/b", "1.0.0");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_NE(denied.error().message().find("https://auth.example.net/token"), std::string::npos);
  EXPECT_EQ(fake.asked.size(), 1u);
}

}  // namespace
}  // namespace autonomous::registry
