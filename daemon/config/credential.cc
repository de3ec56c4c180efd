#include "daemon/config/credential.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr uint64_t kMaxCredential = 64u << 10;

// Changes whenever the file does: rotation replaces it by another inode, or writes into it.
std::string stamp_of(const struct stat& status) {
  return std::to_string(status.st_ino) + "/" + std::to_string(status.st_size) + "/" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

struct Credential::State {
  std::string path;
  std::string what;
  std::mutex mutex;
  std::string stamp;
  std::string value;
};

Credential Credential::of_file(std::string path) {
  Credential out;
  out.state_ = std::make_shared<State>();
  out.state_->what = "file " + path;
  out.state_->path = std::move(path);
  return out;
}

Credential Credential::of_systemd(std::string name, std::string directory) {
  Credential out;
  out.state_ = std::make_shared<State>();
  out.state_->what = "systemd credential " + name;
  if (!directory.empty()) out.state_->path = directory + "/" + name;
  return out;
}

const std::string& Credential::path() const {
  static const std::string none;
  return state_ == nullptr ? none : state_->path;
}

std::string Credential::describe() const { return state_ == nullptr ? "none" : state_->what; }

Result<std::string> Credential::read() const {
  if (state_ == nullptr) return fail(Code::kNotFound, "no credential is configured");
  if (state_->path.empty()) {
    return fail(Code::kNotFound, state_->what, ": systemd gave no credentials to this process")
        .hint("LoadCredential=" + state_->what.substr(state_->what.rfind(' ') + 1) + ":/path in the unit");
  }
  std::lock_guard lock(state_->mutex);
  struct stat status {};
  if (::stat(state_->path.c_str(), &status) != 0) {
    const Code code = errno == EACCES ? Code::kDenied : Code::kNotFound;
    return fail(code, state_->what, ": ", std::strerror(errno));
  }
  std::string stamp = stamp_of(status);
  if (stamp == state_->stamp) return state_->value;
  TRY_WITH(std::string text, state_->what, read_file(state_->path, kMaxCredential));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return fail(Code::kInvalid, state_->what, " is empty");
  mask_in_logs(text);
  const size_t colon = text.find(':');
  if (colon != std::string::npos && text.find('\n') == std::string::npos) mask_in_logs(text.substr(colon + 1));
  state_->stamp = std::move(stamp);
  state_->value = text;
  return text;
}

}  // namespace autonomous::daemon
