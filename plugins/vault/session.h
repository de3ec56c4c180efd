// Session: requests to one Vault or OpenBao, with a token that is given or logged in for.
//
// Thread-safe. A token that was logged in for is kept for two thirds of its lease, and asked for again when it is
// refused.
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gitops/base/ctx.h"
#include "plugins/ports/instance.h"

namespace autonomous::vault {

class Session {
 public:
  Session(const ports::Host& host, ports::Instance instance) : host_(host), instance_(std::move(instance)) {}

  const ports::Instance& instance() const { return instance_; }
  // GET /v1/`path`, escaped already. Any status is an answer, but for a token that is refused: kDenied.
  Result<http::Response> get(const Ctx& ctx, const std::string& path);
  // The same without a token.
  Result<http::Response> get_open(const Ctx& ctx, const std::string& path);

 private:
  http::Request request(const std::string& path) const;
  Result<std::string> token(const Ctx& ctx);
  Result<std::string> log_in(const Ctx& ctx, const std::string& method);
  void forget();

  const ports::Host host_;
  const ports::Instance instance_;
  std::mutex mutex_;
  std::string token_;  // guarded by mutex_; that was logged in for; "" = none
  Time until_{};       // guarded by mutex_
};

// What the store said went wrong: the texts of its `errors`; "" where there are none.
std::string errors_of(const http::Response& response);
// Of the answer to a request for `path`: kNotFound, kDenied with the policy that it takes, kUnavailable…
Error error_of(const Session& session, const std::string& path, const http::Response& response);

}  // namespace autonomous::vault
