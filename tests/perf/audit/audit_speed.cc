// audit_speed RELEASES TARGETS [BATCH]: makes a record of so many signed releases in a temporary folder, BATCH (default
// 50) a push, each with its outcome, and measures how long an audit of it takes, and how much memory. Prints both.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gitops/base/child.h"
#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/git/signer.h"
#include "gitops/store/audit.h"
#include "gitops/store/layout.h"
#include "gitops/store/record.h"

namespace {

using namespace autonomous;
using namespace autonomous::store;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

Draft draft_of(const Record& record, const model::Target& target, size_t version) {
  std::string digits = to_hex(std::to_string(version) + "commit");
  digits.resize(40, '0');
  ReleaseInputs inputs;
  inputs.target = target;
  inputs.source = model::SourceFact{"https://git.example.com/shop.git", digits, ""};
  inputs.images = {{target.app, "registry.example.com/" + target.app + "@sha256:" + digits + std::string(24, 'b')}};
  inputs.render_format = "render-format/1";
  inputs.artifact = "sha256:" + digits + std::string(24, 'a');
  Draft draft;
  draft.target = target;
  std::string labels;
  for (int i = 0; i < 20; ++i) labels += "    label-" + std::to_string(i) + ": value\n";
  draft.files = {{"release.yaml", format_release_yaml(inputs)},
                 {"values.yaml", "version: " + std::to_string(version) + "\n"},
                 {"manifests/service-" + target.app + ".yaml", "kind: Service\nmetadata:\n  labels:\n" + labels},
                 {"manifests/deployment.apps-" + target.app + ".yaml",
                  "kind: Deployment\nmetadata:\n  labels:\n" + labels +
                      "spec:\n  containers:\n  - image: " + inputs.images[target.app] + "\n"}};
  draft.trailers.source = inputs.source;
  draft.trailers.source->ref = "refs/heads/main";
  draft.trailers.images = {{target.app, inputs.images[target.app]}};
  draft.trailers.renderer = model::RendererFact{"render-format/1", "", "autonomous 0.1.0"};
  draft.trailers.input_digest = input_digest(inputs);
  draft.trailers.requested_by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
  auto entry = const_cast<Record&>(record).repository().entry(record.main(), kPlatformFile);
  draft.trailers.policy = model::PolicyFact{record.main().hex(), entry.value().oid.hex()};
  draft.author = {"Jane Doe", "jane@example.com", std::nullopt};
  draft.subject = "Change " + std::to_string(version);
  draft.source_author = "Jane Doe <jane@example.com>";
  draft.artifact = inputs.artifact;
  TargetPtr state = record.state()->find(target);
  draft.on_number = state ? state->last_number : 0;
  return draft;
}

int complain(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  return 1;
}

int make(const std::string& folder, size_t releases, size_t targets, size_t batch) {
  RecordConfig config;
  config.repository = folder + "/gitops.git";
  config.journal = folder + "/journal";
  config.signer = std::make_shared<git::Signer>(git::Signer::load_or_make(folder + "/key").value());
  FakeClock clock(parse_time("2026-01-01T00:00:00Z").value());
  auto record = Record::open(Ctx{}, config, clock);
  if (!record) return complain(record.error());
  std::vector<model::Entry> outcomes;
  for (size_t made = 0; made < releases;) {
    Batch next;
    next.entries = std::move(outcomes);
    outcomes.clear();
    for (size_t i = 0; i < batch && made < releases; ++i, ++made) {
      size_t app = made % targets;
      model::Target target{"local", "p" + std::to_string(app / 50), "a" + std::to_string(app % 50)};
      next.drafts.push_back(draft_of(**record, target, made));
    }
    auto done = (*record)->commit(Ctx{}, next);
    if (!done) return complain(done.error());
    for (size_t i = 0; i < done->drafts.size(); ++i) {
      const auto* released = std::get_if<Released>(&done->drafts[i]);
      if (released == nullptr) return complain(fail(Code::kInternal, "a release was not made"));
      model::Entry outcome;
      outcome.type = model::EntryType::kOutcome;
      outcome.target = next.drafts[i].target;
      outcome.number = released->number;
      outcome.verdict = model::Verdict::kHealthy;
      outcomes.push_back(std::move(outcome));
    }
    clock.advance(Millis(60'000));
  }
  Batch last;
  last.entries = std::move(outcomes);
  auto done = (*record)->commit(Ctx{}, std::move(last));
  return done ? 0 : complain(done.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: audit_speed RELEASES TARGETS [BATCH]\n");
    return 2;
  }
  size_t releases = std::strtoul(argv[1], nullptr, 10);
  size_t targets = std::strtoul(argv[2], nullptr, 10);
  size_t batch = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 50;
  auto folder = TempFolder::make("audit-speed");
  if (!folder) return complain(folder.error());
  // The memory of making it is not that of looking at it.
  auto start = std::chrono::steady_clock::now();
  pid_t child = fork();
  if (child == 0) _exit(make(folder->path(), releases, targets, batch));
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) return 1;
  std::printf("made %zu releases of %zu targets in %.1f s\n", releases, targets, seconds_since(start));
  ChildSpec repack;
  repack.argv = {"git", "-C", folder->path() + "/gitops.git", "repack", "-adq"};
  repack.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder->path()};
  auto packed = run_child(Ctx{}, repack);
  if (!packed || packed->status != 0) return complain(packed ? fail(Code::kInternal, packed->err) : packed.error());
  AuditOptions options;
  options.repository = folder->path() + "/gitops.git";
  start = std::chrono::steady_clock::now();
  timespec before{}, after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  auto report = audit(Ctx{}, options);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  if (!report) return complain(report.error());
  double cpu =
      static_cast<double>(after.tv_sec - before.tv_sec) + static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e9;
  std::printf("audited %llu releases, %llu signatures: %.1f s, of the processor %.1f s, peak %.0f MiB, %s\n",
              static_cast<unsigned long long>(report->releases), static_cast<unsigned long long>(report->signatures),
              seconds_since(start), cpu, peak_mib(), report->ok() ? "whole" : "NOT whole");
  if (!report->ok()) std::printf("%s", audit_text(*report).substr(0, 2000).c_str());
  return report->ok() ? 0 : 1;
}
