// Renderer: charts are rendered, and their archives unpacked, in worker processes that own nothing: no environment, no
// credentials, no network, no files, bounded memory and CPU, killed at the deadline. A worker that crashes fails the
// job it had, with its reason.
//
// A worker is the front, `autonomous render --worker`, over a pair of pipes; charts travel as frames and are kept there
// by digest. render() blocks and may be called from several threads: each call takes a worker of its own, and waits for
// one where all are busy.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "render/helm/helm.h"

namespace autonomous::daemon {

struct ChartJob {
  std::string release_name;
  std::string release_namespace;
  const FileTree* chart = nullptr;       // read during render() only, and only where no worker knows the digest
  std::string chart_digest;              // names exactly this tree: its oid, or a SHA-256
  std::vector<helm::ValuesText> values;  // in order, the last wins
  helm::HelmVersion helm = helm::HelmVersion::k4;
  std::string kube_version;  // empty: the engine's default
  std::vector<std::string> api_versions;
  bool include_crds = true;
  bool no_hooks = false;
  bool skip_tests = true;
  std::string seed;  // the input digest
  Time source_time;  // the source commit's
};

struct RenderedChart {
  std::string chart_name, chart_version;  // as its Chart.yaml says
  std::string manifest;                   // as `helm template` prints it
  std::vector<helm::Piece> pieces;        // the same in parts, with the template that each came from
  std::string values;                     // merged, as YAML
  std::string notes;
  std::vector<std::string> warnings;
};

class Renderer {
 public:
  struct Options {
    std::string front;                   // the front executable; empty: found beside the running one
    unsigned workers = 0;                // 0: one a core
    uint64_t memory_bytes = 3ull << 30;  // address space of a worker
    unsigned cpu_seconds = 60;           // of one job
    Millis deadline{30'000};             // of one job
    helm::LoadLimits load;
    helm::RenderLimits limits;
  };

  // Starts no process yet: workers start with the first jobs. kNotFound where the front isn't there.
  static Result<std::unique_ptr<Renderer>> make(Options options);
  ~Renderer();  // kills the workers; no render() may be running

  // Errors: helm's own words (kInvalid), kLimit, kDenied (a link out of the chart), kTimeout (the deadline), kInternal
  // (the worker died: the signal is named), kCancelled.
  Result<RenderedChart> render(const Ctx& ctx, const ChartJob& job);

  // The files in a chart's .tgz, by their paths below its top folder. Somebody else packed it: like a render, it is
  // unpacked in a worker. Errors as render()'s.
  Result<std::map<std::string, std::string>> unpack(const Ctx& ctx, std::string_view archive);

 private:
  struct Impl;
  explicit Renderer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autonomous::daemon
