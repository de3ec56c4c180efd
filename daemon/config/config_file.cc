// The configuration of a running daemon, and which changes it can't take over.
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "gitops/base/file.h"

namespace autonomous::daemon {

namespace {

std::string file_stamp(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return "";
  return std::to_string(status.st_ino) + "/" + std::to_string(status.st_size) + "/" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

ConfigFile::ConfigFile(std::string path, ConfigPlaces places, std::shared_ptr<const DaemonConfig> first)
    : path_(path.empty() ? default_config_file() : std::move(path)),
      places_(std::move(places)),
      current_(std::move(first)),
      stamp_(file_stamp(path_)) {}

std::shared_ptr<const DaemonConfig> ConfigFile::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

std::string ConfigFile::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

Result<bool> ConfigFile::reload() {
  std::lock_guard lock(mutex_);
  stamp_ = file_stamp(path_);
  // A file that was never there may stay away; one that was must not vanish.
  if (stamp_.empty() && current_->file.empty()) return false;
  auto parsed = load_config(path_, places_);
  if (!parsed) {
    Error error = model::merge_errors(parsed.errors);
    trouble_ = error.text();
    return error;
  }
  trouble_.clear();
  if (parsed->digest == current_->digest && !current_->file.empty()) return false;
  current_ = std::shared_ptr<const DaemonConfig>(std::move(parsed.value));
  return true;
}

Result<bool> ConfigFile::reload_if_changed() {
  {
    std::lock_guard lock(mutex_);
    if (file_stamp(path_) == stamp_) return false;
  }
  return reload();
}

std::vector<std::string> needs_restart(const DaemonConfig& before, const DaemonConfig& after) {
  std::vector<std::string> out;
  auto compare = [&](const char* key, const auto& one, const auto& other) {
    if (one != other) out.emplace_back(key);
  };
  compare("state", before.state, after.state);
  compare("listen", before.listen, after.listen);
  compare("socket", before.socket, after.socket);
  compare("public_url", before.public_url, after.public_url);
  compare("tls.certificate", before.tls.certificate.describe(), after.tls.certificate.describe());
  compare("tls.key", before.tls.key.describe(), after.tls.key.describe());
  compare("gitops.url", before.gitops.url, after.gitops.url);
  compare("gitops.deploy", before.gitops.deploy, after.gitops.deploy);
  compare("gitops.ca_file", before.gitops.ca_file, after.gitops.ca_file);
  compare("gitops.public_url", before.gitops.public_url, after.gitops.public_url);
  compare("gitops.known_hosts", before.gitops.known_hosts, after.gitops.known_hosts);
  compare("gitops.tags", before.gitops.tags, after.gitops.tags);
  compare("signing.key", before.signing.key, after.signing.key);
  compare("committer.name", before.committer.name, after.committer.name);
  compare("committer.email", before.committer.email, after.committer.email);
  compare("sources.allow_file_urls", before.sources.allow_file_urls, after.sources.allow_file_urls);
  compare("hosting.enabled", before.hosting.enabled, after.hosting.enabled);
  compare("hosting.max_push", before.hosting.max_push, after.hosting.max_push);
  compare("limits.blob", before.limits.blob, after.limits.blob);
  compare("limits.repository", before.limits.repository, after.limits.repository);
  compare("limits.render_output", before.limits.render_output, after.limits.render_output);
  compare("limits.render_fuel", before.limits.render_fuel, after.limits.render_fuel);
  compare("limits.render_time", before.limits.render_time, after.limits.render_time);
  compare("limits.apps", before.limits.apps, after.limits.apps);
  compare("concurrency.renders", before.concurrency.renders, after.concurrency.renders);
  compare("concurrency.fetches", before.concurrency.fetches, after.concurrency.fetches);
  return out;
}

}  // namespace autonomous::daemon
