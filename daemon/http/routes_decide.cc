// Routes of decisions: promotions, approvals, freezes, marks.
#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/body.h"
#include "daemon/http/routes.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

namespace {

Result<HttpResponse> promote(const RouteCall& call) {
  PromoteRequest request;
  TRY(request.target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(request.from, body.number("from"));
  TRY(request.unverified, body.flag("unverified"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.promote(call.ctx, ask, request, call.progress));
}

Result<HttpResponse> approve(const RouteCall& call) {
  ApproveRequest request;
  if (call.parts.contains("app")) {
    TRY(request.target, named_target(call));
  } else {
    request.target = call.parts.at("environment") + "/platform.yaml";
  }
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(request.proposal, body.text("proposal"));
  TRY(request.until, body.time("until"));
  TRY(request.signature, body.text("signature"));
  TRY_DO(body.finish());
  if (request.signature.size() > 16384) return fail(Code::kInvalid, "a signature of more than 16 KiB");
  return accepted(call, ask, call.api.approve(call.ctx, ask, request, call.progress));
}

Result<HttpResponse> reject(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::string proposal, body.text("proposal"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.reject(call.ctx, ask, target, proposal), false);
}

Result<HttpResponse> cancel(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.cancel(call.ctx, ask, target), false);
}

// Of a target, or of a whole environment, which the body names.
Result<HttpResponse> freeze_or_end(const RouteCall& call, bool on) {
  std::string scope;
  if (call.parts.contains("app")) {
    TRY(scope, named_target(call));
  } else {
    scope = call.parts.at("environment");
    TRY_DO(model::check_name("environment name", scope, model::kMaxEnvironment));
  }
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::optional<Time> until, body.time("until"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.freeze(call.ctx, ask, scope, on, until), false);
}
Result<HttpResponse> freeze(const RouteCall& call) { return freeze_or_end(call, true); }
Result<HttpResponse> unfreeze(const RouteCall& call) { return freeze_or_end(call, false); }

Result<HttpResponse> mark_or_not(const RouteCall& call, bool bad) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(uint32_t release, body.number("release"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.mark(call.ctx, ask, target, release, bad), false);
}
Result<HttpResponse> mark_bad(const RouteCall& call) { return mark_or_not(call, true); }
Result<HttpResponse> unmark(const RouteCall& call) { return mark_or_not(call, false); }

Result<HttpResponse> break_glass(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::optional<Time> until, body.time("until"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.break_glass(call.ctx, ask, target, until), false);
}

Result<HttpResponse> proposals(const RouteCall& call) {
  std::optional<Time> until;
  if (auto said = call.request.query.find("until"); said != call.request.query.end() && !said->second.empty()) {
    TRY(until, parse_time(said->second));
  }
  TRY(std::vector<ProposalRow> rows, call.api.proposals(call.ctx, until));
  json out = json::array();
  for (const ProposalRow& row : rows) out.push_back(to_json(row));
  return HttpResponse{200, "application/json", dump({{"proposals", out}}), {}};
}

}  // namespace

std::vector<Route> decide_routes() {
  const std::string target = "/api/v1/targets/{environment}/{project}/{app}";
  const std::string environment = "/api/v1/environments/{environment}";
  return {
      {"GET", "/api/v1/proposals", Permission::kLook,
       "Releases, and weaker policies, that wait for people (query: until, for the text to sign)", proposals},
      {"POST", target + "/promote", Permission::kAct, "Move what runs in the environment before (from, unverified)",
       promote},
      {"POST", target + "/approve", Permission::kAct, "Agree to what waits (proposal, until, signature)", approve},
      {"POST", target + "/reject", Permission::kAct, "Refuse what waits (proposal)", reject},
      {"POST", target + "/cancel", Permission::kAct, "Take back what waits", cancel},
      {"POST", target + "/freeze", Permission::kAct, "Release nothing to a target (until)", freeze},
      {"POST", target + "/unfreeze", Permission::kAct, "End its freeze", unfreeze},
      {"POST", environment + "/approve", Permission::kAct,
       "Agree to a platform.yaml that is weaker for it (proposal, until, signature)", approve},
      {"POST", environment + "/freeze", Permission::kAct, "Release nothing to an environment (until)", freeze},
      {"POST", environment + "/unfreeze", Permission::kAct, "End its freeze", unfreeze},
      {"POST", target + "/mark-bad", Permission::kAct, "Never release the artifact of a release again (release)",
       mark_bad},
      {"POST", target + "/unmark", Permission::kAct, "It may be released again (release)", unmark},
      {"POST", target + "/break-glass", Permission::kAct, "Let the next release pass freezes (until)", break_glass},
  };
}

}  // namespace autonomous::daemon
