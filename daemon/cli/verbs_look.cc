// Verbs that look.
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command.h"
#include "gitops/base/child.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

std::string commit_and_subject(const json& row) {
  std::string commit = short_commit(text_of(row, "source_commit"));
  std::string subject = text_of(row, "subject");
  return commit.empty() ? subject : commit + (subject.empty() ? "" : " " + subject);
}

std::string release_number(const json& row) {
  uint64_t number = number_of(row, "release");
  return number == 0 ? "-" : std::to_string(number);
}

std::string took(uint64_t milliseconds) {
  return milliseconds < 1000 ? std::to_string(milliseconds) + "ms"
                             : format_age(Millis{static_cast<int64_t>(milliseconds)});
}

json rows_of(const json& body, const char* key) {
  auto found = body.find(key);
  return found != body.end() && found->is_array() ? *found : json::array();
}

// "?at=…" for --at, a time or how long ago; "" without it.
Result<std::string> at_query(const Command& command) {
  std::string text = command.options.get("at");
  if (text.empty()) return std::string();
  Result<Millis> ago = parse_duration(text);
  Result<Time> time = ago ? Result<Time>(command.around.clock.now() - *ago) : parse_time(text);
  if (!time) return fail(Code::kInvalid, "--at takes a time (2026-11-01T12:00:00Z) or how long ago (3d)");
  return "?at=" + http::escape(format_time(*time));
}

OptionSpec at_option() { return {"--at", "TIME", "As it was then: a time, or how long ago"}; }

// --- status ---

// Sources that cannot be read or are wrong: what a row of targets cannot show.
void print_troubles(Command& command, Remote& remote) {
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
    print_troubles(command, *remote);
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
  if (!narrowed) print_troubles(command, *remote);
  return kExitDone;
}

// --- why ---

bool is_commit(const std::string& text) { return text.size() >= 4 && text.size() <= 40 && is_hex(to_lower(text)); }

// A full commit from what git calls it ("HEAD", "v1.2", a branch) in this folder; hexadecimal digits stay as they are.
Result<std::string> resolve_commit(const Command& command, const std::string& text) {
  if (is_commit(text)) return to_lower(text);
  ChildSpec spec;
  spec.argv = {"git", "rev-parse", "--verify", "--quiet", "--end-of-options", text + "^{commit}"};
  spec.env = {"PATH=" + command.around.variable("PATH"), "HOME=" + command.around.variable("HOME"), "LANG=C"};
  spec.folder = command.around.folder;
  Result<ChildResult> git = run_child(command.ctx().within(Millis{10'000}), spec);
  std::string oid = git && git->status == 0 ? std::string(trim(git->out)) : "";
  if (!is_commit(oid))
    return fail(Code::kNotFound, "'", text,
                "' is no commit here: give at least 4 of its digits, or run this in its repository");
  return oid;
}

void print_why(const Command& command, const json& answer) {
  std::ostream& out = command.around.out;
  std::string title = text_of(answer, "target");
  std::string commit = commit_and_subject(answer);
  out << command.style.paint(title.empty() ? commit : title, Tone::kBold);
  if (!title.empty() && !commit.empty()) out << "  " << one_line(commit);
  out << "\n";
  for (const json& gate : rows_of(answer, "gates")) {
    std::string verdict = text_of(gate, "verdict");
    std::string name = text_of(gate, "name");
    std::string mark = command.style.paint(mark_of_state(verdict), tone_of_state(verdict));
    std::string text = one_line(text_of(gate, "text"), 1000);
    if (verdict == "waiting" && !starts_with(text, "waiting")) text = "waiting: " + text;
    out << "  " << mark << " " << name << std::string(name.size() < 9 ? 9 - name.size() : 1, ' ') << text << "\n";
  }
  std::string summary = text_of(answer, "summary");
  if (!summary.empty()) out << "→ " << one_line(summary, 1000) << "\n";
}

Result<int> why(Command& command) {
  TRY(Remote * remote, command.remote());
  std::string subject = command.word(0);
  Result<std::string> target = find_target(command, subject);
  if (target) {
    subject = *target;
  } else if (target.error().code() == Code::kNotFound && !subject.empty() && subject.find('/') == std::string::npos) {
    Result<std::string> commit = resolve_commit(command, subject);
    if (!commit) return std::move(target).error();
    subject = *commit;
  } else {
    return std::move(target).error();
  }
  TRY(json body, remote->get(command.ctx(), "/api/v1/why?subject=" + http::escape(subject)));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  bool first = true;
  for (const json& answer : rows_of(body, "answers")) {
    if (!first) command.around.out << "\n";
    print_why(command, answer);
    first = false;
  }
  return kExitDone;
}

// --- releases, show ---

Result<int> releases(Command& command) {
  TRY(Remote * remote, command.remote());
  std::string query = "?limit=" + http::escape(command.options.get("limit", "20"));
  std::string environment = command.options.get("environment");
  std::string project = command.options.get("project");
  std::string app;
  if (!command.word(0).empty()) {
    TRY(std::vector<std::string> targets, find_targets(command, command.word(0)));
    std::vector<std::string_view> parts = split(targets[0], '/');
    project = std::string(parts[1]);
    if (targets.size() == 1) environment = std::string(parts[0]);
    bool one_app = true;
    for (const std::string& target : targets) one_app = one_app && ends_with(target, "/" + std::string(parts[2]));
    if (one_app) app = std::string(parts[2]);
  }
  for (const auto& [name, value] : std::map<std::string, std::string>{{"environment", environment},
                                                                      {"project", project},
                                                                      {"app", app},
                                                                      {"commit", command.options.get("commit")}}) {
    if (!value.empty()) query += "&" + name + "=" + http::escape(value);
  }
  TRY(json body, remote->get(command.ctx(), "/api/v1/releases" + query));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  Table table({"RELEASE", "OUTCOME", "COMMIT", "WHO", "AGE", "WHY"});
  Time now = command.around.clock.now();
  for (const json& row : rows_of(body, "releases")) {
    std::string outcome = text_of(row, "outcome");
    bool live = row.value("live", false);
    std::string because = text_of(row, "reason");
    if (because.empty()) because = text_of(row, "because");
    if (because.empty()) because = text_of(row, "trigger");
    for (const auto& [key, words] : {std::pair{"moved_from", "moved from "}, std::pair{"moved_to", "moved to "}}) {
      if (std::string other = text_of(row, key); !other.empty()) because = words + other + "; " + because;
    }
    table.add({{text_of(row, "target") + "/" + release_number(row), Tone::kBold},
               {std::string(mark_of_state(outcome)) + " " + outcome + (live ? ", live" : ""), tone_of_state(outcome)},
               {one_line(commit_and_subject(row), 50)},
               {one_line(text_of(row, "author").empty() ? text_of(row, "who") : text_of(row, "author"), 30)},
               {age_of(text_of(row, "at"), now), Tone::kDim},
               {because}});
  }
  command.around.out << (table.empty() ? "No releases yet.\n" : table.str(command.style, command.around.width));
  return kExitDone;
}

// "production/shop/web/42", "web/42", "web 42", or "web" for its newest.
Result<std::string> release_asked_for(Command& command) {
  std::string text = command.word(0);
  std::string number = command.word(1);
  size_t slash = text.rfind('/');
  std::string tail = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (number.empty() && !tail.empty() && tail.find_first_not_of("0123456789") == std::string::npos) {
    number = tail;
    text.resize(slash);
  }
  if (starts_with(text, "release/")) text = text.substr(8);  // a tag's name
  TRY(std::string target, find_target(command, text));
  if (number.empty()) {
    TRY(Remote * remote, command.remote());
    TRY(json details, remote->get(command.ctx(), "/api/v1/targets/" + target));
    if (number_of(details, "release") == 0) return fail(Code::kNotFound, target, " has no release yet");
    number = std::to_string(number_of(details, "release"));
  }
  return target + "/" + number;
}

void print_pairs(const Command& command, const std::vector<std::pair<std::string, std::string>>& pairs) {
  size_t width = 0;
  for (const auto& [name, value] : pairs) width = value.empty() ? width : std::max(width, display_width(name));
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    command.around.out << command.style.paint(name, Tone::kDim) << std::string(width - display_width(name) + 2, ' ')
                       << one_line(value, 1000) << "\n";
  }
}

Result<int> show(Command& command) {
  TRY(std::string id, release_asked_for(command));
  TRY(Remote * remote, command.remote());
  TRY(json body, remote->get(command.ctx(), "/api/v1/releases/" + id));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  std::ostream& out = command.around.out;
  std::string outcome = text_of(body, "outcome");
  out << command.style.paint("release " + id, Tone::kBold) << "  "
      << command.style.paint(std::string(mark_of_state(outcome)) + " " + outcome, tone_of_state(outcome))
      << (body.value("live", false) ? "  live" : "") << "\n";
  print_pairs(command, {{"commit", commit_and_subject(body)},
                        {"author", text_of(body, "author")},
                        {"at", text_of(body, "at")},
                        {"trigger", text_of(body, "trigger")},
                        {"because", text_of(body, "because")},
                        {"reason", text_of(body, "reason")},
                        {"moved from", text_of(body, "moved_from")},
                        {"moved to", text_of(body, "moved_to")},
                        {"on deploy", text_of(body, "commit")},
                        {"tag", text_of(body, "tag")},
                        {"undo", text_of(body, "undo")}});
  out << "\n";
  std::vector<std::pair<std::string, std::string>> trailers;
  for (const json& trailer : rows_of(body, "trailers"))
    trailers.emplace_back(text_of(trailer, "name"), text_of(trailer, "value"));
  print_pairs(command, trailers);
  if (!rows_of(body, "steps").empty()) out << "\n";
  for (const json& step : rows_of(body, "steps")) {
    std::string state = text_of(step, "state");
    std::string name = text_of(step, "name");
    out << "  " << command.style.paint(mark_of_state(state), tone_of_state(state)) << " " << name
        << std::string(name.size() < 9 ? 9 - name.size() : 1, ' ') << took(number_of(step, "milliseconds")) << "  "
        << one_line(text_of(step, "text"), 1000) << "\n";
  }
  if (!rows_of(body, "changed").empty()) out << "\n";
  for (const json& file : rows_of(body, "changed"))
    out << "  " << (file.is_string() ? one_line(file.get<std::string>()) : "") << "\n";
  return kExitDone;
}

// --- where, config, diff ---

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

void print_diff(const Command& command, std::string text) {
  while (ends_with(text, "\n")) text.pop_back();
  for (std::string_view line : split(text, '\n')) {
    if (text.empty()) break;
    Tone tone = starts_with(line, "+")    ? Tone::kGood
                : starts_with(line, "-")  ? Tone::kBad
                : starts_with(line, "@@") ? Tone::kBusy
                                          : Tone::kPlain;
    command.around.out << command.style.paint(one_line(line, 4000), tone) << "\n";
  }
}

// For a pull request: a summary, and each resource's difference folded away. No line of it ends its fence.
std::string markdown_of(const json& answers) {
  std::string out;
  auto words = [](const std::string& text) {
    std::string clean;
    for (char c : one_line(text, 300)) {
      if (std::string_view("\\`*_{}[]<>#|").find(c) != std::string_view::npos) clean += '\\';
      clean += c;
    }
    return clean;
  };
  for (const json& answer : answers) {
    json resources = rows_of(answer, "resources");
    std::string error = text_of(answer, "error");
    out += "### " + words(text_of(answer, "target")) + "\n\n";
    if (!error.empty()) {
      out += "It cannot be rendered: " + words(error) + "\n\n";
      continue;
    }
    out +=
        words(text_of(answer, "from")) + " → " + words(text_of(answer, "to")) + ": " +
        (resources.empty() ? "nothing changes"
                           : std::to_string(resources.size()) + (resources.size() == 1 ? " resource" : " resources")) +
        "\n\n";
    for (const json& one : resources) {
      std::string text = text_of(one, "text");
      std::string fence = "```";
      while (text.find(fence) != std::string::npos) fence += "`";
      out += "<details><summary>" + words(text_of(one, "resource")) + " " + text_of(one, "change") + "</summary>\n\n" +
             fence + "diff\n" + text + (ends_with(text, "\n") || text.empty() ? "" : "\n") + fence +
             "\n\n</details>\n\n";
    }
  }
  return out;
}

// What a commit would change, for each environment.
Result<int> diff_source(Command& command) {
  const std::string said = command.word(0);
  std::vector<std::string_view> parts = split(said, '/');
  std::string project = command.options.get("project");
  std::string app, environment = command.options.get("environment");
  if (parts.size() == 3) environment = std::string(parts[0]);
  if (parts.size() >= 2) {
    project = std::string(parts[parts.size() - 2]);
    app = std::string(parts.back());
  } else if (!command.word(0).empty()) {
    (project.empty() ? project : app) = command.word(0);
  }
  if (project.empty()) project = project_of_folder(command.around.folder);
  if (project.empty())
    return fail(Code::kInvalid, "which project?")
        .hint("autonomous diff PROJECT --commit HEAD, or run it in the project");
  TRY(std::string commit, resolve_commit(command, command.options.get("commit")));
  std::string query = "?commit=" + http::escape(commit);
  for (const auto& [name, value] : {std::pair("environment", environment), std::pair("app", app)}) {
    if (!value.empty()) query += std::string("&") + name + "=" + http::escape(value);
  }
  TRY(Remote * remote, command.remote());
  TRY(json body, remote->get(command.ctx(), "/api/v1/projects/" + http::escape(project) + "/diff" + query));
  json answers = rows_of(body, "targets");
  bool failed =
      std::any_of(answers.begin(), answers.end(), [](const json& answer) { return !text_of(answer, "error").empty(); });
  if (command.json_output()) {
    command.print(body);
  } else if (command.options.get("output") == "markdown") {
    command.around.out << markdown_of(answers);
  } else {
    for (const json& answer : answers) {
      command.around.out << command.style.paint(text_of(answer, "target"), Tone::kBold) << "  "
                         << one_line(text_of(answer, "from")) << " → " << one_line(text_of(answer, "to")) << "\n";
      if (!text_of(answer, "error").empty())
        command.around.out << "  it cannot be rendered: " << one_line(text_of(answer, "error"), 1000) << "\n";
      else if (rows_of(answer, "resources").empty()) command.around.out << "  nothing would change\n";
      for (const json& one : rows_of(answer, "resources")) {
        command.around.out << command.style.paint(text_of(one, "resource"), Tone::kBold) << " "
                           << text_of(one, "change") << "\n";
        print_diff(command, text_of(one, "text"));
      }
    }
  }
  return failed ? kExitFailed : kExitDone;
}

Result<int> diff(Command& command) {
  std::string output = command.options.get("output", "text");
  if (output != "text" && output != "json" && output != "markdown")
    return fail(Code::kInvalid, "--output takes text, json or markdown");
  if (command.options.has("commit")) return diff_source(command);
  TRY(std::string target, find_target(command, command.word(0)));
  TRY(Remote * remote, command.remote());
  TRY(std::string query, at_query(command));
  for (const char* key : {"from", "to", "image"}) {
    if (command.options.has(key))
      query += (query.empty() ? "?" : "&") + std::string(key) + "=" + http::escape(command.options.get(key));
  }
  TRY(json body, remote->get(command.ctx(), "/api/v1/targets/" + target + "/diff" + query));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  if (output == "markdown") {
    command.around.out << markdown_of(json::array({body}));
    return kExitDone;
  }
  std::string text = text_of(body, "text");
  command.around.out << command.style.paint(target + ": " + text_of(body, "from") + " → " + text_of(body, "to"),
                                            Tone::kBold)
                     << "\n";
  if (text.empty() && rows_of(body, "changed").empty()) command.around.out << "nothing would change\n";
  print_diff(command, std::move(text));
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
       why},
      {{"releases",
        "The history of a target, newest first",
        "",
        {target_word(false)},
        aimed_look(
            {{"-n,--limit", "N", "How many (default 20)"}, {"--commit", "COMMIT", "Only of this source commit"}}),
        {{"autonomous releases web", "of one app"}, {"autonomous releases -e production -n 50", "of an environment"}}},
       releases},
      {{"show",
        "One release: who, why, what, and how it went",
        "",
        {{"RELEASE", "web/42, production/shop/web/42, or web for its newest", true, false, "target"},
         {"NUMBER", "the release's number"}},
        aimed_look({}),
        {{"autonomous show web", "the newest of web"}, {"autonomous show production/shop/web/42", "one in full"}}},
       show},
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
        "With --commit: for every environment that the project's apps go to, resource by resource; exit status 1 where one cannot be\n"
        "rendered. The commit must have been pushed, to any branch.",
        {{"TARGET|PROJECT", "web, shop/web or production/shop/web; with --commit also a project", false, false,
          "target"}},
        diff_options(),
        {{"autonomous diff web", "what would change now"},
         {"autonomous diff web --from 41 --to 42", "between two releases"},
         {"autonomous diff web -e production --at 3d", "what changed in the last three days"},
         {"autonomous diff shop --commit HEAD -o markdown", "what a pull request would change, everywhere"}}},
       diff},
  };
}

}  // namespace autonomous::daemon
