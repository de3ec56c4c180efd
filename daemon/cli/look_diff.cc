// diff: what would change, and how two releases differ: as text, JSON, or Markdown for a pull request.
#include <ostream>

#include "daemon/cli/look.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

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

// What becomes of volumes and of fields that nobody may change, and what would be refused.
void print_plan(const Command& command, const json& answer) {
  for (const json& step : rows_of(answer, "steps")) {
    if (step.is_string())
      command.around.out << command.style.paint("! ", Tone::kWarning) << one_line(step.get<std::string>(), 2000)
                         << "\n";
  }
  for (const json& each : rows_of(answer, "refused")) {
    if (!each.is_string()) continue;
    const std::string text = each.get<std::string>();
    bool first = true;
    for (std::string_view line : split(text, '\n')) {
      command.around.out << (first ? command.style.paint("✗ it would be refused: ", Tone::kBad) : std::string("  "))
                         << one_line(line, 2000) << "\n";
      first = false;
    }
  }
}

bool is_wrong(const json& answer) { return !text_of(answer, "error").empty() || !rows_of(answer, "refused").empty(); }

// For a pull request: a summary, and each resource's difference folded away. No line of it ends its fence.
std::string markdown_of(const json& answers) {
  std::string out;
  auto words = [](const std::string& text) {
    std::string clean;
    for (char c : one_line(text, 2000)) {
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
    for (const auto& [key, title] :
         {std::pair("refused", "It would be refused"), std::pair("steps", "Before you merge")}) {
      json lines = rows_of(answer, key);
      if (!lines.empty()) out += std::string("**") + title + "**\n\n";
      for (const json& each : lines) out += "- " + words(each.is_string() ? each.get<std::string>() : "") + "\n";
      if (!lines.empty()) out += "\n";
    }
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
  bool failed = std::any_of(answers.begin(), answers.end(), is_wrong);
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
      print_plan(command, answer);
      for (const json& one : rows_of(answer, "resources")) {
        command.around.out << command.style.paint(text_of(one, "resource"), Tone::kBold) << " "
                           << text_of(one, "change") << "\n";
        print_diff(command, text_of(one, "text"));
      }
    }
  }
  return failed ? kExitFailed : kExitDone;
}

}  // namespace

Result<int> run_diff(Command& command) {
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
  const int exit = is_wrong(body) ? kExitFailed : kExitDone;
  if (command.json_output()) {
    command.print(body);
    return exit;
  }
  if (output == "markdown") {
    command.around.out << markdown_of(json::array({body}));
    return exit;
  }
  std::string text = text_of(body, "text");
  command.around.out << command.style.paint(target + ": " + text_of(body, "from") + " → " + text_of(body, "to"),
                                            Tone::kBold)
                     << "\n";
  if (text.empty() && rows_of(body, "changed").empty()) command.around.out << "nothing would change\n";
  print_plan(command, body);
  print_diff(command, std::move(text));
  return exit;
}

}  // namespace autonomous::daemon
