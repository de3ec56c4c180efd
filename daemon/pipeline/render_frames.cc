#include "daemon/pipeline/render_frames.h"

#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace wire = helm::wire;

Result<std::string> chart_frame(const ChartJob& job, const helm::LoadLimits& limits) {
  wire::ChartFrame frame;
  frame.digest = job.chart_digest;
  TRY(auto entries, job.chart->list());
  if (entries.size() > limits.files) return fail(Code::kLimit, "the chart holds more than ", limits.files, " files");
  uint64_t left = limits.bytes;
  for (const FileEntry& entry : entries) {
    std::string content;
    if (entry.kind != FileKind::kSubmodule) {
      auto read = job.chart->read(entry.path, left);
      if (!read) return std::move(std::move(read).error()).with("while reading the chart");
      content = *std::move(read);
    }
    left -= content.size();
    frame.files.push_back({entry.path, entry.kind, std::move(content)});
  }
  return wire::encode(frame);
}

helm::wire::JobFrame job_frame(const ChartJob& job, const Renderer::Options& options) {
  wire::JobFrame frame;
  frame.digest = job.chart_digest;
  frame.cpu_seconds = options.cpu_seconds;
  helm::ChartInput& input = frame.input;
  input.release_name = job.release_name;
  input.release_namespace = job.release_namespace;
  input.values = job.values;
  input.helm = job.helm;
  input.kube_version = job.kube_version;
  input.api_versions = job.api_versions;
  input.include_crds = job.include_crds;
  input.no_hooks = job.no_hooks;
  input.skip_tests = job.skip_tests;
  input.limits = options.limits;
  frame.load = options.load;
  input.determinism = helm::Determinism{job.seed, job.source_time};
  return frame;
}

Result<RenderedChart> read_answer(std::string_view payload) {
  if (payload.front() == static_cast<char>(wire::Kind::kFailed)) {
    TRY(wire::FailedFrame failed, wire::decode_failed(payload));
    return Error(failed.code, failed.message);
  }
  TRY(wire::DoneFrame done, wire::decode_done(payload));
  return RenderedChart{std::move(done.chart_name),        std::move(done.chart_version),
                       std::move(done.rendered.manifest), std::move(done.rendered.pieces),
                       std::move(done.rendered.values),   std::move(done.rendered.notes),
                       std::move(done.warnings)};
}

// What a worker says lies in an archive: its own checks of the names count for nothing here.
Result<std::map<std::string, std::string>> read_files(std::string_view payload) {
  if (payload.front() == static_cast<char>(wire::Kind::kFailed)) {
    TRY(wire::FailedFrame failed, wire::decode_failed(payload));
    return Error(failed.code, failed.message);
  }
  TRY(wire::FilesFrame unpacked, wire::decode_files(payload));
  std::map<std::string, std::string> files;
  for (wire::TreeFile& file : unpacked.files) {
    if (!is_plain_path(file.path)) return fail(Code::kCorrupt, "the render worker names a file that lies in no chart");
    files[std::move(file.path)] = std::move(file.content);
  }
  return files;
}

}  // namespace autonomous::daemon
