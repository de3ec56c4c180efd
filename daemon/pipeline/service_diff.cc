// What a source commit would change, rendered, for each environment; and how two releases differ: resource by resource.
#include <algorithm>
#include <map>

#include "daemon/pipeline/service.h"
#include "daemon/pipeline/volume_changes.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "gitops/git/program.h"
#include "gitops/model/detect.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

namespace {

using Files = std::map<std::string, std::string>;

constexpr uint64_t kMaxDiffed = 64u << 20;

Result<Files> read_all(const FileTree& tree) {
  TRY(auto entries, tree.list());
  Files files;
  for (const FileEntry& entry : entries) {
    TRY(files[entry.path], tree.read(entry.path, kMaxDiffed));
  }
  return files;
}

Result<std::string> unified_diff(const Ctx& ctx, const git::GitProgram& git, const Files& before, const Files& after) {
  TRY(TempFolder folder, TempFolder::make("autonomous-diff"));
  for (const auto& [side, files] : {std::pair("a", &before), std::pair("b", &after)}) {
    for (const auto& [path, content] : *files) {
      std::string full = folder.path() + "/" + side + "/" + path;
      TRY_DO(make_folders(full.substr(0, full.rfind('/'))));
      TRY_DO(write_file(full, content));
    }
    TRY_DO(make_folders(folder.path() + "/" + side));
  }
  git::GitCall call;
  call.args = {"-C", folder.path(), "diff", "--no-index", "--no-color", "--no-ext-diff", "--no-prefix", "--", "a", "b"};
  TRY(ChildResult result, git::run_git(ctx, git, call));
  if (result.status > 1) return fail(Code::kInternal, "git diff: ", one_line(result.err));
  return result.out;
}

// "Deployment/web" of a manifest, or the file's own name.
std::string resource_of(const std::string& path, const std::string& text) {
  if (!starts_with(path, "manifests/")) return path;
  auto resources = app::split_manifests(text, path);
  if (!resources || resources->size() != 1) return path;
  return resources->front().kind + "/" + resources->front().name;
}

// The part of a unified diff from its first hunk on.
std::string hunks_of(const std::string& text) {
  size_t at = text.find("\n@@ ");
  return at == std::string::npos ? "" : text.substr(at + 1);
}

}  // namespace

Result<void> Service::compare(const Ctx& ctx, const Files& before, const Files& after, DiffAnswer& out) const {
  for (const auto& [path, content] : before) {
    auto now = after.find(path);
    if (now == after.end()) out.changed.push_back("D " + path);
    else if (now->second != content) out.changed.push_back("M " + path);
  }
  for (const auto& [path, content] : after) {
    if (!before.contains(path)) out.changed.push_back("A " + path);
  }
  const git::GitProgram& git = pipeline_.options().sources.git;
  for (const std::string& change : out.changed) {
    std::string path = change.substr(2);
    bool added = change[0] == 'A';
    const std::string& content = added ? after.at(path) : before.at(path);
    Files one_before, one_after;
    if (!added) one_before[path] = content;
    if (change[0] != 'D') one_after[path] = after.at(path);
    TRY(std::string text, unified_diff(ctx, git, one_before, one_after));
    out.text += text;
    out.resources.push_back({resource_of(path, content),
                             added              ? "added"
                             : change[0] == 'D' ? "removed"
                                                : "changed",
                             path, hunks_of(text)});
  }
  return ok();
}

// What becomes of volumes and of fields that nobody may change; before release.yaml is left out of the comparison.
Result<void> Service::foresee(const Files& before, const Files& after, DiffAnswer& out) const {
  TRY(ChangePlan plan, plan_change(MemoryTree(before), after, kMaxDiffed));
  out.steps = std::move(plan.steps);
  for (const Error& error : plan.refused) out.refused.push_back(error.text());
  return ok();
}

Result<Files> Service::files_of(const Ctx& ctx, const DiffRequest& request, const Known& known, uint32_t number) {
  if (number != 0) {
    TRY(store::Reader reader, store::Reader::open(options_.gitops, options_.branch));
    TRY(auto tree, reader.files({known.target, number}));
    return read_all(*tree);
  }
  Pipeline::Again again;
  again.project = known.target.project;
  again.app = known.target.app;
  again.environment = known.target.environment;
  again.image = request.image;
  again.intent = "diff";
  again.dry_run = true;
  TRY(std::vector<WishPtr> wishes, pipeline_.want_again(ctx, again, nullptr));
  return rendered(ctx, *wishes.front());
}

Result<Files> Service::rendered(const Ctx& ctx, const Wish& wish) {
  AssembleOptions options = pipeline_.options().assemble;
  // As if it had never been released, so that what changes nothing is rendered too; but under the names that it has.
  store::State state = *pipeline_.board().state();
  if (store::TargetPtr record = state.find(wish.target)) {
    auto fresh = std::make_shared<store::TargetState>();
    fresh->target = wish.target;
    fresh->moved = record->moved;
    fresh->moved_away = record->moved_away;
    state.targets[wish.target] = fresh;
  }
  TRY(auto made, assemble(ctx, options, wish, state));
  return made->draft.files;
}

// At a moment: what ran then, against what runs now or a release.
Result<DiffAnswer> Service::diff(const Ctx& ctx, const DiffRequest& request) {
  TRY(Known known, this->known(request.target));
  auto live = known.state->live();
  uint32_t from = request.from != 0 ? request.from : live ? live->number : 0;
  uint32_t to = request.to;
  if (request.at) {
    store::TargetPtr then = pipeline_.board().state()->at(*request.at)->find(known.target);
    if (!then || !then->live())
      return fail(Code::kNotFound, known.target.str(), " had no release at ", format_time(*request.at));
    from = then->live()->number;
    if (to == 0 && live) to = live->number;
  }
  Files before;
  if (from != 0) {
    TRY(before, files_of(ctx, request, known, from));
  }
  TRY(auto after, files_of(ctx, request, known, to));
  DiffAnswer out;
  out.target = known.target.str();
  out.from = from == 0 ? "nothing" : "release " + std::to_string(from);
  out.to = to == 0 ? "now" : "release " + std::to_string(to);
  TRY_DO(foresee(before, after, out));
  TRY_DO(compare(ctx, before, after, out));
  return out;
}

Result<std::vector<DiffAnswer>> Service::diff_source(const Ctx& ctx, const SourceDiffRequest& request) {
  PlatformPtr view = pipeline_.board().view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  TRY(std::vector<WishPtr> wishes, pipeline_.plan_everywhere(request.project, request.commit, view));
  std::vector<DiffAnswer> out;
  store::StatePtr state = pipeline_.board().state();
  for (const WishPtr& wish : wishes) {
    if (!request.app.empty() && wish->target.app != request.app) continue;
    if (!request.environment.empty() && wish->target.environment != request.environment) continue;
    store::TargetPtr record = state->find(wish->target);
    auto live = record ? record->live() : nullptr;
    DiffAnswer answer;
    answer.target = wish->target.str();
    answer.from = live ? "release " + std::to_string(live->number) : "nothing";
    answer.to = wish->commit().substr(0, 7) + " " + wish->source->subject;
    Files before;
    if (live) {
      TRY(store::Reader reader, store::Reader::open(options_.gitops, options_.branch));
      TRY(auto tree, reader.files({wish->target, live->number}));
      TRY(before, read_all(*tree));
    }
    auto after = rendered(ctx, *wish);
    if (!after) {
      answer.error = after.error().text();  // one environment's trouble does not hide the others
    } else {
      TRY_DO(foresee(before, *after, answer));
      before.erase("release.yaml");  // another commit is no difference of what runs
      after->erase("release.yaml");
      TRY_DO(compare(ctx, before, *after, answer));
    }
    out.push_back(std::move(answer));
  }
  if (out.empty())
    return fail(Code::kNotFound, "the commit ", request.commit, " of ", request.project, " is about no app",
                request.app.empty() ? "" : " " + request.app,
                request.environment.empty() ? "" : " of " + request.environment);
  return out;
}

}  // namespace autonomous::daemon
