// releases and show: the history, and one of it.
#include <ostream>

#include "daemon/cli/look.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

std::string took(uint64_t milliseconds) {
  return milliseconds < 1000 ? std::to_string(milliseconds) + "ms"
                             : format_age(Millis{static_cast<int64_t>(milliseconds)});
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

// "Jane Doe <jane@example.com>": how that is known is for `show`.
std::string person_of(const std::string& who) { return who.substr(0, who.find(" (")); }

// A push is its author's; everything else is the doing of who asked for it.
std::string who_caused(const json& row) {
  std::string who = person_of(text_of(row, "who"));
  std::string author = text_of(row, "author");
  bool pushed = text_of(row, "trigger") == "push" || who.empty();
  return pushed && !author.empty() ? author : who;
}

// What a person said, and then what came of it.
std::string why_of(const json& row) {
  std::string because = text_of(row, "because"), reason = text_of(row, "reason");
  std::string why = because + (because.empty() || reason.empty() ? "" : "; ") + reason;
  if (why.empty()) why = text_of(row, "trigger");
  for (const auto& [key, words] : {std::pair{"moved_from", "moved from "}, std::pair{"moved_to", "moved to "}}) {
    if (std::string other = text_of(row, key); !other.empty()) why = words + other + "; " + why;
  }
  return why;
}

// "?limit=20&environment=…" of the target, or of what several targets have in common.
Result<std::string> narrowed(Command& command) {
  std::string query = "?limit=" + http::escape(command.options.get("limit", "20"));
  std::string before = command.options.get("before");
  bool number = before.find_first_not_of("0123456789") == std::string::npos;
  if (Result<Millis> ago = parse_duration(before); !number && ago)
    before = format_time(command.around.clock.now() - *ago);
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
                                                                      {"type", command.options.get("type")},
                                                                      {"before", before},
                                                                      {"commit", command.options.get("commit")}}) {
    if (!value.empty()) query += "&" + name + "=" + http::escape(value);
  }
  return query;
}

// What a decision is about, beside its target: "release 42", "until …", a freeze's scope, a proposal's commit.
std::string about_of(const json& row) {
  std::vector<std::string> parts;
  if (number_of(row, "release") != 0) parts.push_back("release " + std::to_string(number_of(row, "release")));
  std::string commit = text_of(row, "source_commit").empty() ? text_of(row, "commit") : text_of(row, "source_commit");
  if (!commit.empty()) parts.push_back(short_commit(commit));
  if (!text_of(row, "until").empty()) parts.push_back("until " + text_of(row, "until"));
  if (!text_of(row, "ticket").empty()) parts.push_back(text_of(row, "ticket"));
  return join(parts, ", ");
}

}  // namespace

Result<int> run_decisions(Command& command) {
  TRY(std::string query, narrowed(command));
  TRY(Remote * remote, command.remote());
  TRY(json body, remote->get(command.ctx(), "/api/v1/decisions" + query));
  if (command.json_output()) {
    command.print(body);
    return kExitDone;
  }
  Table table({"AT", "WHAT", "OF", "WHO", "ABOUT", "BECAUSE"});
  for (const json& row : rows_of(body, "decisions")) {
    std::string of = text_of(row, "target").empty() ? text_of(row, "scope") : text_of(row, "target");
    std::string because = text_of(row, "because").empty() ? text_of(row, "reason") : text_of(row, "because");
    table.add({{text_of(row, "at"), Tone::kDim},
               {text_of(row, "type"), Tone::kBold},
               {of.empty() ? "an artifact" : of},
               {one_line(text_of(row, "who"), 60)},
               {about_of(row)},
               {because}});
  }
  command.around.out << (table.empty() ? "Nobody decided anything yet.\n"
                                       : table.str(command.style, command.around.width));
  return kExitDone;
}

Result<int> run_releases(Command& command) {
  TRY(std::string query, narrowed(command));
  TRY(Remote * remote, command.remote());
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
    table.add({{text_of(row, "target") + "/" + release_number(row), Tone::kBold},
               {std::string(mark_of_state(outcome)) + " " + outcome + (live ? ", live" : ""), tone_of_state(outcome)},
               {one_line(commit_and_subject(row), 50)},
               {one_line(who_caused(row), 30)},
               {age_of(text_of(row, "at"), now), Tone::kDim},
               {why_of(row)}});
  }
  command.around.out << (table.empty() ? "No releases yet.\n" : table.str(command.style, command.around.width));
  return kExitDone;
}

Result<int> run_show(Command& command) {
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
  print_pairs(command,
              {{"commit", commit_and_subject(body)},
               {"who", text_of(body, "who")},
               {"author", text_of(body, "author")},
               {"at", text_of(body, "at")},
               {"trigger", text_of(body, "trigger")},
               {"because", text_of(body, "because")},
               {"reason", text_of(body, "reason")},
               {"waited", number_of(body, "waited_ms") == 0 ? "" : took(number_of(body, "waited_ms")) + " for people"},
               {"took over", text_of(body, "adopts")},
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
  if (!rows_of(body, "decisions").empty()) out << "\n";
  for (const json& row : rows_of(body, "decisions")) {
    std::string about = about_of(row);
    std::string because = text_of(row, "because").empty() ? text_of(row, "reason") : text_of(row, "because");
    out << "  " << command.style.paint(text_of(row, "at"), Tone::kDim) << "  "
        << command.style.paint(text_of(row, "type"), Tone::kBold) << "  " << one_line(text_of(row, "who"), 200)
        << (about.empty() ? "" : "  (" + one_line(about, 300) + ")")
        << (because.empty() ? "" : "  " + one_line(because, 1000)) << "\n";
  }
  if (!rows_of(body, "changed").empty()) out << "\n";
  for (const json& file : rows_of(body, "changed"))
    out << "  " << (file.is_string() ? one_line(file.get<std::string>()) : "") << "\n";
  return kExitDone;
}

}  // namespace autonomous::daemon
