// Verbs about this machine: the daemon itself, a project's first file, shells, schemas.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command.h"
#include "daemon/pipeline/daemon.h"
#include "daemon/pipeline/doctor.h"
#include "daemon/pipeline/version.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "gitops/model/detect.h"
#include "gitops/model/ids.h"
#include "gitops/model/platform.h"
#include "gitops/model/spec.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

std::string absolute(const Command& command, const std::string& path) {
  return path.empty() || path[0] == '/' ? path : command.around.folder + "/" + path;
}

Result<int> daemon_verb(Command& command) {
  DaemonOptions options;
  options.config = absolute(command, command.options.get("config"));
  options.state = absolute(command, command.options.get("state"));
  options.listen = command.options.get("listen");
  options.socket = absolute(command, command.options.get("socket"));
  options.check = command.options.has("check");
  return command.around.run_daemon(options);
}

// --- init ---

json json_of(const model::Detected& detected, const std::string& project, bool written) {
  json errors = json::array();
  for (const Error& error : detected.errors) errors.push_back(error.line());
  return {{"project", project},          {"structure", model::structure_name(detected.structure)},
          {"found", detected.found},     {"notes", detected.notes},
          {"missing", detected.missing}, {"errors", errors},
          {"text", detected.text},       {"releasable", detected.releasable()},
          {"written", written}};
}

void print_detected(const Command& command, const model::Detected& detected, const std::string& project) {
  std::ostream& out = command.around.out;
  out << command.style.paint("project " + project, Tone::kBold) << ": " << model::structure_name(detected.structure)
      << (detected.found.empty() ? "" : " (" + one_line(detected.found) + ")") << "\n";
  for (const std::string& note : detected.notes) out << "  " << one_line(note, 500) << "\n";
  for (const Error& error : detected.errors) command.around.err << error.text() << "\n";
  for (const Error& warning : detected.warnings) command.around.err << "warning: " << warning.text() << "\n";
  for (const std::string& missing : detected.missing)
    out << command.style.paint("missing: ", Tone::kWarning) << one_line(missing, 500) << "\n";
}

Result<int> init(Command& command) {
  std::string folder = command.word(0).empty() ? command.around.folder : absolute(command, command.word(0));
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  if (!exists(folder)) return fail(Code::kNotFound, "no such folder: ", folder);
  std::string project = command.options.get("project");
  if (project.empty()) project = project_of_folder(folder);
  if (project.empty()) project = model::to_name(folder.substr(folder.rfind('/') + 1), model::kMaxProject);
  TRY_DO(model::check_name("project name", project, model::kMaxProject));
  std::unique_ptr<FileTree> tree = disk_tree(folder);
  model::Detected detected = model::detect(*tree, project);
  std::string path = folder + "/autonomous.yaml";
  bool there = detected.structure == model::Structure::kSpec;
  bool write = !there && !detected.text.empty() && !command.options.has("dry-run");
  if (write) TRY_DO(write_file_durable(path, detected.text));
  if (command.json_output()) {
    command.print(json_of(detected, project, write));
  } else {
    print_detected(command, detected, project);
    if (!detected.text.empty() && !there) command.around.out << "\n" << detected.text;
    if (write) command.around.out << "\nwrote " << path << "; next: git add autonomous.yaml, commit, and push\n";
  }
  if (!detected.errors.empty() || detected.structure == model::Structure::kNothing) return kExitFailed;
  return kExitDone;
}

// --- doctor ---

// Whether the address is one of this machine, which can be looked at from here.
bool is_here(const ServerAddress& address) {
  if (!address.unix_socket.empty()) return true;
  std::string rest = address.url.substr(address.url.find("://") + 3);
  return starts_with(rest, "127.") || starts_with(rest, "localhost") || starts_with(rest, "[::1]");
}

Result<int> doctor(Command& command) {
  json checks = json::array();
  int status = kExitDone;
  TRY(Remote * remote, command.remote());
  Result<json> answer =
      remote->get(command.ctx(), command.options.has("deep") ? "/api/v1/doctor?deep=true" : "/api/v1/doctor");
  if (answer) {
    checks = answer->value("checks", json::array());
    // A list of pairs would be taken for several elements.
    json answers = {{"name", "daemon"}, {"state", "ok"}, {"text", "answers at " + remote->address().text}};
    checks.insert(checks.begin(), answers);
  } else {
    checks.push_back(
        {{"name", "daemon"}, {"state", "failed"}, {"text", answer.error().message()}, {"fix", answer.error().hint()}});
    status = exit_of(answer.error());
    // Then this machine is looked at instead: what would keep a daemon from working here?
    if (answer.error().code() == Code::kUnavailable && is_here(remote->address()) && command.around.examine) {
      DoctorOptions options{absolute(command, command.options.get("config")),
                            absolute(command, command.options.get("state"))};
      for (const Check& check : command.around.examine(command.ctx(), options))
        checks.push_back({{"name", check.name}, {"state", check.state}, {"text", check.text}, {"fix", check.fix}});
    }
  }
  for (const json& check : checks) {
    if (text_of(check, "state") == "failed" && status == kExitDone) status = kExitFailed;
  }
  if (command.json_output()) {
    command.print({{"checks", checks}});
    return status;
  }
  for (const json& check : checks) {
    std::string state = text_of(check, "state");
    command.around.out << command.style.paint(std::string(mark_of_state(state)) + " " + text_of(check, "name"),
                                              tone_of_state(state))
                       << "  ";
    // An error in a file keeps its lines: the caret stands below what is wrong.
    bool first = true;
    const std::string text = text_of(check, "text");
    for (std::string_view line : split(text, '\n')) {
      command.around.out << (first ? "" : "    ") << one_line(line, 1000) << "\n";
      first = false;
    }
    if (!text_of(check, "fix").empty())
      command.around.out << "    fix: " << one_line(text_of(check, "fix"), 1000) << "\n";
  }
  return status;
}

// --- version, completion, schema ---

Result<int> version_verb(Command& command) {
  if (command.json_output()) {
    command.print({{"version", version()}});
  } else {
    command.around.out << "autonomous " << version() << "\n";
  }
  return kExitDone;
}

Result<int> completion(Command& command) {
  std::string script = shell_completion(command.word(0));
  if (script.empty())
    return fail(Code::kInvalid, "no completion for '", one_line(command.word(0), 40), "': bash, zsh or fish");
  command.around.out << script;
  return kExitDone;
}

Result<int> schema(Command& command) {
  std::string which = command.word(0).empty() ? "autonomous" : command.word(0);
  if (which == "autonomous") {
    command.around.out << model::spec_schema() << "\n";
  } else if (which == "platform") {
    command.around.out << model::platform_schema() << "\n";
  } else {
    return fail(Code::kInvalid, "no schema of '", one_line(which, 40), "': autonomous or platform");
  }
  return kExitDone;
}

Result<int> render(Command&) {
  return fail(Code::kInvalid, "`render` is run by the program `autonomous` itself, not by this one");
}

}  // namespace

std::vector<Verb> local_verbs() {
  return {
      {{"init",
        "Detect what a project holds, and write its autonomous.yaml",
        "",
        {{"FOLDER", "Default: this one", false, false, "folder"}},
        {{"--project", "NAME", "Default: made from the folder's name"},
         {"--dry-run", "", "Only show it"},
         output_option()},
        {{"autonomous init", "in a repository"}, {"autonomous init --dry-run services/web", "only look"}}},
       init},
      {{"daemon",
        "Run the daemon",
        "Without a configuration everything has a default: state in ~/.local/state/autonomous, a hosted GitOps repository, HTTP on 127.0.0.1:7300.",
        {},
        {{"--config", "FILE", "daemon.yaml (default: /etc/autonomous/daemon.yaml, where it exists)", "file"},
         {"--state", "FOLDER", "Where repositories, keys and caches are", "folder"},
         {"--listen", "ADDR:PORT", "HTTP; port 0 takes a free one, and <state>/endpoint tells which"},
         {"--socket", "PATH", "Unix socket", "file"},
         {"--check", "", "Check the configuration and what it names, and end"}},
        {{"autonomous daemon", "on embedded defaults"},
         {"autonomous daemon --state /tmp/a --listen 127.0.0.1:0", "another one beside it"},
         {"autonomous daemon --check", "is the configuration right?"}}},
       daemon_verb},
      {{"doctor",
        "What is configured, reachable, and wrong, with the fix",
        "Asks the daemon. Where none answers on this machine, it looks itself: configuration, state, keys, git, port, repositories, and every service that is configured.",
        {},
        looking({{"--deep", "", "Also fold the whole ledger again, and compare"},
                 {"--config", "FILE", "Where no daemon runs: this configuration", "file"},
                 {"--state", "FOLDER", "Where no daemon runs: this state", "folder"}}),
        {{"autonomous doctor", "ask the daemon, or look at this machine"},
         {"autonomous doctor --deep", "is the index what git says?"},
         {"autonomous doctor -o json", "for a monitor: exit status 0 when nothing is wrong"}}},
       doctor},
      {{"render",
        "What `helm template` prints, natively (autonomous render --help)",
        "",
        {{"ARGUMENT", "As helm template's", false, true}},
        {},
        {{"autonomous render web ./chart -f values.yaml", "a chart with values"}}},
       render},
      {{"schema",
        "The JSON Schema of a spec, for editors",
        "",
        {{"WHICH", "autonomous (default) or platform", false, false, "autonomous|platform"}},
        {},
        {{"autonomous schema platform", "of platform.yaml"}}},
       schema},
      {{"version",
        "The version of this program",
        "",
        {},
        {output_option()},
        {{"autonomous version -o json", "for programs"}}},
       version_verb},
      {{"completion",
        "A script that completes commands in your shell",
        "",
        {{"SHELL", "bash, zsh or fish", true, false, "bash|zsh|fish"}},
        {},
        {{"autonomous completion bash > /etc/bash_completion.d/autonomous", "for everybody"},
         {"autonomous completion fish | source", "in this shell"}}},
       completion},
  };
}

}  // namespace autonomous::daemon
