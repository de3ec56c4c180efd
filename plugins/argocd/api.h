// Api: one Argo CD's HTTP API with its session. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "plugins/ports/instance.h"

namespace autonomous::argocd {

class Api {
 public:
  Api(const ports::Host& host, ports::Instance instance);

  // `path` with its query, below the instance's URL. An answer other than 2xx is an error with the server's words.
  Result<nlohmann::json> call(const Ctx& ctx, const std::string& method, const std::string& path);
  Result<nlohmann::json> call(const Ctx& ctx, const std::string& method, const std::string& path,
                              const std::string& body);
  // GETs at once; answers in order.
  std::vector<Result<nlohmann::json>> get_all(const Ctx& ctx, const std::vector<std::string>& paths, Millis each);
  // A GET without an end.
  Result<void> stream(const Ctx& ctx, const std::string& path, Millis tick, const http::OnData& on_data);

  const std::string& option(const std::string& key) const;
  const std::string& name() const { return instance_.name; }

 private:
  Result<std::string> token(const Ctx& ctx);
  Result<std::string> log_in(const Ctx& ctx, const std::string& user, const std::string& password);
  // Forgets a session that the server no longer takes; false where a new one can't be had.
  bool renew(const std::string& refused);
  Result<http::Request> request(const Ctx& ctx, const std::string& method, const std::string& path);

  const ports::Host host_;
  const ports::Instance instance_;
  std::mutex mutex_;     // held during a log in, so that one is enough
  std::string session_;  // guarded by mutex_
};

}  // namespace autonomous::argocd
