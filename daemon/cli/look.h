// What the verbs that look have in common: members of answers, times, and what each of them runs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/command.h"

namespace autonomous::daemon {

// Of a row: "3f2c1ab Fix the cart", and "42" or "-".
std::string commit_and_subject(const nlohmann::json& row);
std::string release_number(const nlohmann::json& row);
// An array member; empty where there is none.
nlohmann::json rows_of(const nlohmann::json& body, const char* key);

// "?at=…" for --at, a time or how long ago; "" without it.
Result<std::string> at_query(const Command& command);
// A full commit from what git calls it ("HEAD", "v1.2", a branch) in this folder; hexadecimal digits stay as they are.
Result<std::string> resolve_commit(const Command& command, const std::string& text);

Result<int> run_why(Command& command);
Result<int> run_releases(Command& command);
Result<int> run_decisions(Command& command);
Result<int> run_show(Command& command);
Result<int> run_diff(Command& command);

}  // namespace autonomous::daemon
