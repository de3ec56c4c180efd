// Command: one run of a verb: its options, the daemon it talks to, and how it prints.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "daemon/cli/cli.h"
#include "daemon/cli/options.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/style.h"

namespace autonomous::daemon {

struct Command {
  Command(Surroundings& around_in, const VerbSpec& verb_in, Options options_in, Style style_in)
      : around(around_in), verb(verb_in), options(std::move(options_in)), style(style_in) {}
  Surroundings& around;
  const VerbSpec& verb;
  Options options;
  Style style;

  bool json_output() const { return options.get("output", "text") == "json"; }
  std::string word(size_t index) const { return index < options.words.size() ? options.words[index] : ""; }
  Ctx ctx() const { return Ctx{around.stop}; }
  // Connects at the first call.
  Result<Remote*> remote();
  // Prints `value` as JSON, for -o json.
  void print(const nlohmann::json& value) const;

 private:
  std::unique_ptr<Remote> remote_;
};

using RunVerb = Result<int> (*)(Command&);
struct Verb {
  VerbSpec spec;
  RunVerb run;
  bool hidden = false;
};
// In the order of the help.
const std::vector<Verb>& verbs();

// The verbs by family.
std::vector<Verb> look_verbs();
std::vector<Verb> act_verbs();
std::vector<Verb> decide_verbs();
std::vector<Verb> eject_verbs();
std::vector<Verb> import_verbs();
std::vector<Verb> local_verbs();
std::vector<Verb> record_verbs();
std::vector<Verb> repair_verbs();

// Options that several verbs have.
OptionSpec output_option();
OptionSpec server_option();
std::vector<OptionSpec> looking(std::vector<OptionSpec> own);  // + server, output
std::vector<OptionSpec> acting(
    std::vector<OptionSpec> own);  // + because, ticket, dry-run, yes, timeout, no-wait, server, output
std::vector<OptionSpec> aiming();  // -e, -p
WordSpec target_word(bool required);

// The text of a member, "" where there is none; so that an older or newer daemon's answer can be shown.
std::string text_of(const nlohmann::json& object, const char* key);
uint64_t number_of(const nlohmann::json& object, const char* key);
std::string short_commit(const std::string& oid);
// A path as the user means it: from the folder where the command runs.
std::string file_in_folder(const Command& command, const std::string& path);

// "web", "shop/web" or "env/project/app", narrowed by -e and -p and by the folder's own project, against the targets
// that exist. kNotFound with the nearest name; kInvalid where several fit.
Result<std::vector<std::string>> find_targets(Command& command, const std::string& text);
Result<std::string> find_target(Command& command, const std::string& text);
// The project of the autonomous.yaml in this folder or above it; "" where there is none.
std::string project_of_folder(const std::string& folder);

std::string shell_completion(const std::string& shell);  // "" for an unknown one
std::string general_help();

}  // namespace autonomous::daemon
