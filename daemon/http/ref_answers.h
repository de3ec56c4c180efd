// What a poll asks of a hosted repository (protocol v2: what the server can do, and ls-refs), answered here without
// starting git: the same bytes as git's. Thread-safe; blocks on files, and at times on a git that says what it can do.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "gitops/base/ctx.h"
#include "gitops/git/upload_refs.h"

namespace autonomous::daemon {

class RefAnswers {
 public:
  // Of POST git-upload-pack. Nothing: git has to be asked.
  std::optional<HttpResponse> ls_refs(const std::string& folder, std::string_view body);
  // Of GET info/refs: what git itself said last of this repository, as long as its configuration is the same. `env`:
  // of the git that is asked otherwise.
  std::optional<HttpResponse> advertisement(const Ctx& ctx, const std::string& folder,
                                            const std::vector<std::string>& env);

 private:
  std::shared_ptr<git::RefServer> server(const std::string& folder);

  struct Said {
    std::string config;  // the bytes of the repository's configuration
    std::string bytes;
    std::chrono::steady_clock::time_point until;  // git may be replaced by another version meanwhile
  };
  std::mutex mutex_;                                                            // guards all below
  std::list<std::pair<std::string, std::shared_ptr<git::RefServer>>> servers_;  // by folder; the newest first
  std::map<std::string, Said> said_;                                            // by folder
};

}  // namespace autonomous::daemon
