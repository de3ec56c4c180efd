// Acting: what verbs that change something have in common: the request, the question, the steps as they happen.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/cli/command.h"

namespace autonomous::daemon {

// because, ticket and dry-run, as said.
nlohmann::json ask_body(const Command& command);
// --until as a time (2026-12-01T08:00:00Z) or how long from now (2h) into body["until"], where it was said.
Result<void> put_until(const Command& command, nlohmann::json& body);
// Where a person sits there: asks. must: without --yes nothing happens in a script either.
Result<void> confirm(const Command& command, const std::string& question, bool must);
// Asks for an action and, unless it isn't wanted, follows it to its end.
Result<int> act(Command& command, const std::string& path, const nlohmann::json& body, bool has_progress);
std::string target_path(const std::string& target, const char* action);
// -e and -p, then `own`, then what all have that act.
std::vector<OptionSpec> aimed_action(std::vector<OptionSpec> own);

}  // namespace autonomous::daemon
