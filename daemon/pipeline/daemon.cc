#include "daemon/pipeline/daemon.h"

#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "daemon/config/config.h"
#include "daemon/http/server.h"
#include "daemon/pipeline/doctor.h"
#include "daemon/pipeline/instances.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/version.h"
#include "daemon/pipeline/wiring.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kPatience{60'000};  // with a GitOps repository that is to be opened

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
    wiring_ = std::make_unique<Wiring>(config_, *file_, *client_);
    instances_ = std::make_unique<Instances>(*client_, system_clock(), [this] { return file_->current(); });
    TRY(auto record, first_record());
    auto open = [this](const Ctx& ctx) { return open_record(ctx.within(kPatience)); };
    Pipeline::Options pipeline = wiring_->pipeline(open);
    pipeline.writer.why_away = why_away_;
    TRY(pipeline_, Pipeline::make(std::move(pipeline), system_clock(), std::move(record), *instances_));
    Service::Options service = wiring_->service();
    service.check_config = [this] { return checks(); };
    service_ = std::make_unique<Service>(*pipeline_, service);
    TRY(server_, Server::start(wiring_->server(), *service_));
    std::string base = server_->base_url();
    public_url_ = config_->public_url.empty() ? base : config_->public_url;
    pipeline_->set_public_url(public_url_, wiring_->gitops_url(public_url_));
    pipeline_->start();
    TRY_DO(write_file_durable(state + "/endpoint", base + "\n"));
    log(Level::kInfo, "ready",
        {{"url", base}, {"socket", config_->socket}, {"state", state}, {"version", std::string(version())}});
    tell_ready();
    return ok();
  }

  Result<std::unique_ptr<store::Record>> open_record(const Ctx& ctx) {
    auto view = [this] { return pipeline_ ? pipeline_->board().view() : nullptr; };
    TRY(store::RecordConfig config, wiring_->record(view));
    return store::Record::open(ctx, std::move(config), system_clock());
  }

  // null: it lives elsewhere and is away; the writer opens it when it is back. Everything else is said at once.
  Result<std::unique_ptr<store::Record>> first_record() {
    auto opened = open_record(Ctx{}.within(kPatience));
    bool away = !opened && !config_->gitops.url.empty() &&
                (opened.error().code() == Code::kUnavailable || opened.error().code() == Code::kTimeout);
    if (!away) return opened;
    log(Level::kError, "the GitOps repository is away; the daemon serves, and releases wait for it",
        {{"error", opened.error().text()}});
    why_away_ = opened.error().text();
    return std::unique_ptr<store::Record>();
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
    pipeline_->set_pace(Wiring::pace_of(now));
    instances_->refresh();
    log(Level::kInfo, "the configuration was read again", {{"file", now.file}});
    for (const std::string& key : needs_restart(before, now))
      log(Level::kWarning, "a change of " + key + " needs a restart");
    pipeline_->look_at_sources();
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
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Wiring> wiring_;
  std::unique_ptr<Instances> instances_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
  std::string public_url_;
  std::string why_away_;  // the GitOps repository, at the start
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
