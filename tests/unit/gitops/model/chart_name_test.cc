#include "gitops/model/chart_name.h"

#include <gtest/gtest.h>

namespace autonomous::model {
namespace {

// "kind place name version", or the error.
std::string named(std::string_view chart, std::string_view version = "") {
  auto name = chart_name(chart, version);
  if (!name) return name.error().message();
  constexpr std::string_view kKinds[] = {"folder", "oci", "repository"};
  std::string out(kKinds[static_cast<size_t>(name->kind)]);
  return out + " " + name->place + " " + name->name + " " + name->version;
}

TEST(ChartName, KnowsFoldersRegistriesAndRepositories) {
  EXPECT_EQ(named("deploy/chart"), "folder deploy/chart  ");
  EXPECT_EQ(named("oci://ghcr.io/acme/web", "1.2.3"), "oci oci://ghcr.io/acme/web  1.2.3");
  EXPECT_EQ(named("oci://ghcr.io/acme/web:1.2.3"), "oci oci://ghcr.io/acme/web:1.2.3  ");
  EXPECT_EQ(named("oci://ghcr.io/acme/web@sha256:abc"), "oci oci://ghcr.io/acme/web@sha256:abc  ");
  EXPECT_EQ(named("https://charts.example.com/stable/web", "v1.2.3-rc.1+b.2"),
            "repository https://charts.example.com/stable web v1.2.3-rc.1+b.2");
  EXPECT_EQ(named("http://127.0.0.1:8080/web", "1.0.0"), "repository http://127.0.0.1:8080 web 1.0.0");
}

TEST(ChartName, WantsExactVersions) {
  EXPECT_EQ(named("oci://ghcr.io/acme/web"),
            "a chart that is fetched needs its version, so that a commit always means the same");
  EXPECT_EQ(named("https://charts.example.com/web"), named("oci://ghcr.io/acme/web"));
  for (std::string_view range : {"^1.2.3", "1.2", "1.x.0", "1.2.*", ">=1.0.0", "latest", "1.2.3 || 2.0.0", "1..3"}) {
    EXPECT_EQ(named("oci://ghcr.io/acme/web", range),
              "'" + std::string(range) + "' is not an exact version: a range would mean another chart tomorrow");
  }
  EXPECT_EQ(named("deploy/chart", "1.0.0"),
            "'version' is for a chart that is fetched; a folder has the version of its commit");
}

TEST(ChartName, RefusesWhatNamesNoChart) {
  for (std::string_view chart : {"oci://", "oci://ghcr.io", "oci://ghcr.io/", "https:///web", "ftp://example.com/web",
                                 "https://example.com/web?x", "https://example.com/a b", "file:///tmp/web"}) {
    EXPECT_EQ(named(chart, "1.0.0"), "'" + std::string(chart) + "' names no chart");
  }
  EXPECT_EQ(named("http://charts.example.com/web", "1.0.0"),
            "'http://charts.example.com/web' would come over plain http");
  EXPECT_EQ(named("oci://jane:secret@ghcr.io/web", "1.0.0"),
            "'oci://jane:secret@ghcr.io/web' holds a login; a spec is no place for one");
}

TEST(ChartName, KnowsItsHost) {
  EXPECT_EQ(chart_name("oci://127.0.0.1:5000/web", "1.0.0")->host(), "127.0.0.1");
  EXPECT_EQ(chart_name("oci://[::1]:5000/web", "1.0.0")->host(), "[::1]");
  EXPECT_EQ(chart_name("https://charts.example.com/web", "1.0.0")->host(), "charts.example.com");
  EXPECT_TRUE(is_loopback("[::1]"));
  EXPECT_FALSE(is_loopback("charts.example.com"));
}

}  // namespace
}  // namespace autonomous::model
