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
    : path_(std::move(path)), places_(std::move(places)), current_(std::move(first)), stamp_(file_stamp(path_)) {
  if (auto text = read_file(path_, 1u << 20); text && !path_.empty()) text_ = *text;
}

std::shared_ptr<const DaemonConfig> ConfigFile::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

Result<bool> ConfigFile::reload() {
  if (path_.empty()) return false;
  std::lock_guard lock(mutex_);
  stamp_ = file_stamp(path_);
  TRY(std::string text, read_file(path_, 1u << 20));
  if (text == text_) return false;
  auto parsed = parse_config(text, path_, places_);
  if (!parsed) return parsed.error();
  text_ = std::move(text);
  current_ = std::shared_ptr<const DaemonConfig>(std::move(parsed.value));
  return true;
}

Result<bool> ConfigFile::reload_if_changed() {
  {
    std::lock_guard lock(mutex_);
    if (path_.empty() || file_stamp(path_) == stamp_) return false;
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
  compare("tls.certificate", before.tls.certificate, after.tls.certificate);
  compare("tls.key", before.tls.key, after.tls.key);
  compare("gitops.url", before.gitops.url, after.gitops.url);
  compare("gitops.main", before.gitops.main, after.gitops.main);
  compare("gitops.deploy", before.gitops.deploy, after.gitops.deploy);
  compare("signing.key", before.signing.key, after.signing.key);
  compare("concurrency.renders", before.concurrency.renders, after.concurrency.renders);
  return out;
}

}  // namespace autonomous::daemon
