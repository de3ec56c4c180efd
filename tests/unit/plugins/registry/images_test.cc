#include "plugins/registry/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gitops/base/digest.h"
#include "tests/support/loopback.h"

namespace autonomous::registry {
namespace {

using autonomous::testing::Asked;
using autonomous::testing::Loopback;
using ::testing::ElementsAre;
using Answer = Loopback::Answer;

class ImagesTest : public ::testing::Test {
 protected:
  Answer answer(const Asked& request) {
    ++asked_;
    if (status_ != 200) return {.status = status_, .body = R"({"errors":[{"code":"DENIED","message":"no"}]})"};
    auto found = paths_.find(request.path);
    if (found == paths_.end())
      return {.status = 404, .body = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"};
    return {.body = found->second};
  }
  // Puts a body under its digest, and gives it.
  std::string put(const std::string& kind, const std::string& body) {
    std::string digest = "sha256:" + sha256_hex(body);
    paths_["/v2/shop/web/" + kind + "/" + digest] = body;
    return digest;
  }
  std::unique_ptr<ports::Images> images() {
    ports::Instance instance;
    instance.name = "images";
    instance.kind = "registry";
    instance.url = server_.url();
    auto made = make_images({client_, system_clock()}, instance);
    EXPECT_TRUE(made);
    return *std::move(made);
  }

  std::map<std::string, std::string> paths_;
  int status_ = 200, asked_ = 0;
  Loopback server_{[this](const Asked& request) { return answer(request); }};
  http::Client client_;
};

TEST_F(ImagesTest, ReadsTheConfigurationOfAnIndex) {
  std::string config =
      put("blobs", R"({"architecture":"amd64","config":{"User":"1000:1000","ExposedPorts":{"8080/tcp":{}}}})");
  std::string one = put("manifests", R"({"schemaVersion":2,"config":{"digest":")" + config + R"("}})");
  paths_["/v2/shop/web/manifests/1.0"] =
      R"({"manifests":[{"digest":")" + one +
      R"(","platform":{"os":"linux","architecture":"amd64"}},)"
      R"({"digest":"sha256:x","platform":{"os":"linux","architecture":"arm64"}},)"
      R"({"digest":"sha256:y","platform":{"os":"windows","architecture":"amd64"}}]})";
  auto plugin = images();
  auto facts = plugin->look(Ctx{}, "shop/web", "1.0");
  ASSERT_TRUE(facts) << facts.error().text();
  EXPECT_EQ(facts->user, "1000:1000");
  EXPECT_THAT(facts->listens, ElementsAre("8080/tcp"));
  EXPECT_THAT(facts->architectures, ElementsAre("amd64", "arm64"));
  EXPECT_EQ(plugin->host(), "127.0.0.1:" + std::to_string(server_.port()));
}

TEST_F(ImagesTest, WhatADigestMeansIsAskedOnce) {
  std::string config = put("blobs", R"({"architecture":"arm64"})");
  std::string digest = put("manifests", R"({"config":{"digest":")" + config + R"("}})");
  auto plugin = images();
  ASSERT_TRUE(plugin->look(Ctx{}, "shop/web", digest));
  int before = asked_;
  auto again = plugin->look(Ctx{}, "shop/web", digest);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->architectures, ElementsAre("arm64"));
  EXPECT_EQ(again->user, "");
  EXPECT_EQ(asked_, before);
}

TEST_F(ImagesTest, TellsWhatIsNotThereFromWhatNobodyKnows) {
  auto plugin = images();
  EXPECT_EQ(plugin->look(Ctx{}, "shop/web", "none").error().code(), Code::kNotFound);
  EXPECT_TRUE(plugin->check(Ctx{})) << "it answers";
  status_ = 403;
  EXPECT_EQ(plugin->look(Ctx{}, "shop/web", "1.0").error().code(), Code::kDenied);
  EXPECT_FALSE(plugin->check(Ctx{}));
  status_ = 200;
  for (const char* hostile :
       {"[]", "{}", R"({"config":7})", R"({"manifests":[7,{}]})", R"({"config":{"digest":"sha256:x"}})"}) {
    paths_["/v2/shop/web/manifests/odd"] = hostile;
    EXPECT_FALSE(plugin->look(Ctx{}, "shop/web", "odd")) << hostile;
  }
}

TEST(Images, NeedAUrl) {
  http::Client client;
  ports::Instance instance;
  instance.name = "images";
  EXPECT_FALSE(make_images({client, system_clock()}, instance));
  instance.url = "https://index.docker.io/v1";
  EXPECT_EQ((*make_images({client, system_clock()}, instance))->host(), "docker.io");
}

}  // namespace
}  // namespace autonomous::registry
