// audit_speed REPOSITORY: how long an audit of it takes, how much of that the processor works, and how much memory.
// tests/support/history makes a repository: history FOLDER --releases 100000 --batch 50 --tags 5000.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "gitops/store/audit.h"

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace autonomous;
  if (argc != 2) {
    std::fprintf(stderr, "usage: audit_speed REPOSITORY\n");
    return 2;
  }
  store::AuditOptions options;
  options.repository = argv[1];
  auto start = std::chrono::steady_clock::now();
  auto report = store::audit(Ctx{}, options);
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().text().c_str());
    return 1;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "audited %llu releases, %llu entries, %llu signatures: %.1f s, of the processor %.1f s, peak %ld MiB, %s\n",
      static_cast<unsigned long long>(report->releases), static_cast<unsigned long long>(report->entries),
      static_cast<unsigned long long>(report->signatures), took, seconds(usage.ru_utime) + seconds(usage.ru_stime),
      usage.ru_maxrss / 1024, report->ok() ? "whole" : "NOT whole");
  if (!report->ok()) std::printf("%s", store::audit_text(*report).substr(0, 2000).c_str());
  return report->ok() ? 0 : 1;
}
