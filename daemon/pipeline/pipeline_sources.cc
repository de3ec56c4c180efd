// Sources: looking at them, and what a head that moved means.
#include <algorithm>

#include "daemon/pipeline/pipeline.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"
#include "gitops/git/pushed.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

void Pipeline::look_at_sources() {
  std::lock_guard lock(mutex_);
  look_ = true;
  wake_.notify_all();
}

std::vector<std::string> Pipeline::moved_elsewhere(const std::vector<std::string>& places) {
  auto is_named = [&](const std::string& url) {
    return !url.empty() && std::find(places.begin(), places.end(), git::place_of(url)) != places.end();
  };
  std::vector<std::string> names;
  for (const SourceRepository& source : projects()) {
    if (!is_named(source.remote)) continue;
    watch_.hint(source.project);
    names.push_back(source.project);
  }
  if (is_named(options_.gitops_remote)) {
    writer_->suggest_look();
    names.emplace_back("gitops");
  }
  return names;
}

Result<void> Pipeline::look_now(const Ctx& ctx, const std::string& project) {
  for (const SourceRepository& source : projects()) {
    if (source.project == project) return source.hosted() ? ok() : watch_.look_now(ctx, project);
  }
  return ok();
}

// Hosted ones are read here, when something may have changed; their pushes are told. Those elsewhere are the watch's.
void Pipeline::watch_sources(std::stop_token stop) {
  while (!stop.stop_requested()) {
    bool configuration = false, asked = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, pace_.sources, [this] { return look_; });
      asked = std::exchange(look_, false);
      configuration = std::exchange(configuration_, false);
    }
    PlatformPtr view = board_.view();
    if (!view) continue;
    {
      std::lock_guard planning(planning_);
      revive(nullptr);
    }
    std::vector<SourceRepository> elsewhere;
    for (const SourceRepository& source : sources_.list(*view->platform)) {
      if (stop.stop_requested()) return;
      if (source.hosted()) took(source, sources_.hosted_heads(source), configuration);
      else elsewhere.push_back(source);
    }
    watch_.set(elsewhere);
    if (asked) watch_.look(configuration);
  }
}

// Heads of a source, all of them, or why they cannot be had.
void Pipeline::took(const SourceRepository& source, const Result<std::vector<BranchHead>>& heads, bool configuration) {
  std::string trouble =
      heads ? "" : heads.error().line() + (heads.error().hint().empty() ? "" : "; " + heads.error().hint());
  trouble = masked(trouble);
  {
    std::lock_guard lock(mutex_);
    std::string& known = troubles_[source.project];
    if (known != trouble) {
      log(trouble.empty() ? Level::kInfo : Level::kWarning,
          trouble.empty() ? "the source answers again" : "the source cannot be read",
          {{"project", source.project}, {"error", trouble}});
    }
    known = trouble;
  }
  if (!heads) return;
  note_gone(source, *heads);
  process(source, *heads, {}, nullptr, configuration);
}

// Branches that were there and are no more. Nothing is taken away for it: vanishing is not deletion.
void Pipeline::note_gone(const SourceRepository& source, const std::vector<BranchHead>& heads) {
  std::lock_guard lock(mutex_);
  for (auto& [key, view] : branches_) {
    if (key.first != source.project) continue;
    bool there = std::any_of(heads.begin(), heads.end(),
                             [&, name = key.second](const BranchHead& head) { return head.branch == name; });
    if (!there && !view.gone)
      log(Level::kWarning, "a branch of the source was deleted; what it released keeps running",
          {{"project", source.project}, {"branch", key.second}, {"was", view.head.hex()}});
    view.gone = !there;
  }
}

void Pipeline::source_pushed(const Push& push, const FollowerPtr& follower) {
  PlatformPtr view = board_.view();
  std::vector<SourceRepository> all = view ? sources_.list(*view->platform) : std::vector<SourceRepository>{};
  auto source = std::find_if(all.begin(), all.end(),
                             [&](const SourceRepository& candidate) { return candidate.project == push.project; });
  if (source == all.end()) {
    say(follower, "the project " + push.project + " is not known yet; it will be looked at soon",
        Progress::Tone::kWarning);
    look_at_sources();
    if (follower) follower->complete();
    return;
  }
  model::Who by = model::Who::clean(push.who.name, push.who.email, push.who.how);
  auto heads = sources_.hosted_heads(*source);
  if (heads) {
    std::vector<BranchHead> pushed;
    for (const RefUpdate& update : push.updates) {
      bool deleted = update.new_oid.find_first_not_of('0') == std::string::npos;
      if (deleted)
        say(follower, one_line(update.ref) + " was deleted; what it released keeps running", Progress::Tone::kWarning);
      for (const BranchHead& head : *heads) {
        if ("refs/heads/" + head.branch == update.ref) pushed.push_back(head);
      }
    }
    if (pushed.empty()) say(follower, "nothing to release: no branch was pushed");
    process(*source, pushed, by, follower, false);
  } else {
    say(follower, heads.error().text(), Progress::Tone::kBad);
  }
  if (follower) follower->complete();
}

void Pipeline::process(const SourceRepository& source, const std::vector<BranchHead>& heads, const model::Who& by,
                       const FollowerPtr& follower, bool configuration) {
  std::string default_branch;
  for (const BranchHead& head : heads) {
    if (head.is_default) default_branch = head.branch;
  }
  {
    std::lock_guard planning(planning_);
    revive(&source);
  }
  for (const BranchHead& head : heads) {
    std::lock_guard planning(planning_);
    bool first = false;
    git::Oid before;
    {
      std::lock_guard lock(mutex_);
      BranchView& view = branches_[{source.project, head.branch}];
      bool known = view.plan && view.head == head.commit && !view.again;
      if (known && !configuration && !follower) continue;
      first = !view.plan;
      view.again = false;
      before = view.head;
      view.source = source;
      view.branch = head.branch;
      view.is_default = head.is_default;
      view.head = head.commit;
    }
    PlanInput input;
    input.source = source;
    input.branch = head.branch;
    input.default_branch = default_branch.empty() && head.is_default ? head.branch : default_branch;
    input.commit = head.commit;
    input.view = board_.view();
    input.state = board_.state();
    input.by = by;
    input.max_apps = options_.apps;
    input.configuration = configuration;
    if (input.view) input.configured_by = configured_by(input.view);
    if (first && input.view) input.configured_otherwise = configured_otherwise(input.view);
    // What is released from a commit must not outlast the commit: after a power cut its branch would look rewound.
    if (source.hosted()) {
      if (auto synced = git::sync_pushed(source.path, {"refs/heads/" + head.branch}); !synced) {
        say(follower, synced.error().text(), Progress::Tone::kBad);
        std::lock_guard lock(mutex_);
        branches_[{source.project, head.branch}].again = true;
        continue;
      }
    }
    auto repository = git::Repository::open(source.path);
    if (!repository) {
      say(follower, repository.error().text(), Progress::Tone::kBad);
      continue;
    }
    auto planned = std::make_shared<Plan>(plan(*repository, input));
    if (source_is_damaged(source, *planned)) continue;
    if (!before.is_zero() && before != head.commit) {
      auto descends = repository->is_ancestor(before, head.commit);
      if (!descends || !*descends) {
        planned->notes.push_back("warning: " + head.branch + " was rewritten: it does not descend from " +
                                 before.short_hex() + " any more");
        log(Level::kWarning, "a branch of the source was rewritten",
            {{"project", source.project}, {"branch", head.branch}, {"was", before.hex()}, {"is", head.commit.hex()}});
      }
    }
    {
      std::lock_guard lock(mutex_);
      branches_[{source.project, head.branch}].plan = planned;
    }
    say_plan(*planned, head.branch, follower);
    apply_plan(*planned, head.branch, follower);
  }
}

// main may have moved while no daemon looked. release.yaml says what a release was made with; what cannot be read there
// is no reason to release.
std::function<bool(const model::Target&)> Pipeline::configured_otherwise(const PlatformPtr& view) const {
  auto opened = git::Repository::open(options_.assemble.repository);
  if (!opened) return nullptr;
  auto gitops = std::make_shared<const git::Repository>(*std::move(opened));
  return [gitops, view, deploy = board_.state()->deploy](const model::Target& target) {
    if (!view->tree) return false;
    auto entry = gitops->entry(deploy, store::target_folder(target) + "/release.yaml");
    if (!entry) return false;
    auto text = gitops->blob(entry->oid, 1u << 20);
    auto inputs = text ? store::parse_release_yaml(*text) : Result<store::ReleaseInputs>(text.error());
    if (!inputs) return false;
    auto overlay = view->tree->stat("config/" + target.str() + ".yaml");
    return inputs->platform_blob != view->blob || inputs->overlay_blob != (overlay ? overlay->oid : "");
  };
}

std::function<std::vector<ConfigChange>(const model::Target&, const Neighbours&)> Pipeline::configured_by(
    const PlatformPtr& view) const {
  auto opened = git::Repository::open(options_.assemble.repository);
  if (!opened) return nullptr;
  auto gitops = std::make_shared<const git::Repository>(*std::move(opened));
  return [gitops, view, state = board_.state()](const model::Target& target, const Neighbours& neighbours) {
    store::TargetPtr record = state->find(target);
    store::ReleaseRowPtr live = record ? record->live() : nullptr;
    return config_changes(*gitops, live.get(), *view, target, neighbours);
  };
}

// A mirror that cannot be read is a cache that is made again; the record of a hosted source is not ours to touch.
bool Pipeline::source_is_damaged(const SourceRepository& source, const Plan& plan) {
  bool damaged = std::any_of(plan.errors.begin(), plan.errors.end(),
                             [](const Error& error) { return error.code() == Code::kCorrupt; });
  if (!damaged || source.hosted()) return false;
  {
    std::lock_guard lock(mutex_);
    if (!remade_.insert(source.path).second) return false;  // once: what is wrong is not the mirror
  }
  log(Level::kWarning, "the mirror is corrupt and is made again",
      {{"project", source.project}, {"error", plan.errors.front().line()}});
  if (auto gone = sources_.discard(source); !gone)
    log(Level::kError, "the mirror cannot be removed", {{"project", source.project}, {"error", gone.error().line()}});
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, view] : branches_) {
      if (key.first == source.project) view.plan = nullptr;
    }
  }
  look_at_sources();
  return true;
}

}  // namespace autonomous::daemon
