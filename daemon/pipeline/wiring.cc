#include "daemon/pipeline/wiring.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "daemon/charts/fetch.h"
#include "daemon/pipeline/git_access.h"
#include "daemon/pipeline/remotes.h"
#include "daemon/pipeline/version.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/git/signer.h"

namespace autonomous::daemon {

namespace {

void set_limits(Renderer::Options& renderer, const LimitsConfig& limits) {
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

// What hosted repositories run lies beside this program, installed or in a build tree; where it doesn't, the hosting
// says so.
std::string hook_program() {
  char* self = ::realpath("/proc/self/exe", nullptr);
  std::string folder = self != nullptr ? self : "";
  ::free(self);
  folder.resize(folder.rfind('/') + 1);
  std::string built = folder + "autonomous-hook";
  return exists(built) ? built : folder + "hook";
}

}  // namespace

std::string Wiring::gitops_path() const {
  return config_->gitops.url.empty() ? config_->state + "/repos/gitops.git" : config_->state + "/cache/gitops.git";
}

std::string Wiring::index_path() const { return config_->state + "/cache/gitops.index"; }

std::string Wiring::gitops_url(const std::string& public_url) const {
  const GitopsConfig& gitops = config_->gitops;
  if (gitops.url.empty()) return public_url + "/git/gitops.git";
  return gitops.public_url.empty() ? git::url_without_credentials(gitops.url) : gitops.public_url;
}

git::GitProgram Wiring::git_program() const {
  return {"git", config_->state + "/cache/home", config_->sources.allow_file_urls};
}

Result<store::RecordConfig> Wiring::record(std::function<PlatformPtr()> view) const {
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
  config.drift_holds = [view = std::move(view)](const model::Target& target) {
    PlatformPtr now = view();
    const model::Environment* environment = now ? model::find_environment(*now->platform, target.environment) : nullptr;
    return environment != nullptr && environment->is_protected;
  };
  if (!config_->gitops.url.empty()) {
    TRY_WITH(git::RemoteSettings settings, "while reading how to reach the GitOps repository",
             gitops_settings([this] { return file_.current(); }));
    TRY(git::Remote remote, git::Remote::make(std::move(settings), git_program(), http_for_git(client_)));
    config.remote = std::make_shared<git::Remote>(std::move(remote));
  }
  return config;
}

Pipeline::Options Wiring::pipeline(OpenRecord open) const {
  Pipeline::Options options;
  options.sources.repositories = config_->state + "/repos";
  options.sources.mirrors = config_->state + "/cache/mirrors";
  options.sources.git = git_program();
  options.sources.http = http_for_git(client_);
  options.sources.max_bytes = config_->limits.repository;
  options.sources.settings = [this](const std::string& url) {
    return source_settings([this] { return file_.current(); }, url);
  };
  options.assemble.repository = gitops_path();
  options.assemble.branch = config_->gitops.deploy;
  options.assemble.max_file = config_->limits.blob;
  options.assemble.max_output = config_->limits.render_output;
  options.assemble.fetch_chart = [this](const Ctx& ctx, const model::ChartName& chart) {
    return fetched_bytes(ctx, chart);
  };
  options.writer.git = git_program();
  options.writer.open = std::move(open);
  options.verifier.repository = gitops_path();
  options.verifier.branch = config_->gitops.deploy;
  unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  options.renders = config_->concurrency.renders != 0 ? config_->concurrency.renders : cores;
  options.renderer.workers = options.renders;
  options.renderer.deadline = config_->limits.render_time;
  set_limits(options.renderer, config_->limits);
  options.apps = config_->limits.apps;
  options.gitops_remote = config_->gitops.url;
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
Result<std::string> Wiring::fetched_bytes(const Ctx& ctx, const model::ChartName& chart) const {
  constexpr Millis kPatience{60'000};
  const Ctx limited = ctx.within(kPatience);
  helm::ChartCache cache(config_->state + "/cache");
  auto variable = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
  auto fetch = [&](const helm::RemoteChart& wanted) {
    return fetch_chart(limited, {client_, cache, variable}, wanted);
  };
  TRY(helm::FetchedChart fetched, helm::get_remote(cache, remote_chart(chart), fetch));
  return std::move(fetched.bytes);
}

Service::Options Wiring::service() const {
  Service::Options options;
  options.gitops = gitops_path();
  options.branch = config_->gitops.deploy;
  options.hosted = config_->gitops.url.empty();
  options.index = index_path();
  return options;
}

ServerOptions Wiring::server() {
  ServerOptions options;
  options.listen = config_->listen;
  options.socket = config_->socket;
  options.hosting.repos = config_->state + "/repos";
  options.hosting.hooks = config_->state + "/hooks";
  options.hosting.hook = hook_program();
  options.hosting.max_push = config_->hosting.max_push;
  options.hosting.sources = config_->hosting.enabled;
  options.hosting.deploy = config_->gitops.deploy;
  options.tokens = [this] { return read_secrets(file_.current()->hosting.tokens, "token"); };
  options.webhooks = [this] { return read_secrets(file_.current()->webhooks, "secret of a webhook"); };
  if (const TlsConfig& tls = config_->tls; !tls.certificate.empty()) {
    options.tls_certificate = [certificate = tls.certificate] { return certificate.read(); };
    options.tls_key = [key = tls.key] { return key.read(); };
  }
  options.public_url = config_->public_url;
  options.version = std::string(version());
  return options;
}

// As they are now: who adds or rotates one need not restart us.
std::vector<Token> Wiring::read_secrets(const std::map<std::string, Credential>& named, const std::string& what) {
  std::vector<Token> out;
  std::lock_guard lock(secrets_mutex_);
  for (const auto& [name, credential] : named) {
    auto secret = credential.read();
    std::string trouble = secret ? "" : secret.error().line();
    std::string& known = secret_troubles_[what + " " + name];
    if (trouble != known && !trouble.empty())
      log(Level::kError, "a " + what + " cannot be read", {{"name", name}, {"error", trouble}});
    known = trouble;
    if (secret) out.push_back({name, *std::move(secret)});
  }
  return out;
}

Pipeline::Pace Wiring::pace_of(const DaemonConfig& config) {
  return {config.sources.poll, config.sources.jitter, config.gitops.poll, config.verify_timeout};
}

}  // namespace autonomous::daemon
