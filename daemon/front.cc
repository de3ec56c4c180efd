// The front: what people start. It renders by itself, because that has to start fast, and becomes the core for every
// other verb. It links nothing that takes long to load (engine.md, Cold start).
#include <limits.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "gitops/base/child.h"
#include "render/helm/command.h"

namespace {

using autonomous::Code;
using autonomous::fail;
using autonomous::Result;

// Where this program lies; "" when the kernel does not say.
std::string own_folder() {
  char path[PATH_MAX];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0 || static_cast<size_t>(size) == sizeof path) return "";
  std::string text(path, static_cast<size_t>(size));
  return text.substr(0, text.rfind('/'));
}

// Where the core may lie: installed, or in a build tree.
std::vector<std::string> cores() {
  std::string folder = own_folder();
  return {folder + "/../libexec/autonomous/core", folder + "/autonomous-core"};
}

int become_core(char** argv) {
  for (const std::string& core : cores()) {
    ::execv(core.c_str(), argv);
    if (errno != ENOENT && errno != ENOTDIR) {
      std::fprintf(stderr, "autonomous: cannot start %s: %s\n", core.c_str(), std::strerror(errno));
      return 126;
    }
  }
  std::fprintf(
      stderr,
      "autonomous: the core is missing: neither ../libexec/autonomous/core nor autonomous-core lies beside %s\n",
      own_folder().c_str());
  return 127;
}

// The core has the network: it fetches into the cache and answers in one line (daemon/charts/fetch_verb.h). The request
// goes through a pipe, because arguments are for everybody on the machine to see.
Result<autonomous::helm::FetchedChart> fetch(const autonomous::helm::RemoteChart& chart) {
  autonomous::ChildSpec spec;
  for (const std::string& core : cores()) {
    if (::access(core.c_str(), X_OK) == 0 && spec.argv.empty()) spec.argv = {core, "fetch-chart"};
  }
  if (spec.argv.empty()) {
    return fail(Code::kNotFound, "the chart ", chart.chart,
                " has to be fetched, and the program that does it is missing")
        .hint("It is installed as ../libexec/autonomous/core beside this one.");
  }
  for (char** variable = environ; *variable != nullptr; ++variable) spec.env.emplace_back(*variable);
  spec.input = chart.to_json();
  TRY(autonomous::ChildResult done, autonomous::run_child({}, spec));
  if (done.status == 0) {
    if (auto fetched = autonomous::helm::FetchedChart::from_json(done.out)) return *std::move(fetched);
  }
  if (done.status != 1 || done.out.empty()) {
    return fail(Code::kInternal, "fetching ", chart.chart, " ended with status ", done.status, ": ", done.err);
  }
  // The message; after an empty line a hint.
  size_t gap = done.out.find("\n\n");
  auto error = fail(Code::kUnavailable, std::string_view(done.out).substr(0, gap));
  if (gap == std::string::npos) return error;
  return std::move(error).hint(done.out.substr(gap + 2));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::strcmp(argv[1], "render") != 0) return become_core(argv);
  // A render takes memory, gives it back and takes it again: kept by the process, its pages are faulted in once.
  ::mallopt(M_TOP_PAD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  return autonomous::helm::render_command(std::vector<std::string>(argv + 2, argv + argc), fetch);
}
