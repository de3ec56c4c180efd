#include "render/helm/remote_chart.h"

#include <gtest/gtest.h>

#include "gitops/base/digest.h"
#include "gitops/base/file.h"

namespace autonomous::helm {
namespace {

std::string key_of(const std::string& chart, const std::string& version = "", const std::string& repo = "") {
  RemoteChart wanted;
  wanted.chart = chart;
  wanted.version = version;
  wanted.repo = repo;
  std::string out;
  for (const ChartVersionKey& key : exact_names(wanted))
    out += (out.empty() ? "" : ", ") + key.source + " " + key.version;
  return out.empty() ? "ask" : out;
}

TEST(RemoteChart, WhatIsKnownWithoutANetwork) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(key_of("oci://h:5000/a/web", "1.0.0"), "oci://h:5000/a/web 1.0.0");
  EXPECT_EQ(key_of("oci://h:5000/a/web:1.0.0"), "oci://h:5000/a/web 1.0.0");
  EXPECT_EQ(key_of("oci://h/web@" + digest), "oci://h/web " + digest);
  EXPECT_EQ(key_of("oci://h/web:1.0.0@" + digest), "oci://h/web " + digest + ", oci://h/web 1.0.0");
  EXPECT_EQ(key_of("oci://h/web:latest@" + digest), "ask");
  EXPECT_EQ(key_of("oci://h/web:1.0.0", "2.0.0"), "ask");
  EXPECT_EQ(key_of("oci://h:5000/web", "^1"), "ask");
  EXPECT_EQ(key_of("oci://h:5000/web"), "ask");
  EXPECT_EQ(key_of("web", "1.0.0", "https://c/stable/"), "https://c/stable#web 1.0.0");
  EXPECT_EQ(key_of("web", "", "https://c/stable/"), "ask");
  EXPECT_EQ(key_of("https://c/web.tgz", "ignored"), "https://c/web.tgz ");
}

TEST(RemoteChart, ThereAndBackAsJson) {
  RemoteChart wanted;
  wanted.chart = "oci://h/web";
  wanted.password = "p\"w";
  wanted.plain_http = true;
  auto read = RemoteChart::from_json(wanted.to_json());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->to_json(), wanted.to_json());
  for (const char* text : {"", "[]", "{}", R"({"chart": 1})", R"({"chart": "x", "plain-http": "yes"})"}) {
    EXPECT_FALSE(RemoteChart::from_json(text)) << text;
  }
}

struct CacheTest : ::testing::Test {
  TempFolder folder = *TempFolder::make();
  ChartCache cache{folder.path()};
};

TEST_F(CacheTest, FindsWhatWasPut) {
  ChartVersionKey key{"oci://h/web", "1.0.0"};
  EXPECT_FALSE(cache.find(key));
  auto put = cache.put(key, "bytes", {"Pulled: it"});
  ASSERT_TRUE(put);
  auto found = cache.find(key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->bytes, "bytes");
  EXPECT_EQ(found->digest, "sha256:" + sha256_hex("bytes"));
  EXPECT_EQ(found->notes, std::vector<std::string>{"Pulled: it"});
  EXPECT_FALSE(cache.find({"oci://h/web", "1.0.1"}));
  EXPECT_FALSE(cache.find({"oci://h/we", "b1.0.0"}));
}

TEST_F(CacheTest, DamagedBytesAreNotTaken) {
  auto put = cache.put({"s", "1"}, "bytes", {});
  ASSERT_TRUE(put);
  ASSERT_TRUE(write_file(put->file, "byteZ"));
  EXPECT_FALSE(cache.find({"s", "1"}));
  ASSERT_TRUE(cache.put({"s", "1"}, "bytes", {}));  // fetched again
  EXPECT_TRUE(cache.find({"s", "1"}));
}

TEST_F(CacheTest, AVersionMeansTheSameForEver) {
  ASSERT_TRUE(cache.put({"s", "1"}, "bytes", {}));
  auto changed = cache.put({"s", "1"}, "other", {});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), Code::kConflict);
  EXPECT_NE(changed.error().hint().find(folder.path()), std::string::npos);
  EXPECT_EQ(cache.find({"s", "1"})->bytes, "bytes");
}

TEST_F(CacheTest, NoPathComesFromOutside) {
  EXPECT_FALSE(cache.find_content("sha256:../../../../../../../../../../../../../../../../../../../../../etc/passwd"));
  EXPECT_FALSE(cache.find_content(""));
  EXPECT_FALSE(ChartCache("").put({"s", "1"}, "bytes", {}));
}

}  // namespace
}  // namespace autonomous::helm
