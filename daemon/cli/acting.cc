#include "daemon/cli/acting.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/progress.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

void print_accepted(const Command& command, const json& answer) {
  std::ostream& out = command.around.out;
  if (answer.value("dry_run", false)) out << command.style.paint("dry run: ", Tone::kDim);
  out << one_line(text_of(answer, "summary"), 1000) << "\n";
  json affected = answer.value("affected", json::array());
  // One target's line often says what the summary said.
  bool said =
      affected.size() == 1 && text_of(answer, "summary").find(text_of(affected[0], "text")) != std::string::npos;
  for (const json& one : said ? json::array() : affected) {
    out << "  " << text_of(one, "target");
    if (number_of(one, "release") != 0) out << "  release " << number_of(one, "release");
    out << "  " << one_line(text_of(one, "text"), 1000) << "\n";
  }
  out.flush();
}

Result<Millis> wait_limit(const Command& command) {
  if (!command.options.has("timeout")) return Millis{15 * 60'000};
  return parse_duration(command.options.get("timeout"));
}

// Before anybody is told that it goes on: it stands in the ledger then, whatever happens to the daemon.
std::string kept(Remote& remote) {
  Ctx ctx{std::stop_token{}, std::chrono::steady_clock::now() + std::chrono::seconds(10)};
  Result<json> answer = remote.post(ctx, "/api/v1/keep", json::object());
  return answer ? "" : "; whether it outlasts the daemon is not known: " + answer.error().line();
}

int exit_of_end(const Command& command, Remote& remote, Ended ended, const Result<void>& followed) {
  if (ended == Ended::kDone) return kExitDone;
  if (ended == Ended::kFailed) return kExitFailed;
  if (ended == Ended::kDetached) {
    bool left = command.around.stop.stop_requested();
    bool late = !followed && followed.error().code() == Code::kTimeout;
    std::string doubt = kept(remote);
    command.around.err << (left   ? "detached: it goes on without you"
                           : late ? "still going when the time was up: it goes on without you"
                                  : "the connection to the daemon was lost: it goes on without you")
                       << doubt << "; `autonomous status` shows how it ends\n";
  }
  return kExitWaiting;
}

}  // namespace

json ask_body(const Command& command) {
  json body = json::object();
  for (const char* key : {"because", "ticket"}) {
    if (command.options.has(key)) body[key] = command.options.get(key);
  }
  if (command.options.has("dry-run")) body["dry_run"] = true;
  return body;
}

Result<void> put_until(const Command& command, json& body) {
  std::string until = command.options.get("until");
  if (until.empty()) return ok();
  Result<Millis> duration = parse_duration(until);
  Result<Time> time = duration ? Result<Time>(command.around.clock.now() + *duration) : parse_time(until);
  if (!time) return fail(Code::kInvalid, "--until takes a time (2026-12-01T08:00:00Z) or a duration (2h)");
  body["until"] = format_time(*time);
  return ok();
}

Result<void> confirm(const Command& command, const std::string& question, bool must) {
  if (command.options.has("yes") || command.options.has("dry-run")) return ok();
  if (!command.around.in_terminal || !command.around.out_terminal) {
    if (!must) return ok();
    return fail(Code::kInvalid, question, " needs --yes where nobody can be asked");
  }
  command.around.out << question << " Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(command.around.in, answer);
  if (to_lower(trim(answer)) == "y" || to_lower(trim(answer)) == "yes") return ok();
  return fail(Code::kConflict, "nothing was done");
}

Result<int> act(Command& command, const std::string& path, const json& body, bool has_progress) {
  TRY(Remote * remote, command.remote());
  bool follow = has_progress && !command.options.has("no-wait") && !command.options.has("dry-run");
  if (!follow) {
    TRY(json answer, remote->post(command.ctx(), path, body));
    if (command.json_output()) {
      command.print(answer);
    } else {
      print_accepted(command, answer);
    }
    return kExitDone;
  }
  TRY(Millis limit, wait_limit(command));
  // With -o json, people's lines go to standard error, and one object is printed at the end.
  ProgressView view(command.json_output() ? command.around.err : command.around.out, command.style);
  json accepted;
  json outcomes = json::array();
  Result<void> followed = remote->follow(command.ctx().within(limit), path, body, [&](std::string_view text) {
    json line = json::parse(text, nullptr, false);
    if (line.is_object() && line.contains("accepted")) {
      accepted = line["accepted"];
      if (!command.json_output()) print_accepted(command, accepted);
      return true;
    }
    if (line.is_object() && line.contains("done")) outcomes = line["done"];
    // An answer that is no stream: it was done at once.
    if (line.is_object() && line.contains("summary") && accepted.is_null()) {
      accepted = line;
      if (!command.json_output()) print_accepted(command, accepted);
      return false;
    }
    return view.line(text);
  });
  if (!followed && accepted.is_null()) return std::move(followed).error();
  if (command.json_output()) command.print({{"accepted", accepted}, {"outcomes", outcomes}});
  return exit_of_end(command, *remote, view.ended(), followed);
}

std::string target_path(const std::string& target, const char* action) {
  return "/api/v1/targets/" + target + "/" + action;
}

std::vector<OptionSpec> aimed_action(std::vector<OptionSpec> own) {
  std::vector<OptionSpec> all = aiming();
  all.insert(all.end(), own.begin(), own.end());
  return acting(std::move(all));
}

}  // namespace autonomous::daemon
