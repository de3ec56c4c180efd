// Credential: where a secret of the daemon's lies, never the secret itself.
//
// read() takes the file's content anew when it changed, so a rotated token works without a restart, and has it masked
// in logs (mask_in_logs); of `user:password` the password by itself as well. Copies share the cache; any thread may
// read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::daemon {

class Credential {
 public:
  Credential() = default;  // none
  // A file, absolute.
  static Credential of_file(std::string path);
  // LoadCredential= of systemd: <directory>/<name>. With an empty directory read() says that systemd gave none.
  static Credential of_systemd(std::string name, std::string directory);

  bool empty() const { return state_ == nullptr; }
  const std::string& path() const;  // "" when empty
  std::string describe() const;     // "file /etc/…", "systemd credential argocd": for people
  // Without the line end. kNotFound, kDenied, kInvalid for an empty one; the message never holds the content.
  Result<std::string> read() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace autonomous::daemon
