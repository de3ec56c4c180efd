// Verbs of decisions: promote, approve, reject, cancel, freeze, unfreeze, mark-bad, unmark, break-glass.
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/acting.h"
#include "daemon/cli/command.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/signer.h"
#include "gitops/http/client.h"
#include "gitops/model/approval.h"
#include "gitops/model/ids.h"
#include "gitops/store/policy.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

Result<uint32_t> number_option(const Command& command, const char* key) {
  std::string text = command.options.get(key);
  if (text.empty()) return 0U;
  if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9)
    return fail(Code::kInvalid, "--", key, " takes a release's number");
  return static_cast<uint32_t>(std::stoul(text));
}

// Where something is promoted to may never have been released: then the name must be whole, or the environment said.
Result<std::string> promotion_target(Command& command) {
  std::string text = command.word(0);
  std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() == 3) {
    TRY(model::Target target, model::Target::parse(text));
    return target.str();
  }
  Result<std::string> known = find_target(command, text);
  std::string environment = command.options.get("environment");
  if (known || environment.empty()) return known;
  // The same app in the environments where it is.
  Command elsewhere(command.around, command.verb, command.options, command.style);
  elsewhere.options.values.erase("environment");
  Result<std::vector<std::string>> found = find_targets(elsewhere, text);
  if (!found) return known;
  std::string named;
  for (const std::string& target : *found) {
    TRY(model::Target there, model::Target::parse(target));
    std::string here = model::Target{environment, there.project, there.app}.str();
    if (!named.empty() && named != here)
      return fail(Code::kInvalid, "'", text, "' is several apps").hint("say more of its name, or -p PROJECT");
    named = here;
  }
  TRY(model::Target target, model::Target::parse(named));
  return target.str();
}

Result<int> promote(Command& command) {
  TRY(std::string target, promotion_target(command));
  json body = ask_body(command);
  TRY(uint32_t from, number_option(command, "from"));
  if (from != 0) body["from"] = from;
  if (command.options.has("unverified")) body["unverified"] = true;
  return act(command, target_path(target, "promote"), body, true);
}

// ---- approvals

void print_proposal(const Command& command, const json& row, Time now) {
  std::ostream& out = command.around.out;
  out << command.style.paint(text_of(row, "target"), Tone::kBold) << "  " << text_of(row, "id") << "  "
      << command.style.paint(age_of(text_of(row, "at"), now), Tone::kDim) << "\n";
  std::string commit = short_commit(text_of(row, "source_commit"));
  auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out << "  " << command.style.paint(name, Tone::kDim) << one_line(value, 300) << "\n";
  };
  line("what      ", commit.empty() ? text_of(row, "origin") : commit + " " + text_of(row, "subject"));
  line("author    ", text_of(row, "author"));
  line("asked for ", text_of(row, "who"));
  line("from      ", text_of(row, "origin"));
  line("because   ", text_of(row, "because"));
  line("ticket    ", text_of(row, "ticket"));
  line("tree      ", text_of(row, "tree"));
  for (const json& approval : row.value("approvals", json::array())) {
    std::string how = approval.value("signed", false) ? ", signed" : "";
    std::string trouble = text_of(approval, "trouble");
    line("approved  ", text_of(approval, "who") + how + (trouble.empty() ? "" : "; does not count: " + trouble));
  }
  line("waits     ", text_of(row, "why"));
}

Result<json> proposals(Command& command, const std::string& until) {
  TRY(Remote * remote, command.remote());
  TRY(json body,
      remote->get(command.ctx(), "/api/v1/proposals" + (until.empty() ? "" : "?until=" + http::escape(until))));
  return body.value("proposals", json::array());
}

Result<int> list_proposals(Command& command) {
  TRY(json rows, proposals(command, ""));
  if (command.json_output()) {
    command.print({{"proposals", rows}});
    return kExitDone;
  }
  if (rows.empty()) command.around.out << "Nothing waits for an approval.\n";
  for (const json& row : rows) print_proposal(command, row, command.around.clock.now());
  return kExitDone;
}

Result<json> proposal_of(Command& command, const std::string& target, const std::string& until) {
  TRY(json rows, proposals(command, until));
  for (const json& row : rows) {
    if (text_of(row, "target") == target) return row;
  }
  return fail(Code::kNotFound, target, " has nothing to approve").hint("`autonomous approve` lists what waits");
}

// With the person's own key: --sign signs here, --signed brings what `ssh-keygen -Y sign` made.
Result<void> add_signature(Command& command, const std::string& target, json& body) {
  std::string key = command.options.get("sign");
  std::string file = command.options.get("signed");
  if (!key.empty() && !file.empty()) return fail(Code::kInvalid, "--sign or --signed, not both");
  if (!key.empty()) {
    TRY(git::Signer signer, git::Signer::load(file_in_folder(command, key)));
    TRY(json row, proposal_of(command, target, text_of(body, "until")));
    TRY(body["signature"], signer.sign(text_of(row, "text"), model::kApprovalNamespace));
    body["proposal"] = text_of(row, "id");
    body["until"] = text_of(row, "until");
  }
  if (!file.empty()) {
    TRY(std::string text, read_file(file_in_folder(command, file), 1u << 16));
    TRY_WITH(model::ApprovalText approval, "while reading " + file, model::parse_approval_text(text));
    if (approval.target != target) return fail(Code::kInvalid, file, " approves ", approval.target, ", not ", target);
    TRY_WITH(body["signature"], "the signature lies beside the text",
             read_file(file_in_folder(command, file) + ".sig", 1u << 16));
    body["proposal"] = approval.id;
    body["until"] = format_time(approval.until);
  }
  return ok();
}

Result<int> approve(Command& command) {
  if (command.word(0).empty()) return list_proposals(command);
  std::string environment = store::policy_scope(command.word(0));
  std::string target = command.word(0);
  if (environment.empty()) {
    TRY(target, find_target(command, command.word(0)));
  }
  json body = ask_body(command);
  TRY_DO(put_until(command, body));
  if (command.options.has("text")) {
    TRY(json row, proposal_of(command, target, text_of(body, "until")));
    command.around.out << text_of(row, "text");
    return kExitDone;
  }
  TRY_DO(add_signature(command, target, body));
  if (!body.contains("proposal")) {
    TRY(json row, proposal_of(command, target, ""));
    body["proposal"] = text_of(row, "id");  // what is approved is what was looked at
    if (!command.json_output()) print_proposal(command, row, command.around.clock.now());
  }
  TRY_DO(confirm(command, "You agree that " + target + " becomes this.", false));
  if (!environment.empty()) return act(command, "/api/v1/environments/" + environment + "/approve", body, false);
  return act(command, target_path(target, "approve"), body, true);
}

Result<int> reject(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  return act(command, target_path(target, "reject"), ask_body(command), false);
}

Result<int> cancel(Command& command) {
  TRY(std::string target, find_target(command, command.word(0)));
  return act(command, target_path(target, "cancel"), ask_body(command), false);
}

// ---- freezes, marks, broken glass

// "production" is an environment; everything else a target.
Result<int> freeze_or_end(Command& command, const char* action) {
  json body = ask_body(command);
  TRY_DO(put_until(command, body));
  std::string scope = command.word(0).empty() ? command.options.get("environment") : command.word(0);
  if (scope.empty()) return fail(Code::kInvalid, "which environment, or which target?");
  bool environment = scope.find('/') == std::string::npos && model::check_name("name", scope, model::kMaxEnvironment);
  if (environment && (command.word(0).empty() || !command.options.has("environment"))) {
    Result<int> done = act(command, "/api/v1/environments/" + scope + "/" + action, body, false);
    if (done || done.error().code() != Code::kNotFound) return done;
    if (auto target = find_target(command, scope)) return act(command, target_path(*target, action), body, false);
    return done;
  }
  TRY(std::string target, find_target(command, scope));
  return act(command, target_path(target, action), body, false);
}
Result<int> freeze(Command& command) { return freeze_or_end(command, "freeze"); }
Result<int> unfreeze(Command& command) { return freeze_or_end(command, "unfreeze"); }

Result<int> mark_or_not(Command& command, const char* action) {
  std::string text = command.word(0);
  json body = ask_body(command);
  size_t slash = text.rfind('/');
  std::string tail = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (!tail.empty() && tail.size() < 10 && tail.find_first_not_of("0123456789") == std::string::npos) {
    body["release"] = std::stoul(tail);
    text.resize(slash);
  }
  TRY(std::string target, find_target(command, text));
  return act(command, target_path(target, action), body, false);
}
Result<int> mark_bad(Command& command) { return mark_or_not(command, "mark-bad"); }
Result<int> unmark(Command& command) { return mark_or_not(command, "unmark"); }

Result<int> break_glass(Command& command) {
  TRY(std::string target, promotion_target(command));
  json body = ask_body(command);
  TRY_DO(put_until(command, body));
  TRY_DO(confirm(command, "The next release of " + target + " passes every freeze; this is loud in the record.", true));
  return act(command, target_path(target, "break-glass"), body, false);
}

OptionSpec until_option(const char* help) { return {"--until", "TIME", help}; }

}  // namespace

std::vector<Verb> decide_verbs() {
  return {
      {{"promote",
        "Move what runs in the environment before, unchanged",
        "The same image digests run, nothing is built again. platform.yaml says which environment feeds which (`from: staging`),\n"
        "how long it must have been well before (`bake: 30m`) and who has to agree (`approvals:`).",
        {target_word(true)},
        aimed_action({{"--from", "N", "This release of the environment before (default: the one that runs there)"},
                      {"--unverified", "", "Also where nobody knows whether it works"}}),
        {{"autonomous promote web -e production --ticket CHG1234", "what runs in staging"},
         {"autonomous promote production/shop/web --from 41", "a certain release"}}},
       promote},
      {{"approve",
        "Agree to a release that waits, or list what waits",
        "An approval binds the artifact, the input digest and the files: it is void when any of them changes, and it expires.\n"
        "Signed with your own SSH key (platform.yaml, `people:`) it proves itself; otherwise the daemon attests who you are.",
        {target_word(false)},
        aimed_action({{"--sign", "KEY", "Sign with this private key (Ed25519, unencrypted)", "file"},
                      {"--text", "", "Print the text to sign, and do nothing"},
                      {"--signed", "FILE", "That text, with FILE.sig made by ssh-keygen -Y sign", "file"},
                      until_option("The approval counts until then: a time or a duration")}),
        {{"autonomous approve", "what waits"},
         {"autonomous approve web -e production --because 'looked at the diff'", "agree"},
         {"autonomous approve production/platform.yaml --because 'on call is two people now'", "a weaker policy"},
         {"autonomous approve web -e production --sign ~/.ssh/id_ed25519", "signed"},
         {"autonomous approve web -e production --text > a.txt && ssh-keygen -Y sign -n autonomous-approval -f ~/.ssh/id_ed25519 a.txt && autonomous approve web -e production --signed a.txt",
          "with any key that ssh-keygen can use"}}},
       approve},
      {{"reject",
        "Refuse a release that waits for approval",
        "",
        {target_word(true)},
        aimed_action({}),
        {{"autonomous reject web -e production --because 'the migration is missing'", "what waits behind it goes on"}}},
       reject},
      {{"cancel",
        "Take back what waits or is being made, before it is committed",
        "",
        {target_word(true)},
        aimed_action({}),
        {{"autonomous cancel web -e production --because 'wrong branch'", "nothing of it is released"}}},
       cancel},
      {{"freeze",
        "Release nothing to an environment or a target, until it ends",
        "Rollbacks pass where platform.yaml says `rollback: {in-freeze: allowed}`; an emergency passes with break-glass.",
        {{"ENVIRONMENT|TARGET", "production, or production/shop/web", false, false, "environment"}},
        aimed_action({until_option("Ends by itself: a time or a duration")}),
        {{"autonomous freeze production --because 'quarter end' --until 2026-12-31", "a whole environment"},
         {"autonomous freeze web -e production --because 'audit'", "one target"}}},
       freeze},
      {{"unfreeze",
        "End a freeze",
        "",
        {{"ENVIRONMENT|TARGET", "production, or production/shop/web", false, false, "environment"}},
        aimed_action({}),
        {{"autonomous unfreeze production", "what waits goes out"}}},
       unfreeze},
      {{"mark-bad",
        "Never release or promote the artifact of a release again, anywhere",
        "",
        {{"RELEASE", "production/shop/web/42, web/42, or web for its newest", true, false, "target"}},
        aimed_action({}),
        {{"autonomous mark-bad web/42 -e staging --because 'loses orders'",
          "it is not promoted from staging any more"}}},
       mark_bad},
      {{"unmark",
        "Let an artifact that was marked bad be released again",
        "",
        {{"RELEASE", "production/shop/web/42, web/42, or web for its newest", true, false, "target"}},
        aimed_action({}),
        {{"autonomous unmark web/42 -e staging --because 'it was the database'", "take the mark back"}}},
       unmark},
      {{"break-glass",
        "Let the next release of a target pass freezes; loud in the record",
        "It passes freeze windows and freezes, nothing else: approvals and tickets are asked for all the same.",
        {target_word(true)},
        aimed_action({until_option("Ends by itself (default: in an hour)")}),
        {{"autonomous break-glass web -e production --because 'checkout is down' --ticket INC77 --yes",
          "then deploy, promote or approve"}}},
       break_glass},
  };
}

}  // namespace autonomous::daemon
