#include "render/helm/wire.h"

#include <gtest/gtest.h>

namespace autonomous::helm {
namespace {

std::string payload(const std::string& frame) {
  EXPECT_EQ(wire::payload_size(frame), frame.size() - wire::kHeader);
  return frame.substr(wire::kHeader);
}

TEST(Wire, JobsSurviveTheTrip) {
  wire::JobFrame job;
  job.digest = "d";
  job.cpu_seconds = 7;
  job.input.release_name = "x";
  job.input.values = {{"a.yaml", std::string("a\0b", 3)}};
  job.input.sets = {{SetKind::kLiteral, "a=b"}};
  job.input.helm = HelmVersion::k3;
  job.input.api_versions = {"v9", "v8"};
  job.input.include_crds = true;
  job.input.with_values = false;
  job.input.determinism = Determinism{"seed", Time(Millis(1234))};
  job.input.limits = {.fuel = 1, .memory = 2, .output = 3, .includes = 4, .templates = 5, .yaml = {6, 7, 8}};
  job.load = {9, 10, 11, 12, 13, 14, {15, 16, 17}};
  auto back = wire::decode_job(payload(wire::encode(job)));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->input.limits.fuel, 1u);
  EXPECT_EQ(back->input.limits.memory, 2u);
  EXPECT_EQ(back->input.limits.output, 3u);
  EXPECT_EQ(back->input.limits.includes, 4u);
  EXPECT_EQ(back->input.limits.templates, 5u);
  EXPECT_EQ(back->input.limits.yaml.nodes, 8u);
  EXPECT_EQ(back->load.bytes, 9u);
  EXPECT_EQ(back->load.nested_bytes, 12u);
  EXPECT_EQ(back->load.depth, 13u);
  EXPECT_EQ(back->load.memory, 14u);
  EXPECT_EQ(back->load.yaml.depth, 16u);
  EXPECT_EQ(back->cpu_seconds, 7u);
  EXPECT_EQ(back->input.values[0].text, std::string("a\0b", 3));
  EXPECT_EQ(back->input.sets[0].kind, SetKind::kLiteral);
  EXPECT_EQ(back->input.helm, HelmVersion::k3);
  EXPECT_EQ(back->input.api_versions, job.input.api_versions);
  EXPECT_TRUE(back->input.include_crds);
  EXPECT_FALSE(back->input.with_values);
  ASSERT_TRUE(back->input.determinism);
  EXPECT_EQ(back->input.determinism->now, Time(Millis(1234)));
}

TEST(Wire, ArchivesAndTheirFilesSurviveTheTrip) {
  wire::UnpackFrame asked;
  asked.cpu_seconds = 7;
  asked.load = {9, 10, 11, 12, 13, 14, {15, 16, 17}};
  asked.archive = std::string("a\0b", 3);
  auto back = wire::decode_unpack(payload(wire::encode(asked)));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->cpu_seconds, 7u);
  EXPECT_EQ(back->load.archive_bytes, 11u);
  EXPECT_EQ(back->load.yaml.nodes, 17u);
  EXPECT_EQ(back->archive, asked.archive);
  auto files = wire::decode_files(payload(wire::encode(wire::FilesFrame{{{"a", FileKind::kFile, "b"}}})));
  ASSERT_TRUE(files);
  ASSERT_EQ(files->files.size(), 1u);
  EXPECT_EQ(files->files[0].path, "a");
  EXPECT_EQ(files->files[0].content, "b");
}

TEST(Wire, EveryCutIsNoticed) {
  wire::DoneFrame done;
  done.chart_name = "n";
  done.rendered.manifest = "m";
  done.rendered.pieces = {{Piece::Kind::kCrd, "s", "t"}};
  done.warnings = {"w"};
  std::string whole = payload(wire::encode(done));
  ASSERT_TRUE(wire::decode_done(whole));
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(wire::decode_done(whole.substr(0, size))) << size;
  EXPECT_FALSE(wire::decode_done(whole + "x"));
  EXPECT_FALSE(wire::decode_failed(whole));
  std::string lie = whole;
  lie[8] = '\x7f';  // the first text claims more than there is
  EXPECT_FALSE(wire::decode_done(lie));
}

}  // namespace
}  // namespace autonomous::helm
