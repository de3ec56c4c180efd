#include "daemon/pipeline/doctor.h"

#include <dirent.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "daemon/pipeline/git_access.h"
#include "daemon/pipeline/instances.h"
#include "daemon/pipeline/platform_view.h"
#include "daemon/pipeline/remotes.h"
#include "daemon/pipeline/renderer.h"
#include "daemon/pipeline/sources.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/git/signer.h"
#include "gitops/store/lint.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

namespace {

constexpr uint64_t kLittleSpace = 1u << 30;
constexpr int kOldestGit[2] = {2, 36};  // core.fsync: what a hosted repository acknowledges survives a power cut

Check good(std::string name, std::string text) { return {std::move(name), "ok", std::move(text), ""}; }
Check bad(std::string name, const Error& error, const std::string& fix) {
  return {std::move(name), "failed", masked(error.line()), error.hint().empty() ? fix : error.hint()};
}

// One look at a machine, from its configuration outwards.
class Examination {
 public:
  Examination(const Ctx& ctx, const DoctorOptions& options) : ctx_(ctx), options_(options) {}

  std::vector<Check> run() {
    if (!read_configuration()) {
      add(git_checks(ctx_, git::GitProgram{}));
      return std::move(out_);
    }
    add(config_checks(*config_));
    check_front();
    check_state();
    check_port();
    check_key();
    return neighbours(config_);
  }

  std::vector<Check> neighbours(std::shared_ptr<const DaemonConfig> config) {
    config_ = std::move(config);
    program_ = {"git", "", config_->sources.allow_file_urls};
    add(git_checks(ctx_, program_));
    check_repositories();
    check_gitops();
    return std::move(out_);
  }

 private:
  void add(std::vector<Check> checks) {
    out_.insert(out_.end(), std::make_move_iterator(checks.begin()), std::make_move_iterator(checks.end()));
  }

  bool read_configuration() {
    ConfigPlaces places = ConfigPlaces::of_process();
    if (!options_.state.empty()) places.state = options_.state;
    auto parsed = load_config(options_.config, places);
    for (const Error& error : parsed.errors)
      out_.push_back(
          {"configuration", "failed", error.text(), "`autonomous daemon --check` tells whether it is right"});
    if (!parsed) return false;
    config_ = std::shared_ptr<const DaemonConfig>(std::move(parsed.value));
    return true;
  }

  // Renders run in processes of the front.
  void check_front() {
    auto renderer = Renderer::make({});
    out_.push_back(
        renderer ? good("render workers", "the program `autonomous` is there")
                 : bad("render workers", renderer.error(), "install the program again: its parts belong together"));
  }

  void check_state() {
    struct statvfs space {};
    const std::string& state = config_->state;
    if (!exists(state)) return;  // check_config says whether it can be made
    if (::statvfs(state.c_str(), &space) == 0) {
      uint64_t free = static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
      std::string text = std::to_string(free >> 20) + " MiB are free at " + state;
      out_.push_back(free > kLittleSpace ? good("disk", text)
                                         : Check{"disk", "warning", text, "make room: a full disk stops releases"});
    }
    if (!exists(state + "/daemon.lock")) return;
    auto lock = LockFile::take(state + "/daemon.lock");
    if (lock) return;
    out_.push_back({"state", "failed", lock.error().line() + ", and does not answer at " + config_->socket,
                    "ask it with --server, or look at its log (journalctl -u autonomous)"});
    taken_ = true;
  }

  void check_port() {
    if (config_->listen.empty() || taken_) return;
    size_t colon = config_->listen.rfind(':');
    std::string host = config_->listen.substr(0, colon), port = config_->listen.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &raw) != 0) {
      out_.push_back({"port", "failed", "'" + config_->listen + "' is no address", "listen: 127.0.0.1:7300"});
      return;
    }
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address(raw, ::freeaddrinfo);
    int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int error = ::bind(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    ::close(fd);
    if (error == 0) out_.push_back(good("port", config_->listen + " is free"));
    else
      out_.push_back({"port", "failed",
                      config_->listen + (error == EADDRINUSE ? " is taken by another program"
                                                             : std::string(": ") + std::strerror(error)),
                      "stop that program, or set `listen:` (port 0 takes a free one)"});
  }

  void check_key() {
    std::string path = config_->signing.key.empty() ? config_->state + "/keys/signing" : config_->signing.key;
    if (!exists(path)) {
      if (config_->signing.key.empty()) out_.push_back(good("signing key", "will be made at the first start"));
      return;  // check_config names a configured one that is missing
    }
    auto signer = git::Signer::load(path);
    out_.push_back(
        signer ? good("signing key", signer->fingerprint() + " " + path)
               : bad("signing key", signer.error(), "put back the key from a backup; a new one is another identity"));
  }

  // Whether the refs of a repository lead to something: a torn disk or a wrong owner shows here.
  static Result<std::string> walk(const std::string& path) {
    TRY(git::Repository repository, git::Repository::open(path));
    TRY(std::vector<git::Ref> refs, git::list_refs(repository));
    for (const git::Ref& ref : refs) {
      auto tree = repository.peel_tree(ref.oid);
      if (tree) {
        auto read = repository.tree(*tree);
        if (!read) return std::move(read).error().with("in " + ref.name);
      } else if (!starts_with(ref.name, "refs/tags/")) {
        return std::move(tree).error().with("in " + ref.name);
      }
    }
    return std::to_string(refs.size()) + (refs.size() == 1 ? " ref" : " refs");
  }

  void check_repositories() {
    const std::string folder = config_->state + "/repos";
    std::vector<std::string> names;
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
    while (const dirent* item = dir ? ::readdir(dir.get()) : nullptr) {
      if (ends_with(item->d_name, ".git")) names.emplace_back(item->d_name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      auto told = walk(folder + "/" + name);
      out_.push_back(told ? good("repository " + name, *told)
                          : bad("repository " + name, told.error(),
                                "nothing is written to it; restore it from a backup or a clone (git fsck tells more)"));
    }
  }

  // The GitOps repository, what its platform.yaml says, and who that names.
  void check_gitops() {
    std::string path = config_->state + "/repos/gitops.git";
    http::Client client;
    if (!config_->gitops.url.empty()) {
      path = config_->state + "/cache/gitops.git";
      auto remote = remote_of(gitops_settings([this] { return config_; }), client);
      auto refs = remote ? remote->ls_refs(ctx_.within(Millis(10'000)), {"refs/heads/"}) : remote.error();
      out_.push_back(refs ? good("gitops repository", git::url_without_credentials(config_->gitops.url) + " answers")
                          : bad("gitops repository", refs.error(), "is `gitops.url` right, and its credential?"));
    }
    if (!exists(path)) {
      if (config_->gitops.url.empty()) out_.push_back(good("gitops repository", "will be made at the first start"));
      return;
    }
    auto reader = store::Reader::open(path, config_->gitops.deploy);
    auto state = reader ? reader->state() : Result<store::StatePtr>(reader.error());
    if (!state) {
      out_.push_back(bad("record", state.error(), "restore the repository from a backup or a clone"));
      return;
    }
    size_t releases = 0;
    for (const auto& [target, record] : (*state)->targets) releases += record->releases.size();
    out_.push_back(good(
        "record", std::to_string((*state)->targets.size()) + " targets, " + std::to_string(releases) + " releases"));
    const std::string& branch = config_->gitops.deploy;
    if (auto unsafe = store::lint_branch(reader->repository(), **state, (*state)->deploy)) {
      for (const store::UnsafePath& one : *unsafe)
        out_.push_back(
            {"branch " + branch, "warning", store::unsafe_text(one, branch), store::unsafe_remedy(one, branch)});
    }
    check_platform(reader->repository(), (*state)->main, client);
  }

  void check_platform(const git::Repository& repository, const git::Oid& main, http::Client& client) {
    PlatformPtr view = read_view(repository, main, nullptr);
    for (const Error& error : view->errors)
      out_.push_back({"platform.yaml", "failed", error.text(), "correct it on main of the GitOps repository"});
    if (!view->errors.empty()) return;
    out_.push_back(good("platform.yaml", "main is at " + view->commit.short_hex()));
    for (const auto& [name, project] : view->platform->projects) {
      if (!project.source.empty()) check_source(name, project.source, client);
    }
    Instances instances(client, system_clock(), [this] { return config_; });
    instances.set_platform(view->platform);
    add(instances.check(ctx_));
  }

  Result<git::Remote> remote_of(Result<git::RemoteSettings> settings, http::Client& client) const {
    if (!settings) return std::move(settings).error();
    return git::Remote::make(*std::move(settings), program_, http_for_git(client));
  }

  void check_source(const std::string& project, const std::string& url, http::Client& client) {
    auto remote = remote_of(source_settings([this] { return config_; }, url), client);
    auto refs = remote ? remote->ls_refs(ctx_.within(Millis(10'000)), {"refs/heads/"}) : remote.error();
    out_.push_back(refs ? good("source " + project, git::url_without_credentials(url))
                        : bad("source " + project, refs.error(),
                              "is the URL right? `sources.credentials` of daemon.yaml names its credential"));
  }

  const Ctx& ctx_;
  const DoctorOptions& options_;
  std::vector<Check> out_;
  std::shared_ptr<const DaemonConfig> config_;
  git::GitProgram program_;
  bool taken_ = false;  // another daemon has the state
};

}  // namespace

std::vector<Check> examine(const Ctx& ctx, const DoctorOptions& options) { return Examination(ctx, options).run(); }

std::vector<Check> examine_neighbours(const Ctx& ctx, std::shared_ptr<const DaemonConfig> config) {
  return Examination(ctx, {}).neighbours(std::move(config));
}

std::vector<Check> config_checks(const DaemonConfig& config) {
  std::vector<Check> checks;
  for (const Finding& finding : check_config(config)) {
    const char* state = finding.level == Finding::Level::kOk        ? "ok"
                        : finding.level == Finding::Level::kWarning ? "warning"
                                                                    : "failed";
    checks.push_back({finding.subject, state, finding.text, finding.fix});
  }
  return checks;
}

std::vector<Check> git_checks(const Ctx& ctx, const git::GitProgram& git) {
  auto said = git::git_output(ctx.within(Millis(5000)), git, {.args = {"--version"}});
  if (!said) return {bad("git", said.error(), "install git (apt-get install git)")};
  std::string text(trim(*said));
  int major = 0, minor = 0;
  bool known = std::sscanf(text.c_str(), "git version %d.%d", &major, &minor) == 2;
  bool old = known && (major < kOldestGit[0] || (major == kOldestGit[0] && minor < kOldestGit[1]));
  std::vector<Check> checks = {old ? Check{"git", "warning",
                                           text + " does not know core.fsync: a push may be lost with the power",
                                           "install git 2.36 or newer"}
                                   : good("git", text)};
  // Hosting needs a part that some distributions ship apart.
  auto folder = git::git_output(ctx.within(Millis(5000)), git, {.args = {"--exec-path"}});
  if (folder && !exists(std::string(trim(*folder)) + "/git-http-backend"))
    checks.push_back(
        {"git hosting", "failed", "git-http-backend is missing: nobody can push to this daemon", "install all of git"});
  return checks;
}

}  // namespace autonomous::daemon
