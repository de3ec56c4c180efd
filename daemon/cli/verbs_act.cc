// Verbs that act: they ask the daemon, then show the steps as they happen.
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/acting.h"
#include "daemon/cli/command.h"
#include "daemon/cli/progress.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

using nlohmann::json;

json ask_body(const Command& command) {
  json body = json::object();
  for (const char* key : {"because", "ticket"}) {
    if (command.options.has(key)) body[key] = command.options.get(key);
  }
  if (command.options.has("dry-run")) body["dry_run"] = true;
  return body;
}

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

}  // namespace

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

namespace {

Result<Millis> wait_limit(const Command& command) {
  if (!command.options.has("timeout")) return Millis{15 * 60'000};
  return parse_duration(command.options.get("timeout"));
}

int exit_of_end(const Command& command, Ended ended, const Result<void>& followed) {
  if (ended == Ended::kDone) return kExitDone;
  if (ended == Ended::kFailed) return kExitFailed;
  if (ended == Ended::kDetached) {
    bool left = command.around.stop.stop_requested();
    bool late = !followed && followed.error().code() == Code::kTimeout;
    command.around.err << (left   ? "detached: it goes on without you"
                           : late ? "still going when the time was up: it goes on without you"
                                  : "the connection to the daemon was lost: it goes on without you")
                       << "; `autonomous status` shows how it ends\n";
  }
  return kExitWaiting;
}

}  // namespace

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
  return exit_of_end(command, view.ended(), followed);
}

std::string target_path(const std::string& target, const char* action) {
  return "/api/v1/targets/" + target + "/" + action;
}

namespace {

// --- deploy, connect ---

Result<int> deploy(Command& command) {
  json body = ask_body(command);
  std::string project = command.options.get("project");
  std::string app;
  std::string environment = command.options.get("environment");
  std::vector<std::string_view> parts =
      command.word(0).empty() ? std::vector<std::string_view>{} : split(command.word(0), '/');
  if (parts.size() > 3)
    return fail(Code::kInvalid, "'", command.word(0), "' is no target: shop, shop/web or production/shop/web");
  if (parts.size() == 3) environment = std::string(parts[0]);
  if (parts.size() >= 2) {
    project = std::string(parts[parts.size() - 2]);
    app = std::string(parts.back());
  } else if (parts.size() == 1) {
    // A project, or an app that exists; of this folder's project where it is neither.
    Result<std::vector<std::string>> found = find_targets(command, std::string(parts[0]));
    if (!found && found.error().code() != Code::kNotFound) return std::move(found).error();
    std::string here = project_of_folder(command.around.folder);
    if (found) {
      Result<model::Target> first = model::Target::parse((*found)[0]);
      if (!first) return std::move(first).error();
      for (const std::string& other : *found) {
        if (other.find("/" + first->project + "/") == std::string::npos)
          return fail(Code::kInvalid, "'", command.word(0), "' is in several projects: say PROJECT/APP");
      }
      project = first->project;
      if (first->project != parts[0] || first->app == parts[0]) app = std::string(parts[0]);
    } else if (!project.empty() || (!here.empty() && here != parts[0])) {
      if (project.empty()) project = here;
      app = std::string(parts[0]);
    } else {
      project = std::string(parts[0]);
    }
  }
  if (project.empty()) project = project_of_folder(command.around.folder);
  if (project.empty())
    return fail(Code::kInvalid, "which project?")
        .hint("autonomous deploy PROJECT, or run it where its autonomous.yaml is");
  TRY_DO(model::check_name("project name", project, model::kMaxProject));
  if (!app.empty()) body["app"] = app;
  if (!environment.empty()) body["environment"] = environment;
  for (const char* key : {"commit", "image"}) {
    if (command.options.has(key)) body[key] = command.options.get(key);
  }
  return act(command, "/api/v1/projects/" + project + "/deploy", body, true);
}

Result<int> connect(Command& command) {
  TRY_DO(model::check_name("project name", command.word(0), model::kMaxProject));
  json body = ask_body(command);
  body["url"] = command.word(1);
  return act(command, "/api/v1/projects/" + command.word(0) + "/connect", body, false);
}

// --- one target ---

Result<int> retry(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  return act(command, target_path(target, "retry"), ask_body(command), true);
}

Result<int> retire(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  TRY_DO(confirm(command, "This removes the workloads of " + target + ".", true));
  return act(command, target_path(target, "retire"), ask_body(command), true);
}

Result<int> rollback(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  json body = ask_body(command);
  std::string to = command.options.get("to");
  if (!to.empty()) {
    if (to.find_first_not_of("0123456789") != std::string::npos || to.size() > 9)
      return fail(Code::kInvalid, "--to takes a release's number");
    body["to"] = std::stoul(to);
  }
  TRY_DO(confirm(command,
                 target + " goes back to " + (to.empty() ? "the release before" : "release " + to) + " and is held.",
                 false));
  return act(command, target_path(target, "rollback"), body, true);
}

Result<int> hold(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  json body = ask_body(command);
  TRY_DO(put_until(command, body));
  return act(command, target_path(target, "hold"), body, false);
}

Result<int> resume(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  json body = ask_body(command);
  bool keep = command.options.has("keep");
  bool replace = command.options.has("replace");
  if (keep && replace) return fail(Code::kInvalid, "--keep or --replace, not both");
  if (keep || replace) body["choice"] = keep ? "keep" : "replace";
  return act(command, target_path(target, "resume"), body, true);
}

}  // namespace

std::vector<OptionSpec> aimed_action(std::vector<OptionSpec> own) {
  std::vector<OptionSpec> all = aiming();
  all.insert(all.end(), own.begin(), own.end());
  return acting(std::move(all));
}

std::vector<Verb> act_verbs() {
  return {
      {{"deploy",
        "Release a commit or an image, and watch it",
        "Without --commit and --image: the newest commit of the branch, to wherever the platform sends it.",
        {{"TARGET", "shop, shop/web or production/shop/web; default: this folder's project", false, false, "target"}},
        aimed_action({{"--commit", "COMMIT", "This source commit"},
                      {"--image", "REF", "This image (registry/repo@sha256:…), for `build: external`"}}),
        {{"autonomous deploy", "this folder's project"},
         {"autonomous deploy shop/web --image r.example.com/web@sha256:… --commit 3f2c1ab", "from your own CI"}}},
       deploy},
      {{"retry",
        "Try the newest release again",
        "",
        {target_word(false)},
        aimed_action({}),
        {{"autonomous retry web --because 'registry is back'", "after an outage"}}},
       retry},
      {{"rollback",
        "Go back to an earlier release, and hold",
        "It is a new release with the earlier one's content. A plain `git revert` on the GitOps repository does the same.",
        {target_word(false)},
        aimed_action({{"--to", "N", "This release (default: the one before)"}}),
        {{"autonomous rollback web -e production --because 'checkout fails'", "to the release before"},
         {"autonomous rollback web --to 41", "to a certain one"}}},
       rollback},
      {{"hold",
        "Keep a target as it is; newer commits wait",
        "",
        {target_word(false)},
        aimed_action({{"--until", "TIME", "Ends by itself: a time or a duration"}}),
        {{"autonomous hold web -e production --because 'incident' --until 2h", "for two hours"}}},
       hold},
      {{"resume",
        "End a hold; the newest commit goes out",
        "",
        {target_word(false)},
        aimed_action({{"--keep", "", "After a change past the platform: keep it until the next release"},
                      {"--replace", "", "After a change past the platform: release over it"}}),
        {{"autonomous resume web -e production", "go on"}}},
       resume},
      {{"retire",
        "Remove the workloads of an app that is gone, in a release",
        "",
        {target_word(true)},
        aimed_action({}),
        {{"autonomous retire old-app -e production --yes", "in a script"}}},
       retire},
      {{"connect",
        "Bind a source repository to a project",
        "",
        {{"PROJECT", "Its name", true}, {"URL", "Where the repository is", true}},
        acting({}),
        {{"autonomous connect shop https://git.example.com/acme/shop.git", "watch that repository"}}},
       connect},
  };
}

}  // namespace autonomous::daemon
