// Credential: where a secret of the daemon's lies, never the secret itself.
//
// read() takes the file's content anew when it changed, so a rotated token works without a restart, and registers it
// for masking in logs. Copies share the cache; any thread may read.
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

// Replaces every secret that was read since the start by "***". For the logger and for answers.
std::string mask_secrets(std::string_view text);
// Secrets that come from elsewhere (a token in an answer). Shorter than 6 bytes: ignored, it would mask ordinary words.
void add_secret(std::string_view secret);

}  // namespace autonomous::daemon
