#include "daemon/pipeline/preflight_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string told(const Preflight& preflight) {
  std::string out;
  for (const Error& error : preflight.errors) out += "error " + error.text() + "\n";
  for (const std::string& warning : preflight.warnings) out += "warning " + warning + "\n";
  for (const std::string& each : preflight.unchecked) out += "unchecked " + each + "\n";
  return out;
}

// By place: what the fake store says of it; places that it has no word about are not there.
struct FakeStore final : ports::Secrets {
  std::string name_ = "vault-prod";
  std::map<std::string, Result<ports::SecretFacts>> answers;
  std::vector<std::string> asked;
  const std::string& name() const override { return name_; }
  Result<ports::SecretFacts> look(const Ctx& ctx, const model::SecretPlace& place) override {
    EXPECT_LE(ctx.left(), Millis(5'000)) << "a release waits no longer for advice";
    asked.push_back(place.str());
    auto found = answers.find(place.str());
    if (found != answers.end()) return found->second;
    return fail(Code::kNotFound, place.str(), " is not there");
  }
  Result<std::string> check(const Ctx&) override { return std::string("answers"); }
};

ports::SecretFacts with_keys(std::set<std::string> keys) { return {std::move(keys)}; }

class PreflightSecrets : public testing::Test {
 protected:
  PreflightSecrets() {
    parse(
        "version: 1\nproject: shop\napps:\n  web:\n    image: a:1\n    port: 80\n    secrets:\n      STRIPE_KEY: kv/shop/stripe#key\n"
        "      TOKEN: kv/prod/shop/web\n");
    auto platform = model::parse_platform(
        "version: 1\nenvironments: {prod: {from: branch main, secrets: \"kv/{env}/{project}/{app}\"}}\n");
    EXPECT_TRUE(platform) << platform.error().text();
    platform_ = std::move(platform.value);
  }
  void parse(const std::string& text) {
    auto spec = model::parse_spec(text, "autonomous.yaml");
    ASSERT_TRUE(spec) << spec.error().text();
    auto out = model::effective(*spec.value, "shop", "prod", "web");
    ASSERT_TRUE(out) << out.errors.front().text();
    app_ = out.value->app;
  }
  std::string run(ports::Secrets* store) {
    return told(look_at_secrets(Ctx{}, store, app_, platform_->environments.at("prod"), {"prod", "shop", "web"}));
  }

  FakeStore store_;
  model::App app_;
  std::unique_ptr<model::Platform> platform_;
};

TEST_F(PreflightSecrets, WhatIsThereIsNotSpokenOf) {
  store_.answers.emplace("kv/shop/stripe", with_keys({"key"}));
  store_.answers.emplace("kv/prod/shop/web", with_keys({"TOKEN", "OTHER"}));
  EXPECT_EQ(run(&store_), "");
  EXPECT_THAT(store_.asked, ElementsAre("kv/shop/stripe", "kv/prod/shop/web"));
}

TEST_F(PreflightSecrets, WhatNoStoreHasIsSaidWithItsLineAndWhatToAdd) {
  store_.answers.emplace("kv/prod/shop/web", with_keys({"TOKENS", "OTHER"}));
  std::string said = run(&store_);
  EXPECT_THAT(said,
              HasSubstr("error autonomous.yaml:8:7: secrets.STRIPE_KEY: kv/shop/stripe is not there (vault-prod): "
                        "its container would not start\n        STRIPE_KEY: kv/shop/stripe#key\n"));
  EXPECT_THAT(said, HasSubstr("hint: vault kv put -mount=kv shop/stripe key=…; or say where it is"));
  EXPECT_THAT(said,
              HasSubstr("error autonomous.yaml:9:7: secrets.TOKEN: kv/prod/shop/web has no key 'TOKEN' (vault-prod)"));
  EXPECT_THAT(
      said,
      HasSubstr("did you mean TOKEN: kv/prod/shop/web#TOKENS? else vault kv patch -mount=kv prod/shop/web TOKEN=…"));
  EXPECT_THAT(said, Not(HasSubstr("OTHER"))) << "other people's names are nobody's business";
}

TEST_F(PreflightSecrets, NamesInAListHaveTheListsLine) {
  parse("version: 1\nproject: shop\napps: {web: {image: a:1, port: 80, secrets: [ONE, TWO]}}\n");
  store_.answers.emplace("kv/prod/shop/web", with_keys({"TWO"}));
  EXPECT_THAT(run(&store_), HasSubstr("error autonomous.yaml:3:46: secrets.ONE: kv/prod/shop/web has no key 'ONE'"));
  EXPECT_THAT(store_.asked, ElementsAre("kv/prod/shop/web")) << "each place is asked for once";
}

TEST_F(PreflightSecrets, AStoreThatDoesNotAnswerIsAskedOnceAndMakesNothingWrong) {
  store_.answers.emplace("kv/shop/stripe", fail(Code::kUnavailable, "no route to host"));
  EXPECT_EQ(
      run(&store_),
      "warning whether vault-prod has the secret STRIPE_KEY (kv/shop/stripe) is not known: no route to host\n"
      "warning whether vault-prod has the secret TOKEN (kv/prod/shop/web) is not known: it was not asked again\n");
  EXPECT_THAT(store_.asked, ElementsAre("kv/shop/stripe"));
}

TEST_F(PreflightSecrets, WhatMayNotBeLookedAtIsNotKnown) {
  store_.answers.emplace("kv/shop/stripe", Error(fail(Code::kDenied, "permission denied").hint("a policy")));
  store_.answers.emplace("kv/prod/shop/web", ports::SecretFacts{});
  EXPECT_EQ(
      run(&store_),
      "warning whether vault-prod has the secret STRIPE_KEY (kv/shop/stripe) is not known: permission denied; a policy\n"
      "unchecked keys of secrets in kv (KV version 1 tells them with their values only)\n");
}

TEST_F(PreflightSecrets, WithoutAStoreOrAPatternThatIsNamed) {
  EXPECT_EQ(run(nullptr), "unchecked whether the store has the secrets (prod names no instance of kind vault)\n");
  platform_->environments.at("prod").secrets.clear();
  parse(
      "version: 1\nproject: shop\napps: {web: {image: a:1, port: 80, secrets: {ONE: kv/shop/stripe#key, TWO: \"\"}}}\n");
  store_.answers.emplace("kv/shop/stripe", with_keys({"key"}));
  EXPECT_EQ(run(&store_), "unchecked where the secrets live (prod has no `secrets:` in platform.yaml)\n");
}

TEST_F(PreflightSecrets, ADatabasesUsersHaveTwoKeys) {
  parse("version: 1\nproject: shop\napps: {web: {image: a:1, port: 80, secrets: {PASS: database/creds/web#pass}}}\n");
  store_.answers.emplace("database/creds/web", with_keys({"username", "password"}));
  EXPECT_THAT(run(&store_), HasSubstr("it has username and password: PASS: database/creds/web#password"));
}

}  // namespace
}  // namespace autonomous::daemon
