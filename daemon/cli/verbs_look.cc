// Verbs that look.
#include <ostream>

#include "daemon/cli/look.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

OptionSpec at_option() { return {"--at", "TIME", "As it was then: a time, or how long ago"}; }

// --- status ---

// What is wrong with the GitOps repository, and sources that cannot be read or are wrong: what a row of targets cannot
// show.
void print_troubles(Command& command, Remote& remote, const json& status) {
  for (const json& row : rows_of(status, "warnings")) {
    command.around.out << command.style.paint("! " + text_of(row, "name"), Tone::kWarning) << "  "
                       << one_line(text_of(row, "text"), 2000) << "\n";
    if (!text_of(row, "fix").empty()) command.around.out << "    " << one_line(text_of(row, "fix"), 2000) << "\n";
  }
  auto body = remote.get(command.ctx(), "/api/v1/projects");
  if (!body) return;  // an older daemon has no such list
  for (const json& row : rows_of(*body, "projects")) {
    std::string why = text_of(row, "why");
    if (text_of(row, "state") != "failing" || why.empty()) continue;
    command.around.out << command.style.paint("! " + text_of(row, "name"), Tone::kWarning) << "  "
                       << one_line(why, 2000) << "\n";
  }
}

Result<int> status(Command& command) {
  TRY(Remote * remote, command.remote());
  bool narrowed = !command.word(0).empty() || command.options.has("environment") || command.options.has("project");
  std::vector<std::string> wanted;
  if (narrowed) {
    TRY(wanted, find_targets(command, command.word(0)));
  }
  TRY(std::string at, at_query(command));
  TRY(json body, remote->get(command.ctx(), "/api/v1/status" + at));
  json rows = json::array();
  for (const json& row : rows_of(body, "targets")) {
    if (!narrowed || std::find(wanted.begin(), wanted.end(), text_of(row, "target")) != wanted.end())
      rows.push_back(row);
  }
  if (command.json_output()) {
    command.print({{"targets", rows}});
    return kExitDone;
  }
  if (rows.empty()) {
    command.around.out << "No targets yet. Push a repository: git push " << remote->base_url()
                       << "/git/NAME.git main\n";
    print_troubles(command, *remote, body);
    return kExitDone;
  }
  Table table({"TARGET", "STATE", "RELEASE", "COMMIT", "AGE", "WHY"});
  Time now = command.around.clock.now();
  for (const json& row : rows) {
    std::string state = text_of(row, "state");
    std::string shown = std::string(mark_of_state(state)) + " " + state;
    if (state == "releasing" && !text_of(row, "step").empty()) shown += ": " + text_of(row, "step");
    table.add({{text_of(row, "target"), Tone::kBold},
               {shown, tone_of_state(state)},
               {release_number(row)},
               {one_line(commit_and_subject(row), 50)},
               {age_of(text_of(row, "since"), now), Tone::kDim},
               {text_of(row, "why")}});
  }
  command.around.out << table.str(command.style, command.around.width);
  if (!narrowed) print_troubles(command, *remote, body);
  return kExitDone;
}

// --- where, config ---

Result<int> where(Command& command) {
  TRY(std::string commit, resolve_commit(command, command.word(0).empty() ? "HEAD" : command.word(0)));
  TRY(Remote * remote, command.remote());
  TRY(json body, remote->get(command.ctx(), "/api/v1/where/" + commit));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  command.around.out << command.style.paint(commit_and_subject(body), Tone::kBold) << "  " << text_of(body, "project")
                     << "\n";
  Table table({"TARGET", "STATE", "RELEASE", "AGE", ""});
  Time now = command.around.clock.now();
  for (const json& row : rows_of(body, "targets")) {
    std::string state = text_of(row, "state");
    table.add({{text_of(row, "target")},
               {std::string(mark_of_state(state)) + " " + state, tone_of_state(state)},
               {release_number(row)},
               {age_of(text_of(row, "at"), now), Tone::kDim},
               {text_of(row, "text")}});
  }
  command.around.out << (table.empty() ? "It lives nowhere.\n" : table.str(command.style, command.around.width));
  return kExitDone;
}

Result<int> config(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  TRY(Remote * remote, command.remote());
  TRY(std::string at, at_query(command));
  TRY(json body, remote->get(command.ctx(), "/api/v1/targets/" + target + "/config" + at));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  command.around.out << command.style.paint(target, Tone::kBold) << "\n";
  Table table({"VALUE", "", "FROM"});
  for (const json& row : rows_of(body, "values"))
    table.add({{text_of(row, "path")}, {text_of(row, "value")}, {text_of(row, "from"), Tone::kDim}});
  command.around.out << table.str(command.style, command.around.width);
  return kExitDone;
}

std::vector<OptionSpec> diff_options() {
  std::vector<OptionSpec> all = aiming();
  all.insert(all.end(), {{"--from", "N", "This release (default: what is live)"},
                         {"--to", "N", "This release (default: what would be released now)"},
                         {"--image", "REF", "As if this image were deployed"},
                         {"--commit", "COMMIT", "What this source commit would change, for each environment"},
                         at_option(),
                         {"-o,--output", "text|json|markdown", "How to print", "text|json|markdown"},
                         server_option()});
  return all;
}

std::vector<OptionSpec> aimed_look(std::vector<OptionSpec> own) {
  std::vector<OptionSpec> all = aiming();
  all.insert(all.end(), own.begin(), own.end());
  return looking(std::move(all));
}

}  // namespace

std::vector<Verb> look_verbs() {
  return {
      {{"status",
        "What runs where: one screen",
        "",
        {target_word(false)},
        aimed_look({at_option()}),
        {{"autonomous status", "every target"},
         {"autonomous status -e production --at 2026-11-20T18:00:00Z", "what ran at that moment"},
         {"autonomous status web -e production", "one"},
         {"autonomous status -p shop -o json", "a project, for programs"}}},
       status},
      {{"why",
        "Every gate of a target or of a source commit, and which one it waits at",
        "",
        {{"TARGET|COMMIT", "A target, or a commit as git names it", false, false, "target"}},
        aimed_look({}),
        {{"autonomous why web -e production", "why production runs what it runs"},
         {"autonomous why HEAD", "why my last commit isn't out yet"}}},
       run_why},
      {{"releases",
        "The history of a target, newest first",
        "",
        {target_word(false)},
        aimed_look({{"-n,--limit", "N", "How many (default 20)"},
                    {"--commit", "COMMIT", "Only of this source commit"},
                    {"--before", "N|TIME", "Older ones: before this release of one target, or this moment"}}),
        {{"autonomous releases web", "of one app"},
         {"autonomous releases -e production -n 50", "of an environment"},
         {"autonomous releases web -e production --before 42", "the page before"}}},
       run_releases},
      {{"decisions",
        "What people decided: holds, approvals, marks, freezes; and what was changed past the platform",
        "From the ledger, newest first: who, how that is known, when, until when, because of what, and the ticket.",
        {target_word(false)},
        aimed_look({{"-n,--limit", "N", "How many (default 20)"},
                    {"--type", "TYPE", "Only these: hold resume propose approve reject cancel mark-bad unmark freeze…"},
                    {"--before", "TIME", "Older ones"}}),
        {{"autonomous decisions web -e production", "of one target, with the marks on what ran there"},
         {"autonomous decisions --type break-glass -n 100", "every emergency"}}},
       run_decisions},
      {{"show",
        "One release: who, why, what, and how it went",
        "",
        {{"RELEASE", "web/42, production/shop/web/42, or web for its newest", true, false, "target"},
         {"NUMBER", "the release's number"}},
        aimed_look({}),
        {{"autonomous show web", "the newest of web"}, {"autonomous show production/shop/web/42", "one in full"}}},
       run_show},
      {{"where",
        "Where a source commit lives",
        "",
        {{"COMMIT", "As git names it here; default HEAD"}},
        looking({}),
        {{"autonomous where", "is my last commit out?"}, {"autonomous where 3f2c1ab", "a commit by its digits"}}},
       where},
      {{"config",
        "Effective configuration, and the line that each value came from",
        "",
        {target_word(false)},
        aimed_look({at_option()}),
        {{"autonomous config web -e production", "what production runs with"},
         {"autonomous config web -e production --at 3d", "what it ran with three days ago"}}},
       config},
      {{"diff",
        "What a release or a commit would change, rendered; or how two releases differ",
        "With --commit: for every environment that the project's apps go to, resource by resource. The commit must have been pushed, to\n"
        "any branch. What becomes of volumes, and of fields that Kubernetes lets nobody change, comes first: what the release does about\n"
        "them, or what it would be refused for. Exit status 1 where something cannot be rendered, or would be refused.",
        {{"TARGET|PROJECT", "web, shop/web or production/shop/web; with --commit also a project", false, false,
          "target"}},
        diff_options(),
        {{"autonomous diff web", "what would change now"},
         {"autonomous diff web --from 41 --to 42", "between two releases"},
         {"autonomous diff web -e production --at 3d", "what changed in the last three days"},
         {"autonomous diff shop --commit HEAD -o markdown", "what a pull request would change, everywhere"}}},
       run_diff},
  };
}

}  // namespace autonomous::daemon
