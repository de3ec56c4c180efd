#include "daemon/cli/hook.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "daemon/cli/progress.h"
#include "daemon/cli/socket_call.h"
#include "gitops/base/child.h"
#include "gitops/base/lines.h"
#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "gitops/git/pushed.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

const std::string kNone(40, '0');

struct Update {
  std::string before, after, ref;
};

std::string variable(const HookCall& call, std::string_view name) {
  for (const std::string& entry : call.environment) {
    if (starts_with(entry, std::string(name) + "=")) return entry.substr(name.size() + 1);
  }
  return "";
}

std::string name_of(const std::string& repository) {
  std::string name = repository;
  while (!name.empty() && name.back() == '/') name.pop_back();
  name = name.substr(name.rfind('/') + 1);
  if (ends_with(name, ".git")) name.resize(name.size() - 4);
  return name;
}

std::vector<Update> read_updates(std::istream& in) {
  std::vector<Update> updates;
  Update update;
  while (in >> update.before >> update.after >> update.ref) updates.push_back(update);
  return updates;
}

Result<ChildResult> run_git(const Ctx& ctx, const HookCall& call, std::vector<std::string> arguments,
                            std::string input = "") {
  ChildSpec spec;
  spec.input = std::move(input);
  spec.argv = {"git"};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.env = call.environment;
  spec.folder = call.repository;
  return run_child(ctx, spec);
}

// What no hosted repository takes, whoever pushes.
Result<void> check_update(const Ctx& ctx, const HookCall& call, const Update& update) {
  bool tag = starts_with(update.ref, "refs/tags/");
  if (!tag && !starts_with(update.ref, "refs/heads/"))
    return fail(Code::kDenied, update.ref, ": only branches and tags are taken here");
  if (update.after == kNone)
    return fail(Code::kDenied, update.ref, " stays: what is kept here is a record, and nothing in it is deleted");
  if (update.before == kNone) return ok();
  if (tag)
    return fail(Code::kDenied, update.ref, " stays where it is: what is kept here is a record, and tags don't move");
  TRY(ChildResult ancestor, run_git(ctx, call, {"merge-base", "--is-ancestor", update.before, update.after}));
  if (ancestor.status == 0) return ok();
  return fail(Code::kDenied, update.ref, " would lose commits: what is kept here is a record, and isn't rewritten")
      .hint("put your change on top: git pull --rebase, then push without --force");
}

// Where a file may stand on deploy: design.md §4's layout, and nothing beside it.
bool has_place_on_deploy(std::string_view path) {
  if (path == "README.md") return true;
  std::vector<std::string_view> parts = split(path, '/');
  auto target = [&](std::string_view app) {
    return model::Target::parse(std::string(parts[1]) + "/" + std::string(parts[2]) + "/" + std::string(app))
        .has_value();
  };
  if (parts[0] == "apps" && parts.size() >= 5 && target(parts[3])) {
    bool file = parts.size() == 5 && (parts[4] == "release.yaml" || parts[4] == "values.yaml");
    return file || (parts.size() == 6 && parts[4] == "manifests") || (parts.size() >= 6 && parts[4] == "chart");
  }
  if (parts[0] != "argocd" || parts.size() != 4 || !ends_with(parts[3], ".yaml")) return false;
  std::string_view app = parts[3].substr(0, parts[3].size() - 5);
  return app == "_root" ? target("app") : target(app);
}

// Files only, with names that every tool can hold; on deploy, where the layout has a place for them.
Result<void> check_path(const HookCall& call, const Update& update, std::string_view mode, std::string_view raw) {
  std::string path = one_line(raw);
  if (mode == "160000") return fail(Code::kDenied, path, " is a submodule: the GitOps repository holds files only");
  if (mode == "120000") return fail(Code::kDenied, path, " is a link: the GitOps repository holds files only");
  if (path != raw || !is_plain_path(raw) || !is_utf8(raw))
    return fail(Code::kDenied, path, " is no name for a file here");
  if (update.ref == "refs/heads/" + call.deploy && !has_place_on_deploy(raw)) {
    return fail(Code::kDenied, path, " has no place on ", call.deploy, ", which says what runs")
        .hint(
            "there are apps/<environment>/<project>/<app>/ with release.yaml, values.yaml and manifests/, and argocd/; what people want is said on main");
  }
  return ok();
}

// Lints every commit that a push adds to a branch: what a later one takes away stays in the history all the same.
Result<void> check_commits(const Ctx& ctx, const HookCall& call, const Update& update) {
  std::vector<std::string> range = {"rev-list", "--max-count=10000", update.after};
  // A new branch brings what no branch has yet.
  if (update.before == kNone) range.insert(range.end(), {"--not", "--all"});
  else range.push_back("^" + update.before);
  TRY(ChildResult commits, run_git(ctx, call, range));
  if (commits.status != 0) return fail(Code::kInvalid, "can't list what is new: ", one_line(commits.err));
  TRY(ChildResult diff,
      run_git(ctx, call,
              {"diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "-z", "--no-renames", "--no-commit-id"},
              commits.out));
  if (diff.status != 0) return fail(Code::kInvalid, "can't look at what is new: ", one_line(diff.err));
  // :100644 100644 <oid> <oid> M NUL path NUL …
  std::vector<std::string_view> parts = split(diff.out, '\0');
  for (size_t i = 0; i + 1 < parts.size(); i += 2) {
    std::vector<std::string_view> fields = split(parts[i], ' ');
    if (fields.size() < 5)
      return fail(Code::kInvalid, "can't read what git says of the commits: ", one_line(parts[i], 100));
    if (fields[4] != "D") TRY_DO(check_path(call, update, fields[1], parts[i + 1]));
  }
  return ok();
}

Result<void> check_gitops_update(const Ctx& ctx, const HookCall& call, const Update& update) {
  if (starts_with(update.ref, "refs/tags/"))
    return fail(Code::kDenied, update.ref, ": only the daemon makes tags in the GitOps repository");
  if (starts_with(update.ref, "refs/heads/autonomous/")) {
    return fail(Code::kDenied, update.ref, " is the ledger: it says what happened, and only the daemon writes it");
  }
  return check_commits(ctx, call, update);
}

std::string request_body(const HookCall& call, const std::vector<Update>& updates) {
  json list = json::array();
  for (const Update& update : updates)
    list.push_back({{"ref", update.ref}, {"old", update.before}, {"new", update.after}});
  json body = {{"name", name_of(call.repository)}, {"repository", call.repository}, {"updates", list}};
  for (const char* part : {"name", "email", "how"}) {
    std::string upper = part;
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    body[std::string("pusher_") + part] = variable(call, "AUTONOMOUS_PUSHER_" + upper);
  }
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string words_of(const SocketAnswer& response) {
  json problem = json::parse(response.body, nullptr, false);
  std::string words = problem.is_object() ? problem.value("text", problem.value("detail", "")) : "";
  if (problem.is_object() && !problem.contains("text") && problem.contains("hint"))
    words += "\n" + problem.value("hint", "");
  return words.empty() ? "the daemon answered " + std::to_string(response.status) : words;
}

void print_lines(std::ostream& out, const std::string& text) {
  for (std::string_view line : split(text, '\n')) out << one_line(line, 1000) << "\n";
  out.flush();
}

int pre_receive(const Ctx& ctx, const HookCall& call, const std::vector<Update>& updates, std::ostream& out) {
  for (const Update& update : updates) {
    Result<void> fine = check_update(ctx, call, update);
    if (fine && name_of(call.repository) == "gitops") fine = check_gitops_update(ctx, call, update);
    if (!fine) {
      print_lines(out, fine.error().text());
      return 1;
    }
  }
  SocketCall check{call.socket, "/api/v1/hooks/check", request_body(call, updates), "application/json"};
  Result<SocketAnswer> response = call_socket(ctx, check);
  if (!response) {
    print_lines(out, "nothing was accepted: the daemon does not answer (" + response.error().message() + ")");
    return 1;
  }
  if (!response->ok()) print_lines(out, words_of(*response));
  return response->ok() ? 0 : 1;
}

// Here and not by the daemon, which may be away: the pusher's git ends when this process does, and takes that for
// "kept".
bool make_lasting(const HookCall& call, const std::vector<Update>& updates, std::ostream& out) {
  std::vector<std::string> refs;
  for (const Update& update : updates) refs.push_back(update.ref);
  auto synced = git::sync_pushed(call.repository, refs);
  if (synced) return true;
  print_lines(out,
              "what was pushed stands in the repository, but it may not outlast a power cut: " + synced.error().line());
  print_lines(out, "keep your clone until the disk is well, and push again then");
  return false;
}

int post_receive(const Ctx& ctx, const HookCall& call, const std::vector<Update>& updates, std::ostream& out) {
  bool lasting = make_lasting(call, updates, out);
  SocketCall pushed{call.socket, "/api/v1/hooks/pushed", request_body(call, updates), "application/x-ndjson"};
  ProgressView view(out, Style{});
  // A step that is tried again and again may wait for an operator, and the pusher need not: a line is news once.
  std::set<size_t> told;
  bool news = false;
  LineReader reader([&](std::string_view line) {
    if (!line.empty()) news = told.insert(std::hash<std::string_view>()(line)).second || news;
    return view.line(line);
  });
  Result<SocketAnswer> response = call_socket(ctx, pushed, [&](std::string_view data) {
    news = false;
    if (!reader.feed(data)) return Heard::kEnough;
    return news ? Heard::kNews : Heard::kNothing;
  });
  if (!response) {
    bool late = response.error().code() == Code::kTimeout;
    print_lines(out, late      ? "it goes on without you: `autonomous status` shows how it ends"
                     : lasting ? "the push is kept; the daemon takes it up when it answers again"
                               : "the daemon takes it up when it answers again, if it is still there then");
  } else if (!response->ok()) {
    print_lines(out, words_of(*response));
  }
  return 0;
}

}  // namespace

int run_hook(const Ctx& ctx, const HookCall& call, std::istream& in, std::ostream& out) {
  std::vector<Update> updates = read_updates(in);
  if (updates.empty()) return 0;
  return call.kind == "pre-receive" ? pre_receive(ctx, call, updates, out) : post_receive(ctx, call, updates, out);
}

}  // namespace autonomous::daemon
