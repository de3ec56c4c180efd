// The only file with CLI11: it costs seconds to compile.
#include "daemon/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

std::string footer_of(const VerbSpec& verb) {
  std::string text;
  if (!verb.examples.empty()) text = "Examples:";
  for (const auto& [command, what] : verb.examples) text += "\n  " + command + "\n      " + what;
  return text;
}

// What CLI11 binds to; lives as long as the parse.
struct Bound {
  std::map<std::string, std::string> values;
  std::map<std::string, bool> flags;
  std::vector<std::vector<std::string>> words;
};

void bind(CLI::App& app, const VerbSpec& verb, Bound& bound) {
  bound.words.resize(verb.words.size());
  for (size_t i = 0; i < verb.words.size(); ++i) {
    const WordSpec& word = verb.words[i];
    // A list takes all words that come, whatever is expected of it: one word is a text.
    if (!word.many) bound.words[i].resize(1);
    CLI::Option* option = word.many ? app.add_option(word.name, bound.words[i], word.help)
                                    : app.add_option(word.name, bound.words[i][0], word.help);
    option->type_name("");
    if (word.required) option->required();
  }
  for (const OptionSpec& spec : verb.options) {
    if (spec.value.empty()) {
      app.add_flag(spec.names, bound.flags[spec.key()], spec.help);
    } else {
      app.add_option(spec.names, bound.values[spec.key()], spec.help)->type_name(spec.value)->take_last();
    }
  }
}

// What CLI11 says, and the option that was probably meant.
Error usage_error(const VerbSpec& verb, const std::vector<std::string>& arguments, const std::string& said) {
  std::vector<std::string> known;
  for (const OptionSpec& spec : verb.options) known.push_back("--" + spec.key());
  std::string message = said;
  for (const std::string& argument : arguments) {
    std::string name = argument.substr(0, argument.find('='));
    if (!starts_with(name, "--") || name == "--help" || std::find(known.begin(), known.end(), name) != known.end())
      continue;
    message = "unknown option " + one_line(name, 60);
    std::string meant = nearest(name, known);
    if (!meant.empty()) message += ": did you mean " + meant + "?";
    break;
  }
  return fail(Code::kInvalid, message).hint("autonomous " + verb.name + " --help tells what it takes");
}

}  // namespace

std::string OptionSpec::key() const {
  size_t at = names.find("--");
  return at == std::string::npos ? names : names.substr(at + 2);
}

Result<Options> parse_options(const VerbSpec& verb, const std::vector<std::string>& arguments, std::string& help) {
  CLI::App app(verb.summary + (verb.details.empty() ? "" : "\n\n" + verb.details), "autonomous " + verb.name);
  app.footer(footer_of(verb));
  app.set_help_flag("-h,--help", "Show this");
  app.get_formatter()->column_width(34);
  Bound bound;
  bind(app, verb, bound);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    help = app.help();
    return Options{};
  } catch (const CLI::ParseError& error) {
    return usage_error(verb, arguments, error.what());
  }
  Options options;
  for (size_t i = 0; i < verb.words.size(); ++i) {
    if (app.get_option(verb.words[i].name)->count() == 0) break;
    options.words.insert(options.words.end(), bound.words[i].begin(), bound.words[i].end());
  }
  for (const OptionSpec& spec : verb.options) {
    std::string key = spec.key();
    if (app.get_option("--" + key)->count() == 0) continue;
    options.values[key] = spec.value.empty() ? "true" : bound.values[key];
  }
  return options;
}

}  // namespace autonomous::daemon
