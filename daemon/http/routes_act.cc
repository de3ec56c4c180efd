// Routes that act, and those of our own hooks.
#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/body.h"
#include "daemon/http/routes.h"
#include "daemon/http/webhook.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

Result<Ask> read_ask(Body& body, const Caller& caller) {
  Ask ask;
  ask.who = caller;
  TRY(ask.because, body.text("because"));
  TRY(ask.ticket, body.text("ticket"));
  TRY(ask.dry_run, body.flag("dry_run"));
  for (const std::string* text : {&ask.because, &ask.ticket}) {
    for (char c : *text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        return fail(Code::kInvalid, "because and ticket must be one line each");
    }
    if (text->size() > 1000 || !is_utf8(*text))
      return fail(Code::kInvalid, "because and ticket must be UTF-8 of at most 1,000 bytes");
  }
  // What is written down for ever must not hold a token that somebody pasted.
  ask.because = masked(ask.because);
  ask.ticket = masked(ask.ticket);
  return ask;
}

Result<HttpResponse> accepted(const RouteCall& call, const Ask& ask, Result<ActionAnswer> answer, bool streams) {
  if (!answer) return std::move(answer).error();
  HttpResponse response;
  response.status = ask.dry_run ? 200 : 202;
  response.body = dump(to_json(*answer, ask.dry_run));
  response.streams = streams && !ask.dry_run && call.progress != nullptr;
  return response;
}

Result<std::string> named_target(const RouteCall& call) {
  std::string text = call.parts.at("environment") + "/" + call.parts.at("project") + "/" + call.parts.at("app");
  TRY(model::Target target, model::Target::parse(text));
  return target.str();
}

namespace {

using Simple = Result<ActionAnswer> (Api::*)(const Ctx&, const Ask&, const std::string&, ProgressPtr);

template <Simple action>
Result<HttpResponse> simple(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY_DO(body.finish());
  return accepted(call, ask, (call.api.*action)(call.ctx, ask, target, call.progress));
}

Result<HttpResponse> rollback(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(uint32_t to, body.number("to"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.rollback(call.ctx, ask, target, to, call.progress));
}

Result<HttpResponse> hold(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::optional<Time> until, body.time("until"));
  TRY_DO(body.finish());
  // A hold is done when it is accepted.
  return accepted(call, ask, call.api.hold(call.ctx, ask, target, until), false);
}

Result<HttpResponse> resume(const RouteCall& call) {
  TRY(std::string target, named_target(call));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::string choice, body.text("choice"));
  TRY_DO(body.finish());
  if (!choice.empty() && choice != "keep" && choice != "replace")
    return fail(Code::kInvalid, "choice must be keep or replace");
  return accepted(call, ask, call.api.resume(call.ctx, ask, target, choice, call.progress));
}

Result<HttpResponse> deploy(const RouteCall& call) {
  DeployRequest request;
  request.project = call.parts.at("project");
  TRY_DO(model::check_name("project name", request.project, model::kMaxProject));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(request.app, body.text("app"));
  TRY(request.environment, body.text("environment"));
  TRY(request.commit, body.text("commit"));
  TRY(request.image, body.text("image"));
  TRY(request.vanished, body.flag("vanished"));
  TRY(request.move, body.flag("move"));
  TRY_DO(body.finish());
  if (!request.app.empty()) TRY_DO(model::check_name("app name", request.app, model::kMaxApp));
  if (!request.environment.empty())
    TRY_DO(model::check_name("environment name", request.environment, model::kMaxEnvironment));
  if (!request.commit.empty() && (!is_hex(request.commit) || request.commit.size() < 4))
    return fail(Code::kInvalid, "a commit is 4 to 40 hexadecimal digits");
  return accepted(call, ask, call.api.deploy(call.ctx, ask, request, call.progress));
}

Result<HttpResponse> connect(const RouteCall& call) {
  std::string project = call.parts.at("project");
  TRY_DO(model::check_name("project name", project, model::kMaxProject));
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY(std::string url, body.text("url"));
  TRY_DO(body.finish());
  if (url.empty()) return fail(Code::kInvalid, "url is missing: where the source repository is");
  return accepted(call, ask, call.api.connect(call.ctx, ask, project, url), false);
}

Result<HttpResponse> restore_tags(const RouteCall& call) {
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TagsRequest request;
  TRY(request.only, body.text("only"));
  TRY(request.all, body.flag("all"));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.restore_tags(call.ctx, ask, request), false);
}

Result<HttpResponse> accept_rewrite(const RouteCall& call) {
  TRY(Body body, Body::read(call.request));
  TRY(Ask ask, read_ask(body, call.caller));
  TRY_DO(body.finish());
  return accepted(call, ask, call.api.accept_rewrite(call.ctx, ask), false);
}

// --- hooks ---

Result<std::vector<RefUpdate>> read_updates(const json* value) {
  if (value == nullptr || !value->is_array()) return fail(Code::kInvalid, "updates must be a list");
  std::vector<RefUpdate> updates;
  for (const json& one : *value) {
    if (!one.is_object()) return fail(Code::kInvalid, "an update must be an object");
    RefUpdate update{one.value("ref", ""), one.value("old", ""), one.value("new", "")};
    bool oids =
        update.old_oid.size() == 40 && is_hex(update.old_oid) && update.new_oid.size() == 40 && is_hex(update.new_oid);
    if (!oids || !starts_with(update.ref, "refs/")) return fail(Code::kInvalid, "an update must hold ref, old and new");
    updates.push_back(std::move(update));
  }
  return updates;
}

struct HookCall {
  Push push;
  bool gitops = false;
  std::string repository;
};

Result<HookCall> read_hook(const RouteCall& call) {
  TRY(Body body, Body::read(call.request));
  HookCall hook;
  TRY(std::string name, body.text("name"));
  TRY(hook.repository, body.text("repository"));
  hook.gitops = name == "gitops";
  if (!hook.gitops) {
    TRY_DO(model::check_name("project name", name, model::kMaxProject));
    hook.push.project = name;
  }
  TRY(hook.push.updates, read_updates(body.raw("updates")));
  TRY(hook.push.who.name, body.text("pusher_name"));
  TRY(hook.push.who.email, body.text("pusher_email"));
  TRY(hook.push.who.how, body.text("pusher_how"));
  TRY_DO(body.finish());
  if (hook.push.who.how.empty()) {
    // Pushed through the file system, past the server: as whoever ran git.
    hook.push.who = call.caller;
  }
  return hook;
}

Result<HttpResponse> keep(const RouteCall& call) {
  TRY(Body body, Body::read(call.request));
  TRY_DO(body.finish());
  TRY(ActionAnswer answer, call.api.keep(call.ctx));
  HttpResponse response;
  response.body = dump(to_json(answer, false));
  return response;
}

Result<HttpResponse> check_push(const RouteCall& call) {
  TRY(HookCall hook, read_hook(call));
  TRY_DO(hook.gitops ? call.api.check_gitops_push(call.ctx, hook.push)
                     : call.api.check_source_push(call.ctx, hook.push));
  return HttpResponse{200, "application/json", R"({"accepted":true})", {}};
}

Result<HttpResponse> pushed(const RouteCall& call) {
  TRY(HookCall hook, read_hook(call));
  if (hook.gitops) {
    call.api.gitops_pushed(hook.push, call.progress);
  } else {
    call.api.source_pushed(hook.push, hook.repository, call.progress);
  }
  HttpResponse response{202, "application/json", R"({"summary":"seen"})", {}};
  response.streams = call.progress != nullptr;
  return response;
}

// Whatever it tells of: what it names is looked at, and found to have moved or not.
Result<HttpResponse> webhook(const RouteCall& call) {
  TRY(std::vector<std::string> places, webhook_places(call.request.body));
  std::vector<std::string> looked_at = call.api.moved_elsewhere(places);
  std::string summary = !looked_at.empty() ? "looking at " + join(looked_at, ", ")
                        : places.empty()   ? "this names no repository: nothing to do"
                                           : "no project comes from " + places[0] + ": nothing to do";
  return HttpResponse{202, "application/json", dump({{"summary", summary}, {"looking_at", looked_at}}), {}};
}

}  // namespace

std::vector<Route> act_routes() {
  const std::string target_path = "/api/v1/targets/{environment}/{project}/{app}";
  return {
      {"POST", "/api/v1/projects/{project}/deploy", Permission::kAct,
       "Release a commit or an image (app, environment, commit, image, vanished, move)", deploy},
      {"POST", "/api/v1/projects/{project}/connect", Permission::kAct, "Bind a source repository to a project (url)",
       connect},
      {"POST", target_path + "/retry", Permission::kAct, "Try the newest release again", simple<&Api::retry>},
      {"POST", target_path + "/retire", Permission::kAct, "Remove an app's workloads, in a release",
       simple<&Api::retire>},
      {"POST", target_path + "/let-go", Permission::kAct, "Let go of an app that is gone: what runs stays",
       simple<&Api::let_go>},
      {"POST", target_path + "/rollback", Permission::kAct, "Go back to an earlier release, and hold (to)", rollback},
      {"POST", target_path + "/hold", Permission::kAct, "Hold a target (until)", hold},
      {"POST", "/api/v1/keep", Permission::kAct,
       "Return when what was asked for and is not done yet stands in the ledger: whoever asked may leave", keep},
      {"POST", "/api/v1/tags/restore", Permission::kAct,
       "Put release tags back as the ledger holds them (only: a target or release, all)", restore_tags},
      {"POST", "/api/v1/record/accept-rewrite", Permission::kAct, "Say that rewritten branches are right (because)",
       accept_rewrite},
      {"POST", target_path + "/resume", Permission::kAct, "End a hold (choice: keep or replace, after drift)", resume},
  };
}

std::vector<Route> hook_routes() {
  return {
      {"POST", "/api/v1/hooks/check", Permission::kHook, "pre-receive", check_push},
      {"POST", "/api/v1/hooks/pushed", Permission::kHook, "post-receive", pushed},
      {"POST", "/api/v1/webhook", Permission::kSigned, "A git host says that something moved in a repository", webhook},
  };
}

}  // namespace autonomous::daemon
