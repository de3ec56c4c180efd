// Verbs that need a clone of the GitOps repository and nothing else.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/clone.h"
#include "daemon/cli/command.h"
#include "daemon/pipeline/blame.h"
#include "daemon/pipeline/renderer.h"
#include "daemon/pipeline/verify.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/signer.h"
#include "gitops/store/audit.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

namespace {

std::string said_repository(const Command& command, size_t word) {
  return command.options.get("repo", command.word(word));
}

// A time, or how long ago.
Result<std::optional<Time>> past_option(const Command& command, const char* key) {
  std::string text = command.options.get(key);
  if (text.empty()) return std::optional<Time>();
  Result<Millis> ago = parse_duration(text);
  Result<Time> time = ago ? Result<Time>(command.around.clock.now() - *ago) : parse_time(text);
  if (!time) return fail(Code::kInvalid, "--", key, " takes a time (2026-11-01) or a duration (30d)");
  return std::optional(*time);
}

// Only of a history that is whole: a baseline is what later ones are held against.
Result<void> write_baseline(Command& command, const store::AuditReport& report) {
  if (!report.ok()) return fail(Code::kConflict, "no baseline was written: the history is not whole");
  std::function<Result<std::string>(std::string_view)> sign;
  std::optional<git::Signer> signer;
  if (std::string key = command.options.get("sign"); !key.empty()) {
    TRY(signer, git::Signer::load(file_in_folder(command, key)));
    sign = [&](std::string_view text) { return signer->sign(text, store::kBaselineNamespace); };
  }
  TRY(std::string text, store::format_baseline(report, command.around.clock.now(), sign));
  return write_file(file_in_folder(command, command.options.get("write-baseline")), text);
}

Result<int> audit(Command& command) {
  store::AuditOptions options;
  TRY(Clone clone, Clone::of(command, said_repository(command, 0)));
  options.repository = clone.path();
  options.branch = command.options.get("branch", "deploy");
  std::string signers = command.options.get("allowed-signers");
  if (!signers.empty()) {
    TRY(options.allowed_signers, read_file(file_in_folder(command, signers), 1u << 20));
  }
  TRY(options.since, past_option(command, "since"));
  TRY(options.from, past_option(command, "from"));
  TRY(options.to, past_option(command, "to"));
  if (command.options.has("baseline")) {
    TRY(options.baseline, read_file(file_in_folder(command, command.options.get("baseline")), 1u << 20));
  }
  std::optional<Clone> witness;
  if (command.options.has("witness")) {
    TRY(witness, Clone::of(command, command.options.get("witness")));
    options.witness = witness->path();
  }
  std::string kind = command.options.get("report");
  options.evidence = !kind.empty();
  if (options.evidence && kind != "html" && kind != "csv" && kind != "json")
    return fail(Code::kInvalid, "--report takes html, csv or json");
  if (!options.evidence && (options.from || options.to))
    return fail(Code::kInvalid, "--from and --to are of a --report; an audit itself takes --since");
  std::string output = command.options.get("output", "text");
  if (output != "text" && output != "json" && output != "sarif")
    return fail(Code::kInvalid, "--output takes text, json or sarif");
  TRY(store::AuditReport report, store::audit(command.ctx(), options));
  std::string text = kind == "html"      ? store::evidence_html(report)
                     : kind == "csv"     ? store::evidence_csv(report)
                     : kind == "json"    ? store::evidence_json(report)
                     : output == "json"  ? store::audit_json(report)
                     : output == "sarif" ? store::audit_sarif(report)
                                         : store::audit_text(report);
  command.around.out << text << (ends_with(text, "\n") ? "" : "\n");
  if (command.options.has("write-baseline")) TRY_DO(write_baseline(command, report));
  return report.ok() ? kExitDone : kExitFailed;
}

Result<int> verify(Command& command) {
  TRY(Clone clone, Clone::of(command, said_repository(command, 1)));
  const std::string& repository = clone.path();
  std::string branch = command.options.get("branch", "deploy");
  TRY(model::ReleaseId release, find_release(repository, branch, command.word(0)));
  Renderer::Options options;
  options.workers = 1;
  TRY(std::unique_ptr<Renderer> renderer, Renderer::make(options));
  TRY(VerifyAnswer answer, verify_release(command.ctx(), repository, branch, release, *renderer));
  if (command.json_output()) {
    command.print({{"release", release.str()},
                   {"equal", answer.equal},
                   {"recorded", answer.recorded},
                   {"rendered", answer.rendered},
                   {"how", answer.how},
                   {"differences", answer.differences}});
    return answer.equal ? kExitDone : kExitFailed;
  }
  std::string state = answer.equal ? "ok" : "no";
  command.around.out << command.style.paint(mark_of_state(state), tone_of_state(state)) << " release " << release.str()
                     << ": " << one_line(answer.how, 1000) << ", "
                     << (answer.equal ? "every byte is the same" : "and it is not the same") << "\n";
  command.around.out << "  recorded tree  " << answer.recorded << "\n";
  if (!answer.rendered.empty()) command.around.out << "  rendered tree  " << answer.rendered << "\n";
  for (const std::string& difference : answer.differences) command.around.out << "  " << one_line(difference) << "\n";
  return answer.equal ? kExitDone : kExitFailed;
}

Result<int> blame(Command& command) {
  TRY(Clone clone, Clone::of(command, said_repository(command, 2)));
  TRY(store::Reader reader, store::Reader::open(clone.path(), command.options.get("branch", "deploy")));
  TRY(store::StatePtr state, reader.state());
  TRY(model::Target target, find_recorded(*state, command.word(0)));
  TRY(BlameAnswer answer, daemon::blame(reader, target, command.word(1)));
  if (command.json_output()) {
    nlohmann::json places = nlohmann::json::array();
    for (const BlameAnswer::Place& place : answer.places)
      places.push_back({{"file", place.file},
                        {"line", place.line},
                        {"setting", place.setting},
                        {"text", place.text},
                        {"commit", place.commit},
                        {"author", place.author},
                        {"subject", place.subject}});
    command.print({{"field", answer.field},
                   {"value", answer.value},
                   {"gone", answer.gone},
                   {"before", answer.before},
                   {"release", answer.release.str()},
                   {"at", format_time(answer.at)},
                   {"requested_by", answer.requested_by},
                   {"author", answer.author},
                   {"because", answer.because},
                   {"subject", answer.subject},
                   {"source", answer.source},
                   {"commit", answer.commit},
                   {"restores", answer.restores},
                   {"places", places},
                   {"how", answer.how}});
    return kExitDone;
  }
  std::ostream& out = command.around.out;
  auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out << "  " << command.style.paint(name, Tone::kDim) << one_line(value, 1000) << "\n";
  };
  out << command.style.paint(answer.field, Tone::kBold)
      << (answer.gone ? " is gone" : " = " + one_line(answer.value, 300)) << "\n";
  line("since     ", "release " + answer.release.str() + ", " + format_time(answer.at));
  line("before    ", answer.before);
  line("rollback  ", answer.restores);
  line("asked for ", answer.requested_by);
  line("author    ", answer.author);
  line("because   ", answer.because);
  line("source    ", answer.source + (answer.subject.empty() ? "" : " " + answer.subject));
  for (const BlameAnswer::Place& place : answer.places) {
    std::string where = place.file + ":" + std::to_string(place.line);
    line("set by    ", where + (place.text.empty() ? "" : "  " + place.text));
    if (!place.commit.empty()) line("          ", place.author + " in " + place.commit + " of main: " + place.subject);
  }
  line("          ", answer.how);
  return kExitDone;
}

}  // namespace

std::vector<Verb> record_verbs() {
  return {
      {{"audit",
        "Is the history of a GitOps repository whole? Needs a clone and nothing else",
        "Each finding names its rule, commit and file; gitops/store/AUDIT.md says what each means and what to do. With --report:\n"
        "what an auditor takes away, every release with who, what, when, why, by whose approval and how it went.",
        {{"REPOSITORY", "A clone; default: this folder", false, false, "folder"}},
        {repo_option(),
         {"--allowed-signers", "FILE", "Keys that count, from outside the repository (else: self-asserted)", "file"},
         {"--since", "TIME", "Only what happened since: a time or a duration"},
         {"--baseline", "FILE", "What --write-baseline wrote earlier: nothing of it may be missing", "file"},
         {"--write-baseline", "FILE", "Write a summary to keep elsewhere; with --sign KEY signed", "file"},
         {"--sign", "KEY", "The private key (Ed25519, unencrypted) that signs the baseline", "file"},
         {"--witness", "PATH|URL", "A copy that others own: nothing that it has may be missing", "folder"},
         {"--report", "html|csv|json", "The evidence instead of the findings alone", "html|csv|json"},
         {"--from", "TIME", "The report begins then: a time or a duration"},
         {"--to", "TIME", "The report ends then"},
         branch_option(),
         {"-o,--output", "text|json|sarif", "How to print", "text|json|sarif"}},
        {{"git clone http://localhost:7300/git/gitops.git && autonomous audit gitops", "the whole history"},
         {"autonomous audit --allowed-signers signers --since 30d", "this month's, against known keys"},
         {"autonomous audit --write-baseline 2026-11.baseline --sign ~/.ssh/id_ed25519",
          "to hold next month's against"},
         {"autonomous audit --baseline 2026-11.baseline --allowed-signers signers",
          "was anything cut or rewritten since?"},
         {"autonomous audit --report html --from 2026-10-01 --to 2027-01-01 > q4.html", "the evidence of a quarter"}}},
       audit},
      {{"verify",
        "Render a release again from what the record keeps, and compare every byte",
        "",
        {{"RELEASE", "production/shop/web/42, or web for its newest", true},
         {"REPOSITORY", "A clone; default: this folder", false, false, "folder"}},
        {repo_option(), branch_option(), output_option()},
        {{"autonomous verify production/shop/web/42 gitops", "one release"},
         {"autonomous verify web --repo http://localhost:7300/git/gitops.git",
          "the newest of web, straight from the daemon"}}},
       verify},
      {{"blame",
        "Which release, person, source commit, file and line set a field of a resource",
        "From a clone alone. The release and the people are exact; the line is that of the setting with the field's value and the\n"
        "likest name, or of the app's own manifest, and the answer says how it was found.",
        {{"TARGET", "production/shop/web, or web where that is one target", true, false, "target"},
         {"RESOURCE.FIELD", "deployment/web.spec.replicas; a list's element is [0] or [name]", true},
         {"REPOSITORY", "A clone; default: this folder", false, false, "folder"}},
        {repo_option(), branch_option(), output_option()},
        {{"autonomous blame production/shop/web deployment/web.spec.replicas gitops", "who set the replicas"},
         {"autonomous blame web 'deployment/web.spec.template.spec.containers[web].image'",
          "where the image came from"}}},
       blame},
  };
}

}  // namespace autonomous::daemon
