#include "daemon/charts/repository.h"

#include <gtest/gtest.h>

namespace autonomous::daemon {
namespace {

constexpr std::string_view kIndex = R"(apiVersion: v1
entries:
  web:
  - {name: web, version: 1.2.0, digest: aa, urls: [web-1.2.0.tgz]}
  - {name: web, version: 2.0.0-rc.1, urls: [web-2.0.0-rc.1.tgz]}
  - {name: web, version: 1.10.0, digest: "sha256:bb", urls: ["https://cdn.example.com/web-1.10.0.tgz"]}
  - {name: web, version: not a version, urls: [x.tgz]}
  -
  - {name: web, version: 1.9.3}
)";

std::string chosen(const std::string& wanted, bool* inexact = nullptr) {
  auto index = read_index(kIndex, "web");
  if (!index) return index.error().message();
  bool near = false;
  const IndexedChart* chart = choose(*index, wanted, near);
  if (inexact != nullptr) *inexact = near;
  return chart == nullptr ? "none" : chart->version;
}

TEST(Repository, NewestFirstWhatIsInvalidPassedOver) {
  auto index = read_index(kIndex, "web");
  ASSERT_TRUE(index);
  std::vector<std::string> versions;
  for (const IndexedChart& chart : *index) versions.push_back(chart.version);
  EXPECT_EQ(versions, (std::vector<std::string>{"2.0.0-rc.1", "1.10.0", "1.9.3", "1.2.0"}));
  EXPECT_EQ((*index)[1].digest, "sha256:bb");
  EXPECT_EQ((*index)[3].digest, "sha256:aa");
}

TEST(Repository, ChoosesAsHelm) {
  EXPECT_EQ(chosen(""), "1.10.0");  // no pre-release
  EXPECT_EQ(chosen("1.9.3"), "1.9.3");
  EXPECT_EQ(chosen("~1.9"), "1.9.3");
  EXPECT_EQ(chosen("<1.10.0"), "1.9.3");
  EXPECT_EQ(chosen("2.0.0-rc.1"), "2.0.0-rc.1");
  EXPECT_EQ(chosen(">=1.0.0-0"), "2.0.0-rc.1");
  EXPECT_EQ(chosen("3"), "none");
  EXPECT_EQ(chosen("no constraint"), "none");
}

TEST(Repository, SaysWhenItIsNotTheVersionAskedFor) {
  bool inexact = false;
  EXPECT_EQ(chosen("v1.9.3", &inexact), "1.9.3");
  EXPECT_TRUE(inexact);
  EXPECT_EQ(chosen("^1.9", &inexact), "1.10.0");
  EXPECT_FALSE(inexact);
}

TEST(Repository, Errors) {
  EXPECT_EQ(read_index(kIndex, "db").error().code(), Code::kNotFound);
  EXPECT_EQ(read_index("entries: {}\n", "web").error().message(), "no API version specified");
  EXPECT_EQ(read_index("", "web").error().message(), "empty index.yaml file");
  EXPECT_EQ(read_index("<html>", "web").error().code(), Code::kInvalid);
}

TEST(Repository, Urls) {
  EXPECT_EQ(resolve_url("https://c.example.com/stable", "index.yaml"), "https://c.example.com/stable/index.yaml");
  EXPECT_EQ(resolve_url("https://c.example.com/stable/", "a/web.tgz"), "https://c.example.com/stable/a/web.tgz");
  EXPECT_EQ(resolve_url("https://c.example.com/stable", "../web.tgz"), "https://c.example.com/web.tgz");
  EXPECT_EQ(resolve_url("https://c.example.com/stable", "/web.tgz"), "https://c.example.com/web.tgz");
  EXPECT_EQ(resolve_url("https://c.example.com/s?key=1", "web.tgz"), "https://c.example.com/s/web.tgz?key=1");
  EXPECT_EQ(resolve_url("https://c.example.com", "https://d.example.com/web.tgz"), "https://d.example.com/web.tgz");
  EXPECT_EQ(origin_of("HTTPS://C.example.com:443/x"), origin_of("https://c.example.com"));
  EXPECT_NE(origin_of("https://c.example.com:8443"), origin_of("https://c.example.com"));
  EXPECT_NE(origin_of("http://c.example.com"), origin_of("https://c.example.com"));
}

}  // namespace
}  // namespace autonomous::daemon
