// `connect`: a source repository is bound to a project, by a line of platform.yaml on main.
#include "daemon/pipeline/service.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

// platform.yaml with one project more, its layout and comments kept.
std::string with_project(std::string text, const std::string& project, const std::string& url) {
  std::string line = "  " + project + ": {source: \"" + url + "\"}\n";
  size_t at = starts_with(text, "projects:") ? 0 : text.find("\nprojects:");
  if (at == std::string::npos) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text + "projects:\n" + line;
  }
  if (at != 0) ++at;
  size_t end = text.find('\n', at);
  if (end == std::string::npos) end = text.size();
  std::string_view rest = trim(std::string_view(text).substr(at + 9, end - at - 9));
  if (rest == "{}") return text.substr(0, at) + "projects:\n" + line + text.substr(std::min(end + 1, text.size()));
  return text.substr(0, std::min(end + 1, text.size())) + line + text.substr(std::min(end + 1, text.size()));
}

std::string line_to_add(const std::string& project, const std::string& url) {
  return "add to platform.yaml on main, by the reviews that it has:\n    projects:\n      " + project +
         ": {source: \"" + url + "\"}";
}

// What there is of it already: nothing where the project is free, true where it is bound to this very source.
Result<bool> bound(const model::Platform& platform, const std::string& project, const std::string& url) {
  auto there = platform.projects.find(project);
  if (there == platform.projects.end()) return false;
  if (there->second.source == url) return true;
  return fail(Code::kConflict, "the project ", project, " is bound to ",
              there->second.source.empty() ? "the daemon's own hosting" : there->second.source);
}

// Nothing where it is bound already.
Result<std::optional<std::string>> add_project(const std::string& before, const std::string& project,
                                               const std::string& url) {
  auto now = model::parse_platform(before);
  if (!now) return Error(now.errors.front()).with("platform.yaml must be right before it can be changed");
  TRY(bool done, bound(*now.value, project, url));
  if (done) return std::optional<std::string>();
  std::string after = with_project(before, project, url);
  auto then = model::parse_platform(after);
  bool added = then && then->projects.contains(project) && then->projects.at(project).source == url;
  if (!added) {
    return fail(Code::kConflict, "platform.yaml is written in a way that cannot be added to")
        .hint(line_to_add(project, url));
  }
  return std::optional(std::move(after));
}

}  // namespace

Result<ActionAnswer> Service::connect(const Ctx& ctx, const Ask& ask, const std::string& project,
                                      const std::string& url) {
  TRY_DO(model::check_name("project", project, model::kMaxProject));
  TRY(git::UrlKind kind, git::check_url(url, pipeline_.options().sources.git.allow_file));
  TRY_DO(allowed(ask, "connect", "", project));
  std::string shown = git::url_without_credentials(url);
  bool http = kind == git::UrlKind::kHttp || kind == git::UrlKind::kHttps;
  if (shown != url || (http && url.find('@') < url.find('/', url.find("://") + 3))) {
    return fail(Code::kInvalid, "the address holds credentials, and platform.yaml is for everybody to read")
        .hint("connect " + shown + ", and name a file with them in daemon.yaml under `sources: {credentials: …}`");
  }
  PlatformPtr view = pipeline_.board().view();
  if (!view) {
    std::string trouble = pipeline_.writer().trouble();
    return fail(Code::kUnavailable, "the GitOps repository was not read yet", trouble.empty() ? "" : ": " + trouble)
        .may_retry();
  }
  ActionAnswer answer{"platform.yaml on main binds " + project + " to " + shown, {}};
  ActionAnswer already{project + " is connected to " + shown + " already", {}};
  if (view->errors.empty()) {
    TRY(bool done, bound(*view->platform, project, url));
    if (done) return already;
  }
  if (ask.dry_run) {
    TRY(std::string before, view->tree ? view->tree->read(store::kPlatformFile, 4u << 20) : Result<std::string>(""));
    TRY(auto after, add_project(before, project, url));
    return answer;
  }
  model::Who who = model::Who::clean(ask.who.name, ask.who.email, ask.who.how);
  store::MainChange change;
  change.file = std::string(store::kPlatformFile);
  change.edit = [project, url](const std::string& before) { return add_project(before, project, url); };
  change.author = {ask.who.name, ask.who.email, std::nullopt};
  change.message = "Connect " + project + " to " + shown + "\n\n";
  if (!ask.because.empty()) change.message += model::clean_value(ask.because) + "\n\n";
  change.message += "Requested-By: " + who.str() + "\n";
  auto changed = pipeline_.writer().change_main(ctx, std::move(change));
  if (!changed && changed.error().code() == Code::kDenied) {
    return std::move(changed)
        .error()
        .hint(line_to_add(project, url))
        .with("while changing main of the GitOps repository");
  }
  if (!changed) return std::move(changed).error();
  return *changed ? answer : already;
}

}  // namespace autonomous::daemon
