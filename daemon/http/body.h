// What routes that act have in common: the request's body, taken key by key, and the answer.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/routes.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

// The JSON object that a request carries. Each key is taken by name; finish() refuses those that nobody took.
class Body {
 public:
  static Result<Body> read(const HttpRequest& request) {
    json value = json::parse(request.body.empty() ? "{}" : request.body, nullptr, false);
    if (!value.is_object()) return fail(Code::kInvalid, "the body must be a JSON object");
    return Body(std::move(value));
  }
  Result<std::string> text(const std::string& key) {
    known_.push_back(key);
    auto found = value_.find(key);
    if (found == value_.end() || found->is_null()) return std::string();
    if (!found->is_string()) return fail(Code::kInvalid, key, " must be a text");
    return found->get<std::string>();
  }
  Result<bool> flag(const std::string& key) {
    known_.push_back(key);
    auto found = value_.find(key);
    if (found == value_.end() || found->is_null()) return false;
    if (!found->is_boolean()) return fail(Code::kInvalid, key, " must be true or false");
    return found->get<bool>();
  }
  Result<uint32_t> number(const std::string& key) {
    known_.push_back(key);
    auto found = value_.find(key);
    if (found == value_.end() || found->is_null()) return 0U;
    if (!found->is_number_unsigned() || found->get<uint64_t>() > UINT32_MAX)
      return fail(Code::kInvalid, key, " must be a number");
    return found->get<uint32_t>();
  }
  const json* raw(const std::string& key) {
    known_.push_back(key);
    auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }
  // A time, or nothing.
  Result<std::optional<Time>> time(const std::string& key) {
    TRY(std::string said, text(key));
    if (said.empty()) return std::optional<Time>();
    TRY(Time parsed, parse_time(said));
    return std::optional(parsed);
  }
  Result<void> finish() const {
    for (const auto& [key, value] : value_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      std::string meant = nearest(key, known_);
      return fail(Code::kInvalid, "unknown key '", one_line(key, 60), "'",
                  meant.empty() ? "" : ": did you mean '" + meant + "'?");
    }
    return ok();
  }

 private:
  explicit Body(json value) : value_(std::move(value)) {}
  json value_;
  std::vector<std::string> known_;
};

Result<Ask> read_ask(Body& body, const Caller& caller);
// The answer to an action; its progress follows where `streams`.
Result<HttpResponse> accepted(const RouteCall& call, const Ask& ask, Result<ActionAnswer> answer, bool streams = true);
// "env/project/app" of the path.
Result<std::string> named_target(const RouteCall& call);

}  // namespace autonomous::daemon
