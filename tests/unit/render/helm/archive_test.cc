#include <gtest/gtest.h>

#include "render/helm/chart.h"
#include "tests/unit/render/helm/tar.h"

namespace autonomous::helm {
namespace {

using testing::gzip;
using testing::tar_entry;
using testing::tgz;

constexpr const char* kChartYaml = "apiVersion: v2\nname: web\nversion: 1.0.0\n";

std::string unpack_error(const std::string& entries, LoadLimits limits = {}) {
  auto files = unpack_archive(tgz(entries), limits);
  return files ? "" : files.error().message();
}

TEST(Archive, UnpacksBelowTheTopFolder) {
  auto files = unpack_archive(tgz(tar_entry("web/", "", '5') + tar_entry("web/Chart.yaml", kChartYaml) +
                                  tar_entry("web/templates/a.yaml",
                                            "\xEF\xBB\xBF"
                                            "a: b\n")));
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].name, "Chart.yaml");
  EXPECT_EQ((*files)[1].name, "templates/a.yaml");
  EXPECT_EQ((*files)[1].data, "a: b\n");
}

TEST(Archive, LongNamesOfPaxAndGnu) {
  std::string name = "web/templates/" + std::string(120, 'n') + ".yaml";
  std::string record = " path=" + name + "\n";
  record = std::to_string(record.size() + 3) + record;
  auto pax = unpack_archive(tgz(tar_entry("pax", record, 'x') + tar_entry("web/short", "x")));
  ASSERT_TRUE(pax);
  EXPECT_EQ((*pax)[0].name, name.substr(4));
  auto gnu =
      unpack_archive(tgz(tar_entry("././@LongLink", name + std::string(1, '\0'), 'L') + tar_entry("web/short", "x")));
  ASSERT_TRUE(gnu);
  EXPECT_EQ((*gnu)[0].name, name.substr(4));
}

TEST(Archive, RefusesNamesThatLeaveTheChart) {
  EXPECT_EQ(unpack_error(tar_entry("web//etc/passwd", "x")), "chart illegally contains absolute paths");
  EXPECT_EQ(unpack_error(tar_entry("web/../../etc/passwd", "x")), "chart illegally references parent directory");
  EXPECT_EQ(unpack_error(tar_entry("file", "x")),
            "chart illegally contains content outside the base directory: \"file\"");
  EXPECT_EQ(unpack_error(tar_entry("web/c:/x", "x")), "chart contains illegally named files");
  EXPECT_EQ(unpack_error(tar_entry("web\\..\\..\\x", "x")), "chart illegally references parent directory");
  EXPECT_EQ(unpack_error(""), "no files in chart archive");
}

// CVE-2025-32386: an archive that unpacks to far more than it is.
TEST(Archive, StopsBombs) {
  LoadLimits limits;
  limits.bytes = 1 << 20;
  EXPECT_EQ(unpack_error(tar_entry("web/a", std::string(2 << 20, 'a')), limits),
            "decompressed chart is larger than the maximum size 1048576");
  std::string many;
  for (int i = 0; i < 4; ++i) many += tar_entry("web/a" + std::to_string(i), std::string(300 << 10, 'a'));
  EXPECT_EQ(unpack_error(many, limits), "decompressed chart is larger than the maximum size 1048576");
  // The header lies about its size: nothing is allocated for what is not there.
  EXPECT_EQ(unpack_error(tar_entry("web/a", "x", '0', 90ull << 20)), "unexpected EOF");
}

TEST(Archive, BrokenOnes) {
  EXPECT_EQ(unpack_archive(gzip(std::string(512, 'x') + std::string(1024, '\0'))).error().message(),
            "archive/tar: invalid tar header");
  std::string good = tgz(tar_entry("web/Chart.yaml", kChartYaml));
  EXPECT_EQ(unpack_archive(good.substr(0, good.size() / 2)).error().message(), "unexpected EOF");
  EXPECT_EQ(load_chart_archive("values.yaml", "a: b").error().message(),
            "file 'values.yaml' seems to be a YAML file, but expected a gzipped archive");
  EXPECT_EQ(load_chart_archive("x.tgz", "a: b").error().message(),
            "file 'x.tgz' does not appear to be a gzipped archive; got 'application/octet-stream'");
  EXPECT_EQ(load_chart_archive("x.tgz", tgz(tar_entry("web/a", "x"))).error().message(),
            "unable to detect chart version, no Chart.yaml found");
}

}  // namespace
}  // namespace autonomous::helm
