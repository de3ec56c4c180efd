#include "daemon/http/routes.h"

#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/page.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

Routes::Routes(Api& api, AccessRules rules, std::string version)
    : api_(api), rules_(std::move(rules)), version_(std::move(version)) {
  for (auto family : {look_routes, act_routes, decide_routes, hook_routes}) {
    for (Route& route : family()) routes_.push_back(std::move(route));
  }
}

Access Routes::access(const HttpRequest& request, Permission permission, const std::string& how) const {
  return check_access(rules_, request, permission, how);
}

HttpResponse refused(const HttpRequest& request, const Access& access) {
  HttpResponse response = problem(request, access.status, access.why);
  if (access.status == 401)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"autonomous\", charset=\"UTF-8\"");
  return response;
}

bool match_path(const std::string& pattern, const std::string& path, std::map<std::string, std::string>& parts) {
  std::vector<std::string_view> want = split(pattern, '/');
  std::vector<std::string_view> have = split(path, '/');
  if (want.size() != have.size()) return false;
  for (size_t i = 0; i < want.size(); ++i) {
    bool open = want[i].size() > 2 && want[i].front() == '{';
    if (!open && want[i] != have[i]) return false;
    if (open && have[i].empty()) return false;
    if (open) parts[std::string(want[i].substr(1, want[i].size() - 2))] = std::string(have[i]);
  }
  return true;
}

HttpResponse Routes::health(const HttpRequest& request) const {
  HttpResponse response;
  if (request.path == "/healthz") {
    response.type = "text/plain; charset=utf-8";
    response.body = "ok\n";
    return response;
  }
  json checks = json::array();
  bool ready = true;
  for (const Check& check : api_.readiness()) {
    ready = ready && check.state != "failed";
    checks.push_back({{"name", check.name}, {"state", check.state}});
  }
  response.status = ready ? 200 : 503;
  response.body = dump({{"ready", ready}, {"checks", checks}});
  return response;
}

HttpResponse Routes::run(const Route& route, const RouteCall& call) const {
  // A browser asks before it sends JSON to another site, and we don't answer that question: no other page can act here.
  bool sends = route.method == "POST";
  if (sends && !starts_with(to_lower(call.request.header("content-type")), "application/json")) {
    return problem(call.request, 415, "send JSON, with Content-Type: application/json");
  }
  try {
    Result<HttpResponse> response = route.run(call);
    return response ? *std::move(response) : problem(call.request, response.error());
  } catch (const std::exception& e) {
    return problem(call.request, fail(Code::kInternal, "an exception: ", e.what()));
  }
}

HttpResponse Routes::handle(const Ctx& ctx, const HttpRequest& request, ProgressPtr progress) const {
  if (request.method == "GET" && (request.path == "/healthz" || request.path == "/readyz")) return health(request);
  if (request.method == "GET" && request.path == "/metrics") {
    Access access = check_access(rules_, request, Permission::kLook, "socket");
    if (!access.allowed) return refused(request, access);
    std::vector<Metric> metrics = api_.metrics();
    if (more_metrics_) {
      for (Metric& metric : more_metrics_()) metrics.push_back(std::move(metric));
    }
    return HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", exposition(metrics), {}};
  }
  if (!starts_with(request.path, "/api/")) {
    Access access = check_access(rules_, request, Permission::kLook, "socket");
    return access.allowed ? page(request) : refused(request, access);
  }
  if (request.method == "GET" && request.path == "/api/v1/openapi.json")
    return HttpResponse{200, "application/json", openapi(routes_, version_), {}};
  if (request.method == "GET" && request.path == "/api/v1/version")
    return HttpResponse{200, "application/json", dump({{"version", version_}}), {}};
  bool path_known = false;
  for (const Route& route : routes_) {
    std::map<std::string, std::string> parts;
    if (!match_path(route.path, request.path, parts)) continue;
    path_known = true;
    if (route.method != request.method) continue;
    Access access = check_access(rules_, request, route.permission, "socket");
    if (!access.allowed) return refused(request, access);
    if (closed_ && route.permission == Permission::kAct)
      return problem(request, fail(Code::kUnavailable, "the daemon is stopping: nothing was done").may_retry());
    return run(route, RouteCall{api_, ctx, request, access.caller, std::move(parts), std::move(progress)});
  }
  return path_known ? problem(request, 405, "this address does not take " + one_line(request.method, 20))
                    : problem(request, 404, "no such address");
}

}  // namespace autonomous::daemon
