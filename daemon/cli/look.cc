#include "daemon/cli/look.h"

#include "gitops/base/child.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

bool is_commit(const std::string& text) { return text.size() >= 4 && text.size() <= 40 && is_hex(to_lower(text)); }

}  // namespace

std::string commit_and_subject(const json& row) {
  std::string commit = short_commit(text_of(row, "source_commit"));
  std::string subject = text_of(row, "subject");
  return commit.empty() ? subject : commit + (subject.empty() ? "" : " " + subject);
}

std::string release_number(const json& row) {
  uint64_t number = number_of(row, "release");
  return number == 0 ? "-" : std::to_string(number);
}

json rows_of(const json& body, const char* key) {
  auto found = body.find(key);
  return found != body.end() && found->is_array() ? *found : json::array();
}

Result<std::string> at_query(const Command& command) {
  std::string text = command.options.get("at");
  if (text.empty()) return std::string();
  Result<Millis> ago = parse_duration(text);
  Result<Time> time = ago ? Result<Time>(command.around.clock.now() - *ago) : parse_time(text);
  if (!time) return fail(Code::kInvalid, "--at takes a time (2026-11-01T12:00:00Z) or how long ago (3d)");
  return "?at=" + http::escape(format_time(*time));
}

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

}  // namespace autonomous::daemon
