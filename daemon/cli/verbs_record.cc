// Verbs that need a clone of the GitOps repository and nothing else.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command.h"
#include "daemon/pipeline/renderer.h"
#include "daemon/pipeline/verify.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/store/audit.h"
#include "gitops/store/record.h"

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

// "production/shop/web/42", a tag's name, or "web" for the newest of the only target that ends so.
Result<model::ReleaseId> find_release(const std::string& repository, const std::string& branch, std::string text) {
  if (starts_with(text, "release/")) text = text.substr(8);
  Result<model::ReleaseId> full = model::ReleaseId::parse(text);
  if (full) return full;
  TRY(store::Reader reader, store::Reader::open(repository, branch));
  TRY(store::StatePtr state, reader.state());
  std::string number;
  size_t slash = text.rfind('/');
  std::string tail = text.substr(slash == std::string::npos ? 0 : slash + 1);
  if (slash != std::string::npos && tail.find_first_not_of("0123456789") == std::string::npos) {
    number = tail;
    text.resize(slash);
  }
  std::vector<model::ReleaseId> fitting;
  for (const auto& [target, target_state] : state->targets) {
    bool fits = target.str() == text || ends_with(target.str(), "/" + text);
    if (fits && target_state->last_number != 0) fitting.push_back({target, target_state->last_number});
  }
  if (fitting.empty()) return fail(Code::kNotFound, "no release fits '", one_line(text, 100), "' in ", repository);
  if (fitting.size() > 1) return fail(Code::kInvalid, "'", text, "' is several targets: ", fitting[0].target.str(), ", ", fitting[1].target.str());
  if (!number.empty()) return model::ReleaseId::parse(fitting[0].target.str() + "/" + number);
  return fitting[0];
}

Result<int> verify(Command& command) {
  std::string repository = repository_of(command, 1);
  std::string branch = command.options.get("branch", "deploy");
  TRY(model::ReleaseId release, find_release(repository, branch, command.word(0)));
  Renderer::Options options;
  options.workers = 1;
  TRY(std::unique_ptr<Renderer> renderer, Renderer::make(options));
  TRY(VerifyAnswer answer, verify_release(command.ctx(), repository, branch, release, *renderer));
  if (command.json_output()) {
    command.print({{"release", release.str()}, {"equal", answer.equal}, {"recorded", answer.recorded}, {"rendered", answer.rendered}, {"how", answer.how}, {"differences", answer.differences}});
    return answer.equal ? kExitDone : kExitFailed;
  }
  std::string state = answer.equal ? "ok" : "no";
  command.around.out << command.style.paint(mark_of_state(state), tone_of_state(state)) << " release " << release.str() << ": " << one_line(answer.how, 1000) << ", "
                     << (answer.equal ? "every byte is the same" : "and it is not the same") << "\n";
  command.around.out << "  recorded tree  " << answer.recorded << "\n";
  if (!answer.rendered.empty()) command.around.out << "  rendered tree  " << answer.rendered << "\n";
  for (const std::string& difference : answer.differences) command.around.out << "  " << one_line(difference) << "\n";
  return answer.equal ? kExitDone : kExitFailed;
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
      {{"verify", "Render a release again from what the record keeps, and compare every byte", "",
        {{"RELEASE", "production/shop/web/42, or web for its newest", true}, {"REPOSITORY", "A clone; default: this folder", false, false, "folder"}},
        {{"--branch", "NAME", "The branch that Argo CD reads (default deploy)"}, output_option()},
        {{"autonomous verify production/shop/web/42 gitops", "one release"}, {"autonomous verify web", "the newest of web, in a clone"}}}, verify},
  };
}

}  // namespace autonomous::daemon
