#include "daemon/pipeline/daemon.h"

#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

#include "daemon/charts/fetch.h"
#include "daemon/config/config.h"
#include "daemon/http/server.h"
#include "daemon/pipeline/doctor.h"
#include "daemon/pipeline/git_access.h"
#include "daemon/pipeline/instances.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/pipeline/remotes.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/version.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/signer.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

namespace {

void complain(const std::string& text) { std::fprintf(stderr, "autonomous daemon: %s\n", masked(text).c_str()); }

std::string join_errors(const std::vector<Error>& errors) {
  std::string out;
  for (const Error& error : errors) out += (out.empty() ? "" : "\n") + error.text();
  return out;
}

class Daemon {
 public:
  int run(const DaemonOptions& options) {
    if (int status = configure(options); status >= 0) return status;
    if (Result<void> started = start(); !started) {
      complain(started.error().text());
      return 1;
    }
    serve();
    stop();
    return 0;
  }

 private:
  // -1: go on.
  int configure(const DaemonOptions& options) {
    set_log_ = options.set_log;
    ConfigPlaces places = places_of(options);
    auto parsed = load_config(options.config, places);
    for (const Error& warning : parsed.warnings) complain("warning: " + warning.text());
    if (!parsed) {
      complain(join_errors(parsed.errors));
      return 2;
    }
    config_ = std::shared_ptr<const DaemonConfig>(std::move(parsed.value));
    file_ = std::make_unique<ConfigFile>(options.config, places, config_);
    set_log(*config_);
    if (!options.check) return -1;
    return check();
  }

  // What is configured, then what it leads to; also while a daemon runs on it.
  int check() const {
    auto print = [](const std::vector<Check>& checks) {
      bool wrong = false;
      for (const Check& check : checks) {
        std::printf("%-7s  %s: %s%s%s\n", check.state == "failed" ? "error" : check.state.c_str(), check.name.c_str(),
                    check.text.c_str(), check.fix.empty() ? "" : "; ", check.fix.c_str());
        wrong = wrong || check.state == "failed";
      }
      return wrong;
    };
    if (print(config_checks(*config_))) {
      std::printf("the configuration has errors\n");
      return 1;
    }
    std::fflush(stdout);  // the neighbours may take their time
    bool away = print(examine_neighbours(Ctx{}, config_));
    std::printf("%s%s\n", config_->file.empty() ? "the embedded defaults are in force" : "the configuration is right",
                away ? ", but not all that it needs is there" : "; nothing is wrong");
    return away ? 1 : 0;
  }

  // Flags win over the file, also when that is read again.
  static ConfigPlaces places_of(const DaemonOptions& options) {
    ConfigPlaces places = ConfigPlaces::of_process();
    if (!options.state.empty()) places.state = options.state;
    if (!options.listen.empty()) places.listen = options.listen;
    if (!options.socket.empty()) places.socket = options.socket;
    return places;
  }

  void set_log(const DaemonConfig& config) const {
    if (set_log_) set_log_(config.log.format, config.log.level);
  }

  Result<void> start() {
    const std::string& state = config_->state;
    TRY_DO(make_folders(state));
    ::chmod(state.c_str(), 0700);
    auto lock = LockFile::take(state + "/daemon.lock");
    if (!lock) return std::move(lock).error().with("another daemon runs on the state " + state);
    lock_ = std::make_unique<LockFile>(std::move(*lock));
    for (const char* folder : {"/repos", "/keys", "/journal", "/cache", "/cache/home"})
      TRY_DO(make_folders(state + folder));
    ::chmod((state + "/keys").c_str(), 0700);
    // A power cut must not take the folders away, with the key or the repositories in them.
    TRY_DO(sync_folder(state));
    client_ = std::make_unique<http::Client>();
    instances_ = std::make_unique<Instances>(*client_, system_clock(), [this] { return file_->current(); });
    TRY(auto record, first_record());
    TRY(pipeline_, Pipeline::make(pipeline_options(), system_clock(), std::move(record), *instances_));
    Service::Options service;
    service.gitops = gitops_path();
    service.branch = config_->gitops.deploy;
    service.hosted = config_->gitops.url.empty();
    service.index = index_path();
    service.check_config = [this] { return checks(); };
    service_ = std::make_unique<Service>(*pipeline_, service);
    TRY(server_, Server::start(server_options(), *service_));
    std::string base = server_->base_url();
    public_url_ = config_->public_url.empty() ? base : config_->public_url;
    pipeline_->set_public_url(public_url_,
                              config_->gitops.url.empty() ? public_url_ + "/git/gitops.git" : gitops_public_url());
    pipeline_->start();
    TRY_DO(write_file_durable(state + "/endpoint", base + "\n"));
    log(Level::kInfo, "ready",
        {{"url", base}, {"socket", config_->socket}, {"state", state}, {"version", std::string(version())}});
    tell_ready();
    return ok();
  }

  // What Argo CD reads; how we write there (ssh, say) may be another address.
  std::string gitops_public_url() const {
    const GitopsConfig& gitops = config_->gitops;
    return gitops.public_url.empty() ? git::url_without_credentials(gitops.url) : gitops.public_url;
  }

  std::string gitops_path() const {
    return config_->gitops.url.empty() ? config_->state + "/repos/gitops.git" : config_->state + "/cache/gitops.git";
  }

  std::string index_path() const { return config_->state + "/cache/gitops.index"; }

  git::GitProgram git_program() const {
    return {"git", config_->state + "/cache/home", config_->sources.allow_file_urls};
  }

  // null: it lives elsewhere and is away; the writer opens it when it is back. Everything else is said at once.
  Result<std::unique_ptr<store::Record>> first_record() {
    auto opened = open_record(Ctx{}.within(Millis(60'000)));
    bool away = !opened && !config_->gitops.url.empty() &&
                (opened.error().code() == Code::kUnavailable || opened.error().code() == Code::kTimeout);
    if (!away) return opened;
    log(Level::kError, "the GitOps repository is away; the daemon serves, and releases wait for it",
        {{"error", opened.error().text()}});
    return std::unique_ptr<store::Record>();
  }

  Result<std::unique_ptr<store::Record>> open_record(const Ctx& ctx) {
    store::RecordConfig config;
    config.repository = gitops_path();
    config.journal = config_->state + "/journal";
    config.index = index_path();
    config.committer = {config_->committer.name, config_->committer.email};
    config.branch = config_->gitops.deploy;
    config.tag_window = config_->gitops.tags;
    config.tags_later = !config_->gitops.url.empty();
    config.platform_yaml = std::string(model::kDefaultPlatform);
    std::string key = config_->signing.key.empty() ? config_->state + "/keys/signing" : config_->signing.key;
    TRY_WITH(git::Signer signer, "while reading the signing key",
             git::Signer::load_or_make(key, config_->committer.email));
    config.signer = std::make_shared<git::Signer>(std::move(signer));
    // `mv signing signing.old` and a start rotate the key: the old one brings in the new one, and is ended.
    if (auto old = git::Signer::load(key + ".old")) config.retiring = std::make_shared<git::Signer>(*std::move(old));
    else if (old.error().code() != Code::kNotFound)
      return std::move(old).error().with("while reading the signing key before this one");
    config.drift_holds = [this](const model::Target& target) {
      PlatformPtr view = pipeline_ ? pipeline_->board().view() : nullptr;
      const model::Environment* environment =
          view ? model::find_environment(*view->platform, target.environment) : nullptr;
      return environment != nullptr && environment->is_protected;
    };
    if (!config_->gitops.url.empty()) {
      TRY_WITH(git::RemoteSettings settings, "while reading how to reach the GitOps repository",
               gitops_settings([this] { return file_->current(); }));
      TRY(git::Remote remote, git::Remote::make(std::move(settings), git_program(), http_for_git(*client_)));
      config.remote = std::make_shared<git::Remote>(std::move(remote));
    }
    return store::Record::open(ctx, std::move(config), system_clock());
  }

  Pipeline::Options pipeline_options() {
    Pipeline::Options options;
    options.sources.repositories = config_->state + "/repos";
    options.sources.mirrors = config_->state + "/cache/mirrors";
    options.sources.git = git_program();
    options.sources.http = http_for_git(*client_);
    options.sources.max_bytes = config_->limits.repository;
    options.sources.settings = [this](const std::string& url) {
      return source_settings([this] { return file_->current(); }, url);
    };
    options.assemble.repository = gitops_path();
    options.assemble.branch = config_->gitops.deploy;
    options.assemble.max_file = config_->limits.blob;
    options.assemble.max_output = config_->limits.render_output;
    options.assemble.fetch_chart = [this](const Ctx& ctx, const model::ChartName& chart) {
      return fetched_bytes(ctx, chart);
    };
    options.writer.git = git_program();
    options.writer.open = [this](const Ctx& ctx) { return open_record(ctx.within(Millis(60'000))); };
    options.verifier.repository = gitops_path();
    options.verifier.branch = config_->gitops.deploy;
    unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    options.renders = config_->concurrency.renders != 0 ? config_->concurrency.renders : cores;
    options.renderer.workers = options.renders;
    options.renderer.deadline = config_->limits.render_time;
    set_limits(options.renderer, config_->limits);
    options.apps = config_->limits.apps;
    options.pace = pace_of(*config_);
    options.name = config_->committer.name;
    options.email = config_->committer.email;
    options.watch.poll = config_->sources.poll;
    options.watch.jitter = config_->sources.jitter;
    options.watch.seed = static_cast<uint32_t>(::getpid());
    options.watch.fetchers = config_->concurrency.fetches;
    return options;
  }

  // A version that was fetched once means the same bytes for ever, and needs no network.
  Result<std::string> fetched_bytes(const Ctx& ctx, const model::ChartName& chart) {
    constexpr Millis kPatience{60'000};
    const Ctx limited = ctx.within(kPatience);
    helm::ChartCache cache(config_->state + "/cache");
    auto variable = [](const std::string& name) {
      const char* value = std::getenv(name.c_str());
      return std::string(value == nullptr ? "" : value);
    };
    auto fetch = [&](const helm::RemoteChart& wanted) {
      return fetch_chart(limited, {*client_, cache, variable}, wanted);
    };
    TRY(helm::FetchedChart fetched, helm::get_remote(cache, remote_chart(chart), fetch));
    return std::move(fetched.bytes);
  }

  static void set_limits(Renderer::Options& renderer, const LimitsConfig& limits) {
    const yaml::Limits yaml{.bytes = limits.yaml, .depth = limits.yaml_depth, .nodes = limits.yaml_nodes};
    renderer.load.bytes = limits.chart;
    renderer.load.nested_bytes = limits.chart_archives;
    renderer.load.files = limits.chart_files;
    renderer.load.depth = limits.chart_depth;
    renderer.load.memory = limits.render_memory;
    renderer.load.yaml = yaml;
    renderer.limits = {.fuel = limits.render_fuel,
                       .memory = limits.render_memory,
                       .output = limits.render_output,
                       .includes = limits.render_includes,
                       .templates = limits.render_templates,
                       .yaml = yaml};
    renderer.memory_bytes = limits.render_memory + (1ull << 30);  // beside the render: the chart, the output, the stack
    renderer.cpu_seconds = static_cast<unsigned>(limits.render_time.count() / 1000 + 1);
  }

  ServerOptions server_options() {
    ServerOptions options;
    options.listen = config_->listen;
    options.socket = config_->socket;
    options.hosting.repos = config_->state + "/repos";
    options.hosting.hooks = config_->state + "/hooks";
    options.hosting.core = "/proc/self/exe";
    if (char* self = ::realpath("/proc/self/exe", nullptr)) {
      options.hosting.core = self;
      ::free(self);
    }
    options.hosting.max_push = config_->hosting.max_push;
    options.hosting.sources = config_->hosting.enabled;
    options.hosting.deploy = config_->gitops.deploy;
    options.tokens = [this] { return tokens(); };
    if (const TlsConfig& tls = config_->tls; !tls.certificate.empty()) {
      options.tls_certificate = [certificate = tls.certificate] { return certificate.read(); };
      options.tls_key = [key = tls.key] { return key.read(); };
    }
    options.public_url = config_->public_url;
    options.version = std::string(version());
    return options;
  }

  // As they are now: who adds or rotates one need not restart us.
  std::vector<Token> tokens() {
    std::vector<Token> out;
    auto config = file_->current();
    std::lock_guard lock(tokens_mutex_);
    for (const auto& [name, credential] : config->hosting.tokens) {
      auto secret = credential.read();
      std::string trouble = secret ? "" : secret.error().line();
      if (trouble != token_troubles_[name] && !trouble.empty())
        log(Level::kError, "a token cannot be read", {{"token", name}, {"error", trouble}});
      token_troubles_[name] = trouble;
      if (secret) out.push_back({name, *std::move(secret)});
    }
    return out;
  }

  std::vector<Check> checks() const {
    std::vector<Check> out;
    if (std::string trouble = file_->trouble(); !trouble.empty()) {
      out.push_back({"configuration", "failed", "the file is wrong, so the one before is in force: " + trouble,
                     "correct it; it is read again by itself"});
    }
    auto now = file_->current();
    for (const std::string& key : needs_restart(*config_, *now))
      out.push_back({"configuration", "warning", key + " was changed, and is not in force yet", "restart the daemon"});
    for (Check& check : config_checks(*now)) out.push_back(std::move(check));
    return out;
  }

  // Until SIGTERM or SIGINT.
  void serve() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    uint64_t watchdog = 0;
    bool watched = ::sd_watchdog_enabled(0, &watchdog) > 0;
    int64_t pause = watched ? std::min<int64_t>(2'000'000, static_cast<int64_t>(watchdog / 3)) : 2'000'000;
    for (;;) {
      timespec timeout{pause / 1'000'000, (pause % 1'000'000) * 1000};
      int signal = ::sigtimedwait(&signals, nullptr, &timeout);
      if (signal == SIGTERM || signal == SIGINT) return;
      // Fed only while the threads that matter move: what hangs is started again.
      if (watched && pipeline_->moves() && server_->responds()) ::sd_notify(0, "WATCHDOG=1");
      reload(signal == SIGHUP);
    }
  }

  void reload(bool asked) {
    if (asked) tell_reloading();
    auto before = file_->current();
    auto changed = asked ? file_->reload() : file_->reload_if_changed();
    if (!changed) {
      log(Level::kError, "the configuration is wrong; the one before stays in force",
          {{"error", changed.error().text()}});
    } else if (*changed) {
      if (!asked) tell_reloading();
      apply(*before, *file_->current());
    } else if (asked) {
      log(Level::kInfo, "the configuration has not changed");
    }
    if (asked || !changed || *changed) tell_ready();
  }

  // What is asked for at each use (credentials, tokens) needs nothing.
  void apply(const DaemonConfig& before, const DaemonConfig& now) {
    set_log(now);
    pipeline_->set_pace(pace_of(now));
    instances_->refresh();
    log(Level::kInfo, "the configuration was read again", {{"file", now.file}});
    for (const std::string& key : needs_restart(before, now))
      log(Level::kWarning, "a change of " + key + " needs a restart");
    pipeline_->look_at_sources();
  }

  static Pipeline::Pace pace_of(const DaemonConfig& config) {
    return {config.sources.poll, config.sources.jitter, config.gitops.poll, config.verify_timeout};
  }

  void tell_ready() const {
    ::sd_notify(0, file_->trouble().empty() ? "READY=1\nSTATUS=serving"
                                            : "READY=1\nSTATUS=serving; the configuration file is wrong");
  }

  static void tell_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                 static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
  }

  // No new pushes and actions; what the writer has in hand is finished; then whoever still follows is told.
  void stop() {
    ::sd_notify(0, "STOPPING=1\nSTATUS=finishing the push in hand");
    log(Level::kInfo, "stopping: the push in hand is finished");
    server_->close_doors();
    pipeline_->stop(Millis(20'000));
    server_->stop(Millis(2'000));
    instances_->stop();
    ::unlink((config_->state + "/endpoint").c_str());
    log(Level::kInfo, "stopped");
  }

  std::function<void(const std::string&, const std::string&)> set_log_;
  std::shared_ptr<const DaemonConfig> config_;
  std::unique_ptr<ConfigFile> file_;
  std::unique_ptr<LockFile> lock_;
  std::mutex tokens_mutex_;
  std::map<std::string, std::string> token_troubles_;  // why one cannot be read, as it was last said
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Instances> instances_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
  std::string public_url_;
};

}  // namespace

int run_daemon(const DaemonOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  return Daemon().run(options);
}

}  // namespace autonomous::daemon
