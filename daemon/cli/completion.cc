// Completion scripts, made from the table of verbs. Targets, environments and projects are asked of the daemon.
#include "daemon/cli/command.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

std::string long_name(const OptionSpec& option) { return "--" + option.key(); }

std::string short_name(const OptionSpec& option) {
  return starts_with(option.names, "-") && !starts_with(option.names, "--") ? option.names.substr(0, 2) : "";
}

std::string verb_names(const char* separator) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    if (!verb.hidden) names.push_back(verb.spec.name);
  }
  return join(names, separator);
}

// A shell's single-quoted word.
std::string single_quoted(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

// The field of `autonomous status -o json` that holds targets; without jq, which may not be there.
constexpr std::string_view kTargets =
    "autonomous status -o json 2>/dev/null | sed -n 's/^ *\"target\": \"\\([^\"]*\\)\".*/\\1/p'";

std::string words_for(const std::string& completes) {
  if (completes == "target") return "$(" + std::string(kTargets) + ")";
  if (completes == "environment") return "$(" + std::string(kTargets) + " | cut -d/ -f1 | sort -u)";
  if (completes == "project") return "$(" + std::string(kTargets) + " | cut -d/ -f2 | sort -u)";
  std::string words = completes;
  for (char& c : words) c = c == '|' ? ' ' : c;
  return words;
}

std::string bash() {
  std::string out =
      "# bash completion of autonomous\n"
      "_autonomous() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W '" +
      verb_names(" ") +
      " --help --version' -- \"$current\")); return; fi\n"
      "  case $verb in\n";
  for (const Verb& verb : verbs()) {
    if (verb.hidden) continue;
    std::vector<std::string> options = {"--help"};
    std::string values;
    for (const OptionSpec& option : verb.spec.options) {
      options.push_back(long_name(option));
      std::string names = long_name(option) + (short_name(option).empty() ? "" : "|" + short_name(option));
      if (option.completes == "file")
        values += "        " + names + ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
      else if (option.completes == "folder")
        values += "        " + names + ") COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n";
      else if (!option.completes.empty())
        values += "        " + names + ") COMPREPLY=($(compgen -W \"" + words_for(option.completes) +
                  "\" -- \"$current\")); return ;;\n";
      else if (!option.value.empty()) values += "        " + names + ") return ;;\n";
    }
    out += "    " + verb.spec.name + ")\n";
    if (!values.empty()) out += "      case $before in\n" + values + "      esac\n";
    out += "      case $current in -*) COMPREPLY=($(compgen -W '" + join(options, " ") +
           "' -- \"$current\")); return ;; esac\n";
    std::string completes = verb.spec.words.empty() ? "" : verb.spec.words[0].completes;
    if (completes == "folder") out += "      COMPREPLY=($(compgen -d -- \"$current\"))\n";
    else if (completes == "file") out += "      COMPREPLY=($(compgen -f -- \"$current\"))\n";
    else if (!completes.empty())
      out += "      COMPREPLY=($(compgen -W \"" + words_for(completes) + "\" -- \"$current\"))\n";
    out += "      ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _autonomous autonomous\n";
}

std::string zsh_words(const std::string& completes) {
  if (completes == "file") return "_files";
  if (completes == "folder") return "_files -/";
  if (completes.empty()) return " ";
  if (completes == "target" || completes == "environment" || completes == "project")
    return "_autonomous_" + completes + "s";
  return "(" + words_for(completes) + ")";
}

// In a spec of _arguments, brackets and colons have a meaning.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (char c : single_quoted(text))
    out += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
  return out;
}

std::string zsh() {
  std::string out =
      "#compdef autonomous\n"
      "_autonomous_targets() { local -a all; all=(${(f)\"$(" +
      std::string(kTargets) +
      ")\"}); compadd -a all }\n"
      "_autonomous_environments() { local -a all; all=(${(fu)\"$(" +
      std::string(kTargets) +
      " | cut -d/ -f1)\"}); compadd -a all }\n"
      "_autonomous_projects() { local -a all; all=(${(fu)\"$(" +
      std::string(kTargets) +
      " | cut -d/ -f2)\"}); compadd -a all }\n"
      "_autonomous() {\n"
      "  if (( CURRENT == 2 )); then\n"
      "    local -a all; all=(\n";
  for (const Verb& verb : verbs()) {
    if (!verb.hidden) out += "      '" + verb.spec.name + ":" + single_quoted(verb.spec.summary) + "'\n";
  }
  out +=
      "    )\n    _describe command all\n    return\n  fi\n  local verb=$words[2]\n  shift words; (( CURRENT-- ))\n  case $verb in\n";
  for (const Verb& verb : verbs()) {
    if (verb.hidden) continue;
    out += "    " + verb.spec.name + ") _arguments -s '(-h --help)'{-h,--help}'[Show help]'";
    for (const OptionSpec& option : verb.spec.options) {
      std::string help = "[" + zsh_text(option.help) + "]";
      std::string value =
          option.value.empty() ? "" : ":" + zsh_text(to_lower(option.value)) + ":" + zsh_words(option.completes);
      std::string brief = short_name(option);
      if (brief.empty()) out += " \\\n      '" + long_name(option) + help + value + "'";
      else
        out += " \\\n      '(" + brief + " " + long_name(option) + ")'{" + brief + "," + long_name(option) + "}'" +
               help + value + "'";
    }
    for (const WordSpec& word : verb.spec.words) {
      std::string start = word.many ? "*:" : word.required ? ":" : "::";
      out += " \\\n      '" + start + zsh_text(to_lower(word.name)) + ":" + zsh_words(word.completes) + "'";
    }
    out += " ;;\n";
  }
  return out +
         "  esac\n}\nif [ \"$funcstack[1]\" = _autonomous ]; then _autonomous \"$@\"; else compdef _autonomous autonomous; fi\n";
}

std::string fish() {
  std::string out = "# fish completion of autonomous\ncomplete -c autonomous -f\n";
  auto arguments = [](const std::string& completes) -> std::string {
    if (completes == "file" || completes == "folder") return " -F";
    if (completes.empty()) return "";
    std::string words = words_for(completes);
    if (starts_with(words, "$(")) words = words.substr(1);  // fish: (command)
    return " -a '" + single_quoted(words) + "'";
  };
  for (const Verb& verb : verbs()) {
    if (verb.hidden) continue;
    const std::string only = " -n '__fish_seen_subcommand_from " + verb.spec.name + "'";
    out += "complete -c autonomous -n __fish_use_subcommand -a " + verb.spec.name + " -d '" +
           single_quoted(verb.spec.summary) + "'\n";
    for (const OptionSpec& option : verb.spec.options) {
      std::string brief = short_name(option);
      out += "complete -c autonomous" + only + " -l " + option.key() + (brief.empty() ? "" : " -s " + brief.substr(1)) +
             (option.value.empty() ? "" : " -r") + arguments(option.completes) + " -d '" + single_quoted(option.help) +
             "'\n";
    }
    if (!verb.spec.words.empty() && !verb.spec.words[0].completes.empty())
      out += "complete -c autonomous" + only + arguments(verb.spec.words[0].completes) + "\n";
  }
  return out;
}

}  // namespace

std::string shell_completion(const std::string& shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  return "";
}

}  // namespace autonomous::daemon
