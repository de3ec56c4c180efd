// why: the gates of a target or a commit.
#include <ostream>

#include "daemon/cli/look.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

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

}  // namespace

Result<int> run_why(Command& command) {
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

}  // namespace autonomous::daemon
