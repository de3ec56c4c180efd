// Verbs that need a clone of the GitOps repository and nothing else.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/store/audit.h"

namespace autonomous::daemon {

namespace {

std::string repository_of(const Command& command, size_t word) {
  std::string path = command.word(word);
  if (path.empty()) return command.around.folder;
  return path[0] == '/' ? path : command.around.folder + "/" + path;
}

Result<int> audit(Command& command) {
  store::AuditOptions options;
  options.repository = repository_of(command, 0);
  options.branch = command.options.get("branch", "deploy");
  std::string signers = command.options.get("allowed-signers");
  if (!signers.empty()) {
    TRY(options.allowed_signers, read_file(signers[0] == '/' ? signers : command.around.folder + "/" + signers, 1u << 20));
  }
  std::string since = command.options.get("since");
  if (!since.empty()) {
    Result<Millis> ago = parse_duration(since);
    Result<Time> time = ago ? Result<Time>(command.around.clock.now() - *ago) : parse_time(since);
    if (!time) return fail(Code::kInvalid, "--since takes a time (2026-11-01) or a duration (30d)");
    options.since = *time;
  }
  std::string output = command.options.get("output", "text");
  if (output != "text" && output != "json" && output != "sarif") return fail(Code::kInvalid, "--output takes text, json or sarif");
  TRY(store::AuditReport report, store::audit(command.ctx(), options));
  std::string text = output == "json" ? store::audit_json(report) : output == "sarif" ? store::audit_sarif(report) : store::audit_text(report);
  command.around.out << text << (ends_with(text, "\n") ? "" : "\n");
  return report.ok() ? kExitDone : kExitFailed;
}

}  // namespace

std::vector<Verb> record_verbs() {
  return {
      {{"audit", "Is the history of a GitOps repository whole? Needs a clone and nothing else", "", {{"REPOSITORY", "A clone; default: this folder", false, false, "folder"}},
        {{"--allowed-signers", "FILE", "Keys that count, from outside the repository (else: self-asserted)", "file"},
         {"--since", "TIME", "Only what happened since: a time or a duration"},
         {"--branch", "NAME", "The branch that Argo CD reads (default deploy)"},
         {"-o,--output", "text|json|sarif", "How to print", "text|json|sarif"}},
        {{"git clone http://localhost:7300/git/gitops.git && autonomous audit gitops", "the whole history"}, {"autonomous audit --allowed-signers signers --since 30d", "this month's, against known keys"}}}, audit},
  };
}

}  // namespace autonomous::daemon
