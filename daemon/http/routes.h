// Routes: /api/v1 and the page, from a plain request to a plain answer. One table names each route's method, path and
// permission; the OpenAPI description is made from it. Thread-safe where the Api is.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/http/access.h"
#include "daemon/http/api.h"
#include "daemon/http/message.h"

namespace autonomous::daemon {

struct RouteCall {
  Api& api;
  const Ctx& ctx;
  const HttpRequest& request;
  const Caller& caller;
  std::map<std::string, std::string> parts;  // of the path: {environment}, {project}, {app}, {number}…
  ProgressPtr progress;                      // null: nobody follows
};

struct Route {
  std::string method;
  std::string path;  // "/api/v1/targets/{environment}/{project}/{app}"
  Permission permission;
  std::string summary;
  std::function<Result<HttpResponse>(const RouteCall&)> run;
};

std::vector<Route> look_routes();
std::vector<Route> act_routes();
std::vector<Route> decide_routes();
std::vector<Route> hook_routes();

class Routes {
 public:
  Routes(Api& api, AccessRules rules, std::string version);
  // Answers everything but /api/v1/events and /git/, which are streams. Blocks as long as the Api does.
  HttpResponse handle(const Ctx& ctx, const HttpRequest& request, ProgressPtr progress) const;
  Access access(const HttpRequest& request, Permission permission, const std::string& how) const;
  // The server's own figures, added to /metrics.
  void add_metrics(std::function<std::vector<Metric>()> more) { more_metrics_ = std::move(more); }
  const AccessRules& rules() const { return rules_; }
  // The daemon is stopping: from now on nothing that acts is taken, but what our own hooks ask.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  HttpResponse health(const HttpRequest& request) const;
  HttpResponse run(const Route& route, const RouteCall& call) const;

  Api& api_;
  AccessRules rules_;
  std::string version_;
  std::vector<Route> routes_;
  std::function<std::vector<Metric>()> more_metrics_;
  std::atomic<bool> closed_{false};
};

// The answer to a request that access refused.
HttpResponse refused(const HttpRequest& request, const Access& access);
// Text in the exposition format of Prometheus.
std::string exposition(const std::vector<Metric>& metrics);
std::string openapi(const std::vector<Route>& routes, const std::string& version);
// "/a/{x}/c" against "/a/b/c": true, and parts["x"] = "b".
bool match_path(const std::string& pattern, const std::string& path, std::map<std::string, std::string>& parts);

}  // namespace autonomous::daemon
