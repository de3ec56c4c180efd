// Webhooks: whose signature counts, and which repositories a body names. The vectors are those that GitHub and the
// specification of Standard Webhooks publish.
#include "daemon/http/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/http/access.h"

namespace autonomous::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kGithub = "It's a Secret to Everybody";
const std::string kGithubSignature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const std::string kStandard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const Time kThen{std::chrono::seconds(1614265330)};

HttpRequest signed_with(std::map<std::string, std::string> headers, std::string body = "Hello, World!") {
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/webhook";
  request.body = std::move(body);
  for (auto& [name, value] : headers) request.headers[name] = value;
  return request;
}

std::string signer_of(const HttpRequest& request, Time now = kThen) {
  auto signer =
      webhook_signer(request, {{"other", "guess"}, {"github", kGithub}, {"gitlab", kStandard}, {"none", ""}}, now);
  return signer ? *signer : signer.error().message();
}

TEST(Webhook, HexadecimalSignaturesOfAllHosts) {
  EXPECT_EQ(signer_of(signed_with({{"x-hub-signature-256", "sha256=" + kGithubSignature}})), "github");
  EXPECT_EQ(signer_of(signed_with({{"x-hub-signature", "sha256=" + kGithubSignature}})), "github");
  for (const char* name : {"x-gitea-signature", "x-forgejo-signature", "x-gogs-signature"})
    EXPECT_EQ(signer_of(signed_with({{name, kGithubSignature}})), "github") << name;
  for (const std::string& wrong : {std::string(), std::string("sha256="), "sha256=" + kGithubSignature.substr(2),
                                   "sha1=" + kGithubSignature, kGithubSignature, "sha256=" + std::string(64, '0')})
    EXPECT_THAT(signer_of(signed_with({{"x-hub-signature-256", wrong}})), HasSubstr("signed")) << wrong;
  EXPECT_THAT(signer_of(signed_with({{"x-hub-signature-256", "sha256=" + kGithubSignature}}, "Hello, World")),
              HasSubstr("not known here"));
}

TEST(Webhook, StandardOnesCountForFiveMinutes) {
  const std::string body = R"({"test": 2432232314})", signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  auto request = [&](const std::string& all, const std::string& time = "1614265330") {
    return signed_with(
        {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"}, {"webhook-timestamp", time}, {"webhook-signature", all}},
        body);
  };
  EXPECT_EQ(signer_of(request(signature)), "gitlab");
  EXPECT_EQ(signer_of(request("v2,x v1,bm8= " + signature)), "gitlab");
  EXPECT_EQ(signer_of(request(signature), kThen + std::chrono::minutes(5)), "gitlab");
  EXPECT_THAT(signer_of(request(signature), kThen + std::chrono::minutes(6)), HasSubstr("5 minutes"));
  EXPECT_THAT(signer_of(request(signature), kThen - std::chrono::minutes(6)), HasSubstr("5 minutes"));
  EXPECT_THAT(signer_of(request(signature, "1614265331")), HasSubstr("not known here"));
  EXPECT_THAT(signer_of(request(signature.substr(3))), HasSubstr("not known here"));
  for (const char* time : {"", "-1", "1e9", "99999999999999999999"})
    EXPECT_THAT(signer_of(request(signature, time)), HasSubstr("webhook-timestamp")) << time;
}

TEST(Webhook, GitlabsPlainToken) {
  EXPECT_EQ(signer_of(signed_with({{"x-gitlab-token", kGithub}})), "github");
  EXPECT_THAT(signer_of(signed_with({{"x-gitlab-token", "guess "}})), HasSubstr("not known here"));
  EXPECT_THAT(signer_of(signed_with({{"x-gitlab-token", ""}})), HasSubstr("not signed"));
  // A signature that is there is what counts: a token beside it does not make up for it.
  EXPECT_THAT(signer_of(signed_with({{"x-gitlab-token", kGithub}, {"x-gitea-signature", std::string(64, '0')}})),
              HasSubstr("not known here"));
}

TEST(Webhook, OnlyWhereASecretIsKnownAndFromAnywhere) {
  HttpRequest request = signed_with({{"x-hub-signature-256", "sha256=" + kGithubSignature}});
  request.headers["host"] = "autonomous.example.com";
  request.headers["x-forwarded-for"] = "192.0.2.1";
  AccessRules rules;
  EXPECT_THAT(check_access(rules, request, Permission::kSigned, "socket").why, HasSubstr("names no secret"));
  rules.webhooks = [] { return std::vector<Token>{{"github", kGithub}}; };
  EXPECT_EQ(check_access(rules, request, Permission::kSigned, "socket").caller.how, "webhook github");
  request.body += " ";
  EXPECT_EQ(check_access(rules, request, Permission::kSigned, "socket").status, 403);
  // Nobody is let in who could act in other ways.
  request.headers.erase("x-hub-signature-256");
  request.peer.unix_socket = true;
  request.peer.uid = 0;
  EXPECT_FALSE(check_access(rules, request, Permission::kSigned, "socket").allowed);
}

TEST(Webhook, NamesTheRepositoriesOfEachHost) {
  EXPECT_THAT(*webhook_places(R"({"repository": {"clone_url": "https://github.com/Acme/Shop.git",
      "ssh_url": "git@github.com:acme/shop.git", "html_url": "https://github.com/acme/shop",
      "issues_url": "https://api.github.com/repos/acme/shop/issues{/number}", "owner": {"html_url": "https://github.com/acme"}}})"),
              ElementsAre("github.com/acme/shop", "github.com/acme"));
  EXPECT_THAT(*webhook_places(R"({"project": {"git_http_url": "http://gitlab.example.com:8080/acme/shop.git",
      "git_ssh_url": "ssh://git@ssh.example.com:2222/acme/shop.git"}, "repository": {"name": "shop"}})"),
              ElementsAre("gitlab.example.com/acme/shop", "ssh.example.com/acme/shop"));
  EXPECT_THAT(
      *webhook_places(R"({"repository": {"links": {"clone": [{"href": "https://git.example.com/scm/acme/shop.git",
      "name": "http"}]}}})"),
      ElementsAre("git.example.com/scm/acme/shop"));
  for (const char* nothing : {"{}", R"({"repository": "x"})", R"({"repository": {"clone_url": 1, "html_url": ""}})",
                              R"({"repository": {"a": {"b": {"c": {"d": {"e": {"clone_url": "https://h/p"}}}}}}})"})
    EXPECT_THAT(*webhook_places(nothing), IsEmpty()) << nothing;
  for (const char* wrong : {"", "[]", "1", "{", "\xff"}) EXPECT_FALSE(webhook_places(wrong)) << wrong;
  std::string many = R"({"repository": {"all": [)";
  for (int i = 0; i < 500; ++i) many += R"({"clone_url": "https://h/p)" + std::to_string(i) + R"("},)";
  EXPECT_EQ(webhook_places(many + "{}]}}")->size(), 64u);
}

}  // namespace
}  // namespace autonomous::daemon
