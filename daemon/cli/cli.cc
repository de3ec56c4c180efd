#include "daemon/cli/cli.h"

#include <algorithm>
#include <ostream>

#include "daemon/cli/command.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

const Verb* find_verb(const std::string& name) {
  for (const Verb& verb : verbs()) {
    if (verb.spec.name == name) return &verb;
  }
  return nullptr;
}

int complain(Surroundings& around, const Error& error) {
  around.err << "autonomous: " << masked(error.text()) << "\n";
  return exit_of(error);
}

int unknown_verb(Surroundings& around, const std::string& name) {
  std::vector<std::string> known;
  for (const Verb& verb : verbs()) known.push_back(verb.spec.name);
  std::string meant = nearest(name, known);
  around.err << "autonomous: no such command: " << one_line(name, 60)
             << (meant.empty() ? "" : ": did you mean " + meant + "?") << "\n  hint: autonomous --help lists them\n";
  return kExitUsage;
}

int run_verb(const Verb& verb, const std::vector<std::string>& arguments, Surroundings& around) {
  std::string help;
  Result<Options> options = parse_options(verb.spec, arguments, help);
  if (!options) return complain(around, options.error());
  if (!help.empty()) {
    around.out << help;
    return kExitDone;
  }
  std::string output = options->get("output", "text");
  bool more_formats = verb.spec.name == "audit" || verb.spec.name == "diff";  // SARIF; Markdown
  if (output != "text" && output != "json" && !more_formats) {
    return complain(around, fail(Code::kInvalid, "--output takes text or json, not '", one_line(output, 40), "'"));
  }
  Style style{wants_colour(around.out_terminal, around.variable("NO_COLOR"), around.variable("TERM"))};
  Command command(around, verb.spec, *std::move(options), style);
  Result<int> status = verb.run(command);
  around.out.flush();
  return status ? *status : complain(around, status.error());
}

}  // namespace

std::string general_help() {
  std::string text =
      "Autonomous: push, and a minute later it runs, or you read why not.\n\n"
      "Usage: autonomous COMMAND [TARGET] [OPTIONS]\n\n"
      "A target is one app in one environment: production/shop/web; web -e production, or just web, where that is clear.\n\nCommands:\n";
  for (const Verb& verb : verbs()) {
    if (verb.hidden) continue;
    text += "  " + verb.spec.name + std::string(verb.spec.name.size() < 12 ? 12 - verb.spec.name.size() : 1, ' ') +
            verb.spec.summary + "\n";
  }
  text +=
      "\nautonomous COMMAND --help tells more, with examples.\n"
      "Exit status: 0 done, 1 it failed, 2 used wrongly, 3 not found, 4 not allowed, 5 the daemon or a service can't be reached, 6 still waiting.\n";
  return text;
}

int run_cli(const std::vector<std::string>& arguments, Surroundings& around) {
  std::string name = arguments.empty() ? "" : arguments[0];
  if (name == "--version") name = "version";
  if (name == "help" && arguments.size() > 1) {
    const Verb* verb = find_verb(arguments[1]);
    return verb == nullptr ? unknown_verb(around, arguments[1]) : run_verb(*verb, {"--help"}, around);
  }
  if (name.empty() || name == "help" || name == "--help" || name == "-h") {
    (name.empty() ? around.err : around.out) << general_help();
    return name.empty() ? kExitUsage : kExitDone;
  }
  const Verb* verb = find_verb(name);
  if (verb == nullptr) return unknown_verb(around, name);
  return run_verb(*verb, {arguments.begin() + 1, arguments.end()}, around);
}

}  // namespace autonomous::daemon
