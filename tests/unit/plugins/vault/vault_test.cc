// A strict stand-in for Vault: it answers what the real one answers (openbao 2.7.2), and nothing that has a value in
// it.
#include "plugins/vault/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/loopback.h"

namespace autonomous::vault {
namespace {

using autonomous::testing::Asked;
using autonomous::testing::Loopback;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answer = Loopback::Answer;

class VaultTest : public ::testing::Test {
 protected:
  Answer answer(const Asked& request) {
    asked_.push_back(request.method + " " + request.path);
    EXPECT_EQ(request.headers.count("x-vault-request"), 1u);
    if (down_) return {.status = 503, .body = R"({"errors":["Vault is sealed"]})"};
    if (request.path == "/v1/sys/health")
      return {.status = health_, .body = R"({"initialized":true,"sealed":false,"version":"2.7.2"})"};
    if (request.path.ends_with("/login")) {
      if (request.body.find("s3cret") == std::string::npos)
        return {.status = 400, .body = R"({"errors":["invalid role or secret ID"]})"};
      return {.body = R"({"auth":{"client_token":"t)" + std::to_string(++logins_) + R"(","lease_duration":3600}})"};
    }
    if (!request.headers.contains("x-vault-token") || !tokens_.contains(request.headers.at("x-vault-token")))
      return {.status = 403, .body = R"({"errors":["permission denied"]})"};
    auto found = paths_.find(request.path);
    if (found == paths_.end()) return {.status = 404, .body = R"({"errors":[]})"};
    return found->second;
  }
  std::unique_ptr<ports::Secrets> store(std::map<std::string, std::string> options = {}) {
    ports::Instance instance;
    instance.name = "vault-prod";
    instance.kind = "vault";
    instance.url = server_.url() + "/";
    instance.credential = [this] { return Result<std::string>(credential_ + "\n"); };
    instance.options = std::move(options);
    auto made = make({client_, clock_}, instance);
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
  static model::SecretPlace place(const std::string& written) { return model::parse_secret_place(written, "KEY"); }

  bool down_ = false;
  int health_ = 200, logins_ = 0;
  std::string credential_ = "root";
  std::set<std::string> tokens_ = {"root", "t1", "t2"};
  std::map<std::string, Answer> paths_ = {
      {"/v1/sys/internal/ui/mounts/kv", {.body = R"({"data":{"type":"kv","options":{"version":"2"}}})"}},
      {"/v1/sys/internal/ui/mounts/old", {.body = R"({"data":{"type":"kv","options":{"version":"1"}}})"}},
      {"/v1/sys/internal/ui/mounts/database", {.body = R"({"data":{"type":"database","options":null}})"}},
      {"/v1/sys/internal/ui/mounts/pki", {.body = R"({"data":{"type":"pki","options":null}})"}},
      {"/v1/sys/internal/ui/mounts/gone",
       {.status = 403, .body = R"({"errors":["preflight capability check returned 403"]})"}},
      {"/v1/auth/token/lookup-self", {.body = R"({"data":{"policies":["root"]}})"}},
  };
  std::vector<std::string> asked_;
  FakeClock clock_{Time{}};
  Loopback server_{[this](const Asked& request) { return answer(request); }};
  http::Client client_;
};

TEST_F(VaultTest, KeysOfASecretWithoutItsValues) {
  paths_["/v1/kv/subkeys/prod/shop?depth=1"] = {
      .body = R"({"data":{"metadata":{"version":3},"subkeys":{"STRIPE_KEY":null,"nested":{"a":null}}}})"};
  auto facts = store()->look(Ctx{}, place("kv/prod/shop"));
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_THAT(*facts->keys, ElementsAre("STRIPE_KEY", "nested"));
  EXPECT_THAT(asked_, ElementsAre("GET /v1/sys/internal/ui/mounts/kv", "GET /v1/kv/subkeys/prod/shop?depth=1"));
}

TEST_F(VaultTest, AnOldVersionIsAskedForByItsNumber) {
  paths_["/v1/kv/subkeys/prod/shop?depth=1&version=2"] = {.body = R"({"data":{"subkeys":{"A":null}}})"};
  EXPECT_TRUE(store()->look(Ctx{}, place("kv/prod/shop#A@2")));
  auto none = store()->look(Ctx{}, place("kv/prod/shop#A@9"));
  EXPECT_EQ(none.error().message(), "kv/prod/shop version 9 is not there");
}

TEST_F(VaultTest, WhatIsNotThereIsToldFromWhatWasTakenAway) {
  auto none = store()->look(Ctx{}, place("kv/none"));
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_EQ(none.error().message(), "kv/none is not there");
  paths_["/v1/kv/subkeys/none?depth=1"] = {
      .status = 404,
      .body = R"({"data":{"metadata":{"deletion_time":"2026-11-01T00:00:00Z","destroyed":false},"subkeys":null}})"};
  EXPECT_EQ(store()->look(Ctx{}, place("kv/none")).error().message(), "kv/none was deleted");
  paths_["/v1/kv/subkeys/none?depth=1"].body = R"({"data":{"metadata":{"destroyed":true},"subkeys":null}})";
  EXPECT_EQ(store()->look(Ctx{}, place("kv/none")).error().message(), "kv/none was destroyed");
}

TEST_F(VaultTest, WhatMayNotBeLookedAtIsNoAbsence) {
  auto no_mount = store()->look(Ctx{}, place("gone/a"));
  EXPECT_EQ(no_mount.error().code(), Code::kDenied);
  EXPECT_THAT(no_mount.error().message(), HasSubstr("nothing is mounted at gone/, or its token may do nothing there"));
  paths_["/v1/kv/subkeys/a?depth=1"] = {.status = 403, .body = R"({"errors":["1 error occurred: permission denied"]})"};
  auto denied = store()->look(Ctx{}, place("kv/a"));
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_THAT(denied.error().hint(), HasSubstr(R"(path "kv/subkeys/a" { capabilities = ["read"] })"));
  EXPECT_NE(store()->look(Ctx{}, place("pki/issue")).error().code(), Code::kNotFound)
      << "nobody knows what is in there";
  EXPECT_EQ(store()->look(Ctx{}, place("kv")).error().code(), Code::kInvalid);
  down_ = true;
  EXPECT_EQ(store()->look(Ctx{}, place("kv/a")).error().code(), Code::kUnavailable);
  for (const char* hostile :
       {"", "[]", "{}", R"({"data":7})", R"({"data":{"subkeys":[1]}})", R"({"data":{"subkeys":null}})"}) {
    down_ = false;
    paths_["/v1/kv/subkeys/a?depth=1"] = {.body = hostile};
    EXPECT_EQ(store()->look(Ctx{}, place("kv/a")).error().code(), Code::kCorrupt) << hostile;
  }
}

TEST_F(VaultTest, TheFirstVersionOfTheEngineIsOnlyListed) {
  paths_["/v1/old/shop?list=true"] = {.body = R"({"data":{"keys":["web","web/"]}})"};
  auto facts = store()->look(Ctx{}, place("old/shop/web#KEY"));
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_FALSE(facts->keys);
  EXPECT_EQ(store()->look(Ctx{}, place("old/shop/api")).error().code(), Code::kNotFound);
  EXPECT_EQ(store()->look(Ctx{}, place("old/none/api")).error().code(), Code::kNotFound);
  for (const std::string& each : asked_)
    EXPECT_THAT(each, ::testing::Not(HasSubstr("old/shop/web"))) << "it has the value";
}

TEST_F(VaultTest, ARoleOfADatabaseIsLookedUpWithoutMakingAUser) {
  paths_["/v1/database/roles/web"] = {.body = R"({"data":{"db_name":"shop"}})"};
  auto facts = store()->look(Ctx{}, place("database/creds/web#password"));
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_THAT(*facts->keys, ElementsAre("password", "username"));
  EXPECT_EQ(store()->look(Ctx{}, place("database/static-creds/web")).error().message(),
            "the database database has no role web");
  for (const std::string& each : asked_) EXPECT_THAT(each, ::testing::Not(HasSubstr("creds/")));
}

TEST_F(VaultTest, ALoginIsKeptAndMadeAgainWhenItIsRefused) {
  credential_ = "s3cret";
  paths_["/v1/kv/subkeys/a?depth=1"] = {.body = R"({"data":{"subkeys":{"KEY":null}}})"};
  auto plugin = store({{"auth", "approle"}, {"role", "autonomous"}});
  EXPECT_TRUE(plugin->look(Ctx{}, place("kv/a")));
  EXPECT_TRUE(plugin->look(Ctx{}, place("kv/a")));
  EXPECT_EQ(logins_, 1);
  tokens_.erase("t1");
  EXPECT_TRUE(plugin->look(Ctx{}, place("kv/a")));
  EXPECT_EQ(logins_, 2);
  clock_.advance(Millis(2'400'001));
  tokens_.insert("t3");
  EXPECT_TRUE(plugin->look(Ctx{}, place("kv/a")));
  EXPECT_EQ(logins_, 3) << "two thirds of its lease are over";
  credential_ = "wrong";
  auto refused = store({{"auth", "kubernetes"}, {"role", "autonomous"}, {"mount", "k8s"}})->look(Ctx{}, place("kv/a"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("invalid role or secret ID"));
  EXPECT_THAT(refused.error().text(), ::testing::Not(HasSubstr("wrong"))) << "the credential is not shown";
  EXPECT_EQ(asked_.back(), "POST /v1/auth/k8s/login");
}

TEST_F(VaultTest, DoctorHearsWhetherItIsOpen) {
  EXPECT_EQ(*store()->check(Ctx{}), "2.7.2 answers");
  health_ = 429;
  EXPECT_TRUE(store()->check(Ctx{})) << "on standby";
  health_ = 503;
  EXPECT_EQ(store()->check(Ctx{}).error().message(), "it is sealed");
  health_ = 200;
  credential_ = "other";
  EXPECT_EQ(store()->check(Ctx{}).error().code(), Code::kDenied);
}

TEST(Vault, NeedsAUrlAndAKnownLogin) {
  http::Client client;
  ports::Instance instance;
  instance.name = "vault-prod";
  EXPECT_FALSE(make({client, system_clock()}, instance));
  instance.url = "https://vault.example.com:8200";
  ASSERT_TRUE(make({client, system_clock()}, instance));
  auto none = (*make({client, system_clock()}, instance))->look(Ctx{}, {"kv", "a", "KEY", "", false});
  EXPECT_THAT(none.error().text(), HasSubstr("daemon.yaml has no credential for it"));
  instance.options["auth"] = "ldap";
  EXPECT_FALSE(make({client, system_clock()}, instance));
}

}  // namespace
}  // namespace autonomous::vault
