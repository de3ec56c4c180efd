// Verbs that act: they ask the daemon, then show the steps as they happen.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/acting.h"
#include "daemon/cli/command.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

// --- deploy, connect ---

Result<int> deploy(Command& command) {
  json body = ask_body(command);
  std::string project = command.options.get("project");
  std::string app;
  std::string environment = command.options.get("environment");
  const std::string said = command.word(0);
  std::vector<std::string_view> parts = said.empty() ? std::vector<std::string_view>{} : split(said, '/');
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
  if (command.options.has("move")) body["move"] = true;
  if (command.options.has("vanished")) {
    if (!app.empty()) return fail(Code::kInvalid, "--vanished is of a whole project: leave the app out");
    TRY_DO(
        confirm(command, "The apps that " + project + " no longer has are orphaned, and the rest is released.", true));
    body["vanished"] = true;
    return act(command, "/api/v1/projects/" + project + "/deploy", body, false);
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
  if (command.options.has("keep-running")) return act(command, target_path(target, "let-go"), ask_body(command), false);
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

std::vector<Verb> act_verbs() {
  return {
      {{"deploy",
        "Release a commit or an image, and watch it",
        "Without --commit and --image: the newest commit of the branch, to wherever the platform sends it.",
        {{"TARGET", "shop, shop/web or production/shop/web; default: this folder's project", false, false, "target"}},
        aimed_action({{"--commit", "COMMIT", "This source commit"},
                      {"--image", "REF", "This image (registry/repo@sha256:…), for `build: external`"},
                      {"--vanished", "", "The many apps that the commit no longer has are meant to go"},
                      {"--move", "", "Take over the app of another project that `renamed-from:` names"}}),
        {{"autonomous deploy", "this folder's project"},
         {"autonomous deploy shop/web --image r.example.com/web@sha256:… --commit 3f2c1ab", "from your own CI"},
         {"autonomous deploy shop --commit 3f2c1ab --vanished", "when a fifth of the apps went on purpose"}}},
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
        "With --keep-running nothing stops: Argo CD lets go of the app, and it runs by itself from then on.",
        {target_word(true)},
        aimed_action({{"--keep-running", "", "Let go of it instead: its Application goes, its workloads stay"}}),
        {{"autonomous retire old-app -e production --yes", "in a script"},
         {"autonomous retire web -e production --keep-running", "after `autonomous eject`"}}},
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
