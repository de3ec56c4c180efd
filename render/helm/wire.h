// What the daemon and a render worker say to each other over a pair of pipes: frames of a length (8 bytes, little
// endian) and a payload, whose first byte says what it is. Both ends are of one build, so there is no versioning.
//
// Daemon → worker: kChart (files under a digest), kJob, kUnpack (a chart's archive). Worker → daemon: for each job
// kDone, kFailed, or kNeedChart where the digest is not known (any more); for each archive kFiles or kFailed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/tree.h"
#include "render/helm/helm.h"

namespace autonomous::helm::wire {

enum class Kind : uint8_t {
  kChart = 'c',
  kJob = 'j',
  kUnpack = 'u',
  kDone = 'd',
  kFiles = 't',
  kFailed = 'f',
  kNeedChart = 'n'
};

inline constexpr uint64_t kMaxFrame = 1ull << 30;
inline constexpr size_t kHeader = 8;

struct TreeFile {
  std::string path;
  FileKind kind = FileKind::kFile;
  std::string content;
};
struct ChartFrame {
  std::string digest;
  std::vector<TreeFile> files;
};
struct JobFrame {
  std::string digest;
  uint64_t cpu_seconds = 0;  // of this job; 0: no limit of its own
  LoadLimits load;           // of the chart
  ChartInput input;          // without chart and read_set_file
};
struct UnpackFrame {
  uint64_t cpu_seconds = 0;  // 0: no limit
  LoadLimits load;
  std::string archive;  // a .tgz
};
struct FilesFrame {
  std::vector<TreeFile> files;
};
struct DoneFrame {
  std::string chart_name, chart_version;  // as its Chart.yaml says
  Rendered rendered;
  std::vector<std::string> warnings;
};
struct FailedFrame {
  Code code = Code::kInternal;
  std::string message;
  std::string hint;
  std::vector<std::string> warnings;
};

// Whole frames, header included.
std::string encode(const ChartFrame& frame);
std::string encode(const JobFrame& frame);
std::string encode(const UnpackFrame& frame);
std::string encode(const FilesFrame& frame);
std::string encode(const DoneFrame& frame);
std::string encode(const FailedFrame& frame);
std::string encode_need_chart();

// The payload of a frame; kCorrupt where it is not of that kind or broken.
Result<ChartFrame> decode_chart(std::string_view payload);
Result<JobFrame> decode_job(std::string_view payload);
Result<UnpackFrame> decode_unpack(std::string_view payload);
Result<FilesFrame> decode_files(std::string_view payload);
Result<DoneFrame> decode_done(std::string_view payload);
Result<FailedFrame> decode_failed(std::string_view payload);
uint64_t payload_size(std::string_view header);

}  // namespace autonomous::helm::wire
