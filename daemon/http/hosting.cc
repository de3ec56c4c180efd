#include "daemon/http/hosting.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

namespace {

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

constexpr std::string_view kConfig =
    "[core]\n"
    "\trepositoryformatversion = 0\n"
    "\tfilemode = true\n"
    "\tbare = true\n"
    "\tfsync = all\n"
    "[receive]\n"
    "\tdenyDeletes = true\n"
    "\tdenyNonFastForwards = true\n"
    "\tfsckObjects = true\n"
    "[http]\n"
    "\treceivepack = true\n";

using Setting = std::pair<std::string, std::string>;

std::vector<Setting> forced_settings(const HostingOptions& options, const GitRequest& request, bool may_push) {
  std::vector<Setting> out = {
      {"core.hooksPath", options.hooks},
      {"core.fsync", "all"},
      {"core.bigFileThreshold", std::string(git::kBigFile)},
      {"http.receivepack", may_push ? "true" : "false"},
      {"http.uploadpack", "true"},
      {"http.getanyfile", "false"},
      {"receive.denyDeletes", "true"},
      {"receive.denyNonFastForwards", "true"},
      {"receive.fsckObjects", "true"},
      {"receive.maxInputSize", std::to_string(options.max_push)},
      {"receive.keepAlive", "5"},
      // What a push brings is checked beside the repository, whose own refs are then those of an alternate. They are
      // known already, and asking for them is a process, and long where there are many.
      {"core.alternateRefsCommand", "true"},
      // Packs, whose one folder is synced afterwards: of loose objects git syncs the files, and none of their folders.
      {"transfer.unpackLimit", "1"},
  };
  // The daemon has the GitOps repository open, and packs it when it suits it.
  if (request.gitops()) out.emplace_back("receive.autogc", "false");
  return out;
}

Result<void> make_skeleton(const std::string& folder) {
  for (const char* part : {"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"}) {
    TRY_DO(make_folders(folder + "/" + part));
  }
  TRY_DO(write_file_durable(folder + "/config", kConfig));
  TRY_DO(write_file_durable(folder + "/HEAD", "ref: refs/heads/main\n"));
  for (const char* part : {"/objects", "/refs", ""}) TRY_DO(sync_folder(folder + part));
  return ok();
}

}  // namespace

Result<GitRequest> parse_git_request(const HttpRequest& request) {
  constexpr std::string_view kPrefix = "/git/";
  std::string_view path = request.path;
  if (!starts_with(path, kPrefix)) return fail(Code::kNotFound, "no such page");
  path.remove_prefix(kPrefix.size());
  size_t slash = path.find('/');
  if (slash == std::string_view::npos || !ends_with(path.substr(0, slash), ".git"))
    return fail(Code::kNotFound, "no such repository");
  GitRequest git;
  git.name = std::string(path.substr(0, slash - 4));
  std::string_view rest = path.substr(slash + 1);
  if (request.method == "GET" && rest == "info/refs") {
    auto service = request.query.find("service");
    git.advertise = true;
    git.service = service == request.query.end() ? "" : service->second;
  } else if (request.method == "POST") {
    git.service = std::string(rest);
  }
  if (git.service != "git-upload-pack" && git.service != "git-receive-pack")
    return fail(Code::kNotFound, "only git's smart protocol is served here");
  if (!git.gitops()) TRY_DO(model::check_name("project name", git.name, model::kMaxProject));
  return git;
}

Result<void> Hosting::prepare() {
  // Git would refuse every push then, and only say that a hook can't be run.
  if (::access(options_.hook.c_str(), X_OK) != 0)
    return fail(Code::kNotFound, "the program that takes pushes is missing: ", options_.hook, ": ",
                std::strerror(errno))
        .hint("It is installed beside the core, as libexec/autonomous/hook.");
  TRY_DO(make_folders(options_.repos, 0700));
  TRY_DO(make_folders(options_.hooks, 0700));
  for (const char* hook : {"pre-receive", "post-receive"}) {
    std::string script = "#!/bin/sh\n# Written by the daemon at each start.\nexec " + shell_quoted(options_.hook) +
                         " " + hook + " --socket " + shell_quoted(options_.socket) + " --deploy " +
                         shell_quoted(options_.deploy) + "\n";
    TRY_DO(write_file_durable(options_.hooks + "/" + hook, script, 0755));
    if (::chmod((options_.hooks + "/" + hook).c_str(), 0755) != 0)
      return fail(Code::kInternal, "can't make the ", hook, " hook executable");
  }
  return ok();
}

std::string Hosting::repository(std::string_view name) const {
  return options_.repos + "/" + std::string(name) + ".git";
}

bool Hosting::has(std::string_view name) const { return exists(repository(name) + "/HEAD"); }

Result<void> Hosting::create(std::string_view name) {
  if (has(name)) return ok();
  // Built aside and renamed, so that a crash leaves no half of a repository under the project's name.
  std::string aside = options_.repos + "/.new-XXXXXX";
  if (::mkdtemp(aside.data()) == nullptr) return fail(Code::kInternal, "can't make a folder in ", options_.repos);
  Result<void> made = make_skeleton(aside);
  if (made && std::rename(aside.c_str(), repository(name).c_str()) != 0 && !has(name)) {
    made = fail(Code::kInternal, "can't make the repository ", repository(name));
  }
  if (exists(aside)) {
    Result<void> removed = remove_all(aside);
    if (!removed) log(Level::kWarning, removed.error().line());
  }
  if (!made) return made;
  log(Level::kInfo, "made a repository for a new project", {{"project", name}});
  return sync_folder(options_.repos);
}

std::vector<std::string> Hosting::environment(const GitRequest& git, const HttpRequest& request, const Caller& caller,
                                              const std::string& content_length) const {
  const char* path = std::getenv("PATH");
  std::vector<std::string> env = {
      std::string("PATH=") + (path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
      "LANG=C.UTF-8",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_ALLOC_LIMIT=" + std::string(git::kMostAtOnce),
      "GIT_PROJECT_ROOT=" + options_.repos,
      "GIT_HTTP_EXPORT_ALL=1",
      "GATEWAY_INTERFACE=CGI/1.1",
      "REQUEST_METHOD=" + request.method,
      "PATH_INFO=/" + git.name + ".git/" + (git.advertise ? "info/refs" : git.service),
      "QUERY_STRING=" + (git.advertise ? "service=" + git.service : ""),
      "CONTENT_TYPE=" + request.header("content-type"),
      "REMOTE_ADDR=" + request.peer.address,
  };
  if (!content_length.empty()) env.push_back("CONTENT_LENGTH=" + content_length);
  std::string encoding = request.header("content-encoding");
  if (!encoding.empty()) env.push_back("HTTP_CONTENT_ENCODING=" + encoding);
  std::string protocol = request.header("git-protocol");
  // It goes into an environment variable of git's: only what the protocol's own grammar has.
  if (!protocol.empty() &&
      protocol.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789=:-.") == std::string::npos) {
    env.push_back("GIT_PROTOCOL=" + protocol);
    env.push_back("HTTP_GIT_PROTOCOL=" + protocol);
  }
  if (git.push()) {
    std::string user = caller.name.empty() ? "anonymous" : one_line(caller.name, 100);
    env.push_back("REMOTE_USER=" + one_line(caller.name, 100));
    // As http-backend would set them.
    env.push_back("GIT_COMMITTER_NAME=" + user);
    env.push_back("GIT_COMMITTER_EMAIL=" + user + "@http." + request.peer.address);
    env.push_back("AUTONOMOUS_PUSHER_NAME=" + one_line(caller.name, 200));
    env.push_back("AUTONOMOUS_PUSHER_EMAIL=" + one_line(caller.email, 200));
    env.push_back("AUTONOMOUS_PUSHER_HOW=" + one_line(caller.how, 200));
  }
  std::vector<Setting> settings = forced_settings(options_, git, git.push());
  for (size_t i = 0; i < settings.size(); ++i) {
    env.push_back("GIT_CONFIG_KEY_" + std::to_string(i) + "=" + settings[i].first);
    env.push_back("GIT_CONFIG_VALUE_" + std::to_string(i) + "=" + settings[i].second);
  }
  env.push_back("GIT_CONFIG_COUNT=" + std::to_string(settings.size()));
  return env;
}

}  // namespace autonomous::daemon
