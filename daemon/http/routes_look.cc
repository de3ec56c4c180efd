// Routes that only look.
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/routes.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

HttpResponse answer(const json& body) { return HttpResponse{200, "application/json", dump(body), {}}; }

template <typename T>
json as_list(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) out.push_back(to_json(value));
  return out;
}

template <typename T>
Result<HttpResponse> answer_with(Result<T> result) {
  if (!result) return std::move(result).error();
  return answer(to_json(*result));
}

std::string query(const RouteCall& call, const std::string& name) {
  auto found = call.request.query.find(name);
  return found == call.request.query.end() ? "" : found->second;
}

Result<uint32_t> query_number(const RouteCall& call, const std::string& name, uint32_t otherwise) {
  std::string text = query(call, name);
  if (text.empty()) return otherwise;
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return fail(Code::kInvalid, name, " must be a number");
  return value;
}

Result<std::string> target_of(const RouteCall& call) {
  std::string text = call.parts.at("environment") + "/" + call.parts.at("project") + "/" + call.parts.at("app");
  TRY(model::Target target, model::Target::parse(text));
  return target.str();
}

Result<std::optional<Time>> query_time(const RouteCall& call, const std::string& name) {
  std::string text = query(call, name);
  if (text.empty()) return std::optional<Time>();
  TRY(Time time, parse_time(text));
  return std::optional(time);
}

Result<HttpResponse> status(const RouteCall& call) {
  TRY(std::optional<Time> at, query_time(call, "at"));
  if (at) return answer({{"targets", as_list(call.api.status_at(*at))}, {"at", format_time(*at)}});
  // Read before the rows: an event in between is then shown twice rather than missed.
  uint64_t newest = call.api.events().newest();
  json warnings = json::array();
  for (const Check& check : call.api.readiness()) {
    if (check.state == "warning") warnings.push_back({{"name", check.name}, {"text", check.text}, {"fix", check.fix}});
  }
  return answer({{"targets", as_list(call.api.status())}, {"event", newest}, {"warnings", warnings}});
}

Result<HttpResponse> releases(const RouteCall& call) {
  ReleaseFilter filter;
  filter.environment = query(call, "environment");
  filter.project = query(call, "project");
  filter.app = query(call, "app");
  filter.commit = query(call, "commit");
  TRY(uint32_t limit, query_number(call, "limit", 50));
  filter.limit = std::min<uint32_t>(limit, 1000);
  // A number of one target, or a moment: the `at` of the last row is where the next page begins.
  std::string before = query(call, "before");
  if (before.find_first_not_of("0123456789") == std::string::npos) {
    TRY(filter.before, query_number(call, "before", 0));
  } else {
    TRY(filter.until, query_time(call, "before"));
  }
  TRY(std::vector<ReleaseRow> rows, call.api.releases(call.ctx, filter));
  return answer({{"releases", as_list(rows)}});
}

Result<HttpResponse> decisions(const RouteCall& call) {
  DecisionFilter filter;
  filter.environment = query(call, "environment");
  filter.project = query(call, "project");
  filter.app = query(call, "app");
  filter.type = query(call, "type");
  TRY(uint32_t limit, query_number(call, "limit", 50));
  filter.limit = std::min<uint32_t>(limit, 1000);
  TRY(filter.until, query_time(call, "before"));
  TRY(std::vector<DecisionRow> rows, call.api.decisions(call.ctx, filter));
  return answer({{"decisions", as_list(rows)}});
}

Result<HttpResponse> release(const RouteCall& call) {
  TRY(std::string target, target_of(call));
  TRY(model::ReleaseId id, model::ReleaseId::parse(target + "/" + call.parts.at("number")));
  return answer_with(call.api.release(call.ctx, id.str()));
}

Result<HttpResponse> target(const RouteCall& call) {
  TRY(std::string name, target_of(call));
  return answer_with(call.api.target(call.ctx, name));
}

Result<HttpResponse> config(const RouteCall& call) {
  TRY(std::string name, target_of(call));
  TRY(std::optional<Time> at, query_time(call, "at"));
  return answer_with(call.api.config(call.ctx, name, at));
}

Result<HttpResponse> diff(const RouteCall& call) {
  DiffRequest request;
  TRY(request.target, target_of(call));
  TRY(request.from, query_number(call, "from", 0));
  TRY(request.to, query_number(call, "to", 0));
  request.image = query(call, "image");
  TRY(request.at, query_time(call, "at"));
  return answer_with(call.api.diff(call.ctx, request));
}

Result<void> check_commit(const std::string& commit) {
  if (commit.size() < 4 || commit.size() > 40 || !is_hex(commit))
    return fail(Code::kInvalid, "a commit is 4 to 40 hexadecimal digits");
  return ok();
}

Result<HttpResponse> diff_source(const RouteCall& call) {
  SourceDiffRequest request{call.parts.at("project"), to_lower(query(call, "commit")), query(call, "environment"),
                            query(call, "app")};
  TRY_DO(model::check_name("project name", request.project, model::kMaxProject));
  TRY_DO(check_commit(request.commit));
  TRY(std::vector<DiffAnswer> answers, call.api.diff_source(call.ctx, request));
  return answer({{"targets", as_list(answers)}});
}

Result<HttpResponse> where(const RouteCall& call) {
  std::string commit = to_lower(call.parts.at("commit"));
  TRY_DO(check_commit(commit));
  return answer_with(call.api.where(call.ctx, commit));
}

Result<HttpResponse> why(const RouteCall& call) {
  std::string subject = query(call, "subject");
  if (subject.find('/') != std::string::npos) {
    TRY(model::Target target, model::Target::parse(subject));
    subject = target.str();
  } else {
    subject = to_lower(subject);
    TRY_DO(check_commit(subject));
  }
  TRY(std::vector<WhyAnswer> answers, call.api.why(call.ctx, subject));
  return answer({{"answers", as_list(answers)}});
}

Result<HttpResponse> projects(const RouteCall& call) { return answer({{"projects", as_list(call.api.projects())}}); }
Result<HttpResponse> doctor(const RouteCall& call) {
  return answer({{"checks", as_list(call.api.doctor(call.ctx, query(call, "deep") == "true"))}});
}

}  // namespace

std::vector<Route> look_routes() {
  const std::string target_path = "/api/v1/targets/{environment}/{project}/{app}";
  return {
      {"GET", "/api/v1/status", Permission::kLook, "All targets, and the id of the newest event (query: at)", status},
      {"GET", "/api/v1/targets", Permission::kLook, "All targets", status},
      {"GET", target_path, Permission::kLook, "A target with its gates and newest releases", target},
      {"GET", target_path + "/config", Permission::kLook,
       "Effective configuration, and where each value comes from (query: at)", config},
      {"GET", target_path + "/diff", Permission::kLook, "What a release would change (query: from, to, image, at)",
       diff},
      {"GET", "/api/v1/projects/{project}/diff", Permission::kLook,
       "What a source commit would change, for each environment (query: commit, environment, app)", diff_source},
      {"GET", "/api/v1/releases", Permission::kLook,
       "Releases, newest first (query: environment, project, app, commit, limit, before)", releases},
      {"GET", "/api/v1/decisions", Permission::kLook,
       "What people decided, newest first (query: environment, project, app, type, limit, before)", decisions},
      {"GET", "/api/v1/releases/{environment}/{project}/{app}/{number}", Permission::kLook, "A release", release},
      {"GET", "/api/v1/where/{commit}", Permission::kLook, "Where a source commit lives", where},
      {"GET", "/api/v1/why", Permission::kLook, "Every gate of a target or of a source commit (query: subject)", why},
      {"GET", "/api/v1/projects", Permission::kLook, "All projects", projects},
      {"GET", "/api/v1/doctor", Permission::kLook, "What is configured, reachable, and wrong (query: deep)", doctor},
  };
}

}  // namespace autonomous::daemon
