#include "daemon/charts/fetch.h"

#include <gtest/gtest.h>

#include <map>

#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "tests/support/loopback.h"

namespace autonomous::daemon {
namespace {

using helm::RemoteChart;
using testing::Asked;
using testing::Loopback;
using Answer = Loopback::Answer;

std::string digest_of(std::string_view bytes) { return "sha256:" + sha256_hex(bytes); }

// A registry and a chart repository in one: files by path.
struct FetchTest : ::testing::Test {
  std::map<std::string, std::string> files;
  std::vector<std::string> asked;
  Loopback server{[this](const Asked& request) -> Answer {
    asked.push_back(request.path);
    auto found = files.find(request.path);
    if (found == files.end()) return {.status = 404, .body = "no"};
    return {.body = found->second};
  }};
  http::Client client;
  TempFolder folder = *TempFolder::make();
  helm::ChartCache cache{folder.path()};

  std::string oci() const { return "oci://127.0.0.1:" + std::to_string(server.port()) + "/charts/web"; }

  Result<helm::FetchedChart> fetch(const RemoteChart& wanted) {
    return fetch_chart({}, {client, cache, [](const std::string&) { return std::string(); }}, wanted);
  }
  // "digest" or "error".
  std::string outcome(const RemoteChart& wanted) {
    auto chart = fetch(wanted);
    return chart ? chart->digest : chart.error().message();
  }
  RemoteChart of_registry(const std::string& version, const std::string& more = "") {
    RemoteChart wanted;
    wanted.chart = oci() + more;
    wanted.version = version;
    wanted.plain_http = true;
    return wanted;
  }
  RemoteChart of_repository(const std::string& version) {
    RemoteChart wanted;
    wanted.chart = "web";
    wanted.repo = server.url("/stable/");
    wanted.version = version;
    return wanted;
  }

  std::string push(const std::string& version, const std::string& bytes,
                   const std::string& config = "application/vnd.cncf.helm.config.v1+json") {
    std::string manifest =
        R"({"schemaVersion":2,"config":{"mediaType":")" + config +
        R"("},"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":")" +
        digest_of(bytes) + R"("}]})";
    files["/v2/charts/web/manifests/" + version] = manifest;
    files["/v2/charts/web/manifests/" + digest_of(manifest)] = manifest;
    files["/v2/charts/web/blobs/" + digest_of(bytes)] = bytes;
    return digest_of(manifest);
  }
  void publish(const std::string& version, const std::string& bytes, const std::string& digest) {
    std::string& index = files["/stable/index.yaml"];
    if (index.empty()) index = "apiVersion: v1\nentries:\n  web:\n";
    index += "  - {name: web, version: " + version + ", digest: \"" + digest + "\", urls: [web-" + version + ".tgz]}\n";
    files["/stable/web-" + version + ".tgz"] = bytes;
  }
};

TEST_F(FetchTest, OciByVersion) {
  std::string manifest = push("1.0.0", "one");
  auto chart = fetch(of_registry("1.0.0"));
  ASSERT_TRUE(chart) << chart.error().message();
  EXPECT_EQ(chart->bytes, "one");
  EXPECT_EQ(chart->digest, digest_of("one"));
  std::string shown = oci().substr(6) + ":1.0.0";
  EXPECT_EQ(chart->notes, (std::vector<std::string>{"Pulled: " + shown, "Digest: " + manifest}));
}

TEST_F(FetchTest, OciByConstraintTakesTheNewestThatFits) {
  for (const char* version : {"1.0.0", "1.10.0", "1.9.0", "2.0.0_b1"}) push(version, version);
  files["/v2/charts/web/tags/list"] = R"({"tags":["1.0.0","1.10.0","latest","1.9.0","2.0.0_b1","3.0.0-rc.1"]})";
  EXPECT_EQ(outcome(of_registry("^1.0")), digest_of("1.10.0"));
  EXPECT_EQ(outcome(of_registry("")), digest_of("2.0.0_b1"));
  EXPECT_EQ(outcome(of_registry("~1.9")), digest_of("1.9.0"));
  EXPECT_EQ(outcome(of_registry("^4")), "could not locate a version matching provided version string ^4");
}

TEST_F(FetchTest, OciByDigest) {
  std::string manifest = push("1.0.0", "one");
  EXPECT_EQ(outcome(of_registry("", "@" + manifest)), digest_of("one"));
  EXPECT_EQ(outcome(of_registry("1.0.0", "@" + manifest)), digest_of("one"));
  std::string other = push("2.0.0", "two");
  EXPECT_EQ(outcome(of_registry("1.0.0", "@" + other)),
            "chart reference digest mismatch: " + manifest + " is not " + other);
}

TEST_F(FetchTest, OciErrors) {
  push("1.0.0", "one", "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(outcome(of_registry("1.0.0")),
            "could not load config with mediatype application/vnd.cncf.helm.config.v1+json");
  EXPECT_EQ(outcome(of_registry("2.0.0", ":1.0.0")), "chart reference and version mismatch: 2.0.0 is not 1.0.0");
  files["/v2/charts/web/tags/list"] = R"({"tags":null})";
  EXPECT_EQ(outcome(of_registry("")), "unable to locate any tags in provided repository: " + oci());
  EXPECT_EQ(fetch(of_registry("9.9.9")).error().code(), Code::kNotFound);
  push("3.0.0", "three");
  files["/v2/charts/web/blobs/" + digest_of("three")] = "other";
  EXPECT_EQ(fetch(of_registry("3.0.0")).error().code(), Code::kCorrupt);
}

TEST_F(FetchTest, WhatIsInTheCacheIsNotLoadedAgain) {
  push("1.0.0", "one");
  ASSERT_TRUE(fetch(of_registry("1.0.0")));
  asked.clear();
  ASSERT_TRUE(fetch(of_registry("1.0.0")));
  EXPECT_EQ(asked, (std::vector<std::string>{"/v2/charts/web/manifests/1.0.0"}));
}

TEST_F(FetchTest, AVersionThatChangedIsRefused) {
  push("1.0.0", "one");
  ASSERT_TRUE(fetch(of_registry("1.0.0")));
  push("1.0.0", "other");
  auto changed = fetch(of_registry("1.0.0"));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::kConflict);
  EXPECT_EQ(changed.error().message(), oci() + " 1.0.0 is not what it was: it is " + digest_of("other") +
                                           " now, and was " + digest_of("one") + " when it was first fetched");
}

TEST_F(FetchTest, Repository) {
  publish("1.0.0", "one", sha256_hex("one"));
  publish("1.2.0", "two", "");
  EXPECT_EQ(outcome(of_repository("1.0.0")), digest_of("one"));
  EXPECT_EQ(outcome(of_repository("")), digest_of("two"));
  auto near = fetch(of_repository("v1.0.0"));
  ASSERT_TRUE(near);
  EXPECT_EQ(near->notes,
            std::vector<std::string>{
                "level=WARN msg=\"unable to find exact version requested; falling back to closest available version\" "
                "chart=web requested=v1.0.0 selected=1.0.0"});
}

TEST_F(FetchTest, RepositoryErrors) {
  std::string repo = server.url("/stable/");
  EXPECT_EQ(outcome(of_repository("1.0.0")),
            "looks like \"" + repo + "\" is not a valid chart repository or cannot be reached: failed to fetch " +
                repo + "index.yaml : 404 Not Found");
  publish("1.0.0", "one", sha256_hex("other"));
  EXPECT_EQ(outcome(of_repository("2.0.0")), "chart \"web\" version \"2.0.0\" not found in " + repo + " repository");
  EXPECT_EQ(fetch(of_repository("1.0.0")).error().code(), Code::kCorrupt);
}

TEST_F(FetchTest, UrlOfAChart) {
  files["/web.tgz"] = "one";
  RemoteChart wanted;
  wanted.chart = server.url("/web.tgz");
  EXPECT_EQ(outcome(wanted), digest_of("one"));
  wanted.chart = server.url("/none.tgz");
  EXPECT_EQ(outcome(wanted), "failed to fetch " + wanted.chart + " : 404 Not Found");
}

}  // namespace
}  // namespace autonomous::daemon
