// What a render worker is told and what it answers: jobs as frames (render/helm/wire.h), and back.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/pipeline/renderer.h"
#include "render/helm/wire.h"

namespace autonomous::daemon {

// Reads the whole chart. kLimit where it is larger than it may be.
Result<std::string> chart_frame(const ChartJob& job, const helm::LoadLimits& limits);
helm::wire::JobFrame job_frame(const ChartJob& job, const Renderer::Options& options);
// Of an answer's payload. The error is the worker's, or kCorrupt.
Result<RenderedChart> read_answer(std::string_view payload);
// Path → bytes.
Result<std::map<std::string, std::string>> read_files(std::string_view payload);

}  // namespace autonomous::daemon
