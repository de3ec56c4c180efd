#include "daemon/pipeline/pipeline.h"

#include <algorithm>

#include "daemon/pipeline/automatic.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

// Texts of several lines (an error with its source line and caret) keep them.
void say(const FollowerPtr& follower, const std::string& text, Progress::Tone tone = Progress::Tone::kPlain,
         const std::string& step = "watch", const std::string& target = "") {
  if (!follower) return;
  for (std::string_view line : split(text, '\n')) follower->line({target, 0, step, std::string(line), tone});
}

}  // namespace

Pipeline::Pipeline(Options options, const Clock& clock, Instances& instances)
    : options_(std::move(options)),
      clock_(clock),
      instances_(instances),
      board_(clock, bus_),
      sources_(options_.sources),
      watch_(sources_, options_.watch,
             [this](const SourceRepository& source, const Result<std::vector<BranchHead>>& heads, bool fresh) {
               took(source, heads, fresh);
             }),
      pace_(options_.pace) {}

Result<std::unique_ptr<Pipeline>> Pipeline::make(Options options, const Clock& clock,
                                                 std::unique_ptr<store::Record> record, Instances& instances) {
  TRY(auto renderer, Renderer::make(options.renderer));
  auto pipeline = std::unique_ptr<Pipeline>(new Pipeline(std::move(options), clock, instances));
  Pipeline* self = pipeline.get();
  pipeline->renderer_ = std::move(renderer);
  pipeline->options_.assemble.renderer = pipeline->renderer_.get();
  pipeline->options_.assemble.config_commits = &pipeline->config_commits_;
  pipeline->options_.assemble.demands = &pipeline->demands_;
  pipeline->options_.assemble.reconciler = [self](const std::string& name) {
    return self->instances_.reconciler(name);
  };
  pipeline->options_.assemble.images = [self](const std::string& host) { return self->instances_.images(host); };
  pipeline->options_.assemble.cluster = [self](const std::string& name) { return self->instances_.cluster(name); };
  pipeline->options_.assemble.routes = &pipeline->routes_;
  pipeline->options_.verifier.reconciler = pipeline->options_.assemble.reconciler;
  pipeline->options_.verifier.cluster = [self](const std::string& name) { return self->instances_.cluster(name); };
  pipeline->options_.verifier.away = [self](const std::string& name) { return self->instances_.away(name); };
  pipeline->verifier_ = std::make_unique<Verifier>(pipeline->board_, clock, pipeline->options_.verifier);
  Writer::Options writer = pipeline->options_.writer;
  writer.on_view = [self](const PlatformPtr& view) {
    self->instances_.set_platform(view->platform);
    std::lock_guard lock(self->mutex_);
    self->look_ = true;
    self->configuration_ = self->configuration_ || !self->branches_.empty();
    self->wake_.notify_all();
  };
  writer.platform_files = [self](const PlatformView& view, const store::State& state) {
    return namespace_changes(self->options_.assemble, view, state);
  };
  writer.on_platform_files = [self](const std::vector<store::TakeOn>& written) {
    std::vector<model::Target> targets;
    for (const store::TakeOn& each : written) targets.push_back(each.target);
    self->verifier_->refresh(std::move(targets));
  };
  writer.on_released = [self] { self->verifier_->look(); };
  writer.on_released_elsewhere = [self](const std::vector<model::Target>& targets) {
    std::lock_guard lock(self->mutex_);
    for (auto& [key, branch] : self->branches_) {
      bool touched = std::any_of(targets.begin(), targets.end(),
                                 [&](const model::Target& target) { return target.project == key.first; });
      branch.again = branch.again || touched;
    }
    self->look_ = true;
    self->wake_.notify_all();
  };
  writer.on_failed = [self](const Flight& flight) { self->release_failed(flight); };
  writer.poll = pipeline->pace_.gitops;
  writer.verify_timeout = pipeline->pace_.verify_timeout;
  pipeline->writer_ = std::make_unique<Writer>(pipeline->board_, clock, std::move(record), std::move(writer));
  instances.on_change([self] { self->verifier_->look(); });
  return pipeline;
}

Pipeline::~Pipeline() { stop(); }

void Pipeline::set_public_url(const std::string& url, const std::string& gitops_url) {
  options_.sources.public_url = url;
  sources_.set_public_url(url);
  options_.assemble.gitops_url = gitops_url;
  options_.verifier.gitops_url = gitops_url;
  verifier_ = std::make_unique<Verifier>(board_, clock_, options_.verifier);
}

void Pipeline::set_pace(const Pace& pace) {
  writer_->set_pace(pace.gitops, pace.verify_timeout);
  watch_.set_pace(pace.sources, pace.jitter);
  std::lock_guard lock(mutex_);
  pace_ = pace;
}

void Pipeline::start() {
  sources_.remove_stale_locks();
  writer_->begin();
  writing_ = std::jthread([this](std::stop_token stop) { writer_->run(stop, hard_.get_token()); });
  verifying_ = std::jthread([this](std::stop_token stop) { verifier_->run(stop); });
  watch_.start();
  watcher_ = std::jthread([this](std::stop_token stop) { watch_sources(stop); });
  for (unsigned i = 0; i < std::max(1u, options_.renders); ++i) {
    workers_.emplace_back([this](std::stop_token stop) { render_loop(stop); });
  }
}

void Pipeline::stop(Millis grace) {
  watcher_.request_stop();
  for (std::jthread& worker : workers_) worker.request_stop();
  verifying_.request_stop();
  watcher_ = {};
  watch_.stop();
  workers_.clear();
  verifying_ = {};
  if (!writing_.joinable()) return;
  writing_.request_stop();
  // The batch in hand is finished, but not for ever: a timer asks harder.
  std::jthread timer([this, grace](std::stop_token done) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, done, grace, [] { return false; });
    if (!done.stop_requested()) hard_.request_stop();
  });
  writing_ = {};
  instances_.on_change(nullptr);
}

// ---- sources

void Pipeline::look_at_sources() {
  std::lock_guard lock(mutex_);
  look_ = true;
  wake_.notify_all();
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
    revive_proposals(source);
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
  auto opened = store::Reader::open(options_.assemble.repository, options_.assemble.branch);
  if (!opened) return nullptr;
  auto reader = std::make_shared<store::Reader>(*std::move(opened));
  return [reader, view](const model::Target& target) {
    auto state = reader->state();
    if (!state || !view->tree) return false;
    auto entry = reader->repository().entry((*state)->deploy, store::target_folder(target) + "/release.yaml");
    if (!entry) return false;
    auto text = reader->repository().blob(entry->oid, 1u << 20);
    auto inputs = text ? store::parse_release_yaml(*text) : Result<store::ReleaseInputs>(text.error());
    if (!inputs) return false;
    auto overlay = view->tree->stat("config/" + target.str() + ".yaml");
    return inputs->platform_blob != view->blob || inputs->overlay_blob != (overlay ? overlay->oid : "");
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

void Pipeline::say_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower) const {
  if (!follower) return;
  std::string commit = plan.source ? plan.source->id.substr(0, 7) + " " + plan.source->subject : "";
  say(follower, branch + " is at " + commit);
  if (plan.environments.empty() && plan.errors.empty()) {
    say(follower,
        "no environment is fed from " + branch + " (platform.yaml on main of the GitOps repository says which)",
        Progress::Tone::kWarning);
  }
  for (const std::string& note : plan.notes)
    say(follower, note, starts_with(note, "warning") ? Progress::Tone::kWarning : Progress::Tone::kPlain, "spec");
  for (const Skipped& skipped : plan.skipped)
    follower->line({skipped.target.str(), 0, skipped.gate, skipped.why, Progress::Tone::kPlain});
  for (const model::Target& target : plan.vanished) {
    follower->line(
        {target.str(), 0, "spec",
         "orphaned: it is gone from the spec and keeps running until `autonomous retire " + target.str() + "`",
         Progress::Tone::kWarning});
  }
  for (const auto& [environment, doubt] : plan.doubts)
    say(follower, doubt->text, Progress::Tone::kWarning, "spec", environment);
  for (const Error& error : plan.errors) say(follower, error.text(), Progress::Tone::kBad, "spec");
}

void Pipeline::apply_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower) {
  for (const Error& error : plan.errors) {
    log(Level::kWarning, error.line(),
        {{"project", plan.source ? plan.source->repository.project : ""}, {"branch", branch}});
  }
  if (!plan.errors.empty()) {
    record_failed_plan(plan);
    if (follower) {
      // The pusher hears of it as of a failed release.
      model::Target none{"", plan.source ? plan.source->repository.project : "", ""};
      follower->expect(none);
      follower->ended(none, {none.project, 0, Outcome::Verdict::kFailed,
                             std::to_string(plan.errors.size()) + (plan.errors.size() == 1 ? " error" : " errors") +
                                 " in the source; nothing of it was released"});
    }
  }
  for (const model::Target& target : plan.vanished) {
    mark(target, model::EntryType::kOrphaned,
         "it is no longer in the spec at " + plan.source->id.substr(0, 7) +
             "; it keeps running until `autonomous retire`");
  }
  for (const model::Target& target : plan.found)
    mark(target, model::EntryType::kFound, "it is in the spec again at " + plan.source->id.substr(0, 7));
  std::vector<std::shared_ptr<const Doubt>> doubts;
  for (const auto& [environment, doubt] : plan.doubts) {
    log(Level::kWarning, doubt->text, {{"project", plan.source->repository.project}, {"environment", environment}});
    doubts.push_back(doubt);
  }
  if (plan.whole) board_.set_doubts(plan.source->repository.project, plan.environments, doubts);
  for (const WishPtr& wish : plan.wishes) board_.want(wish, follower);
}

// Targets that exist learn that a commit could not be planned; a project without targets has nobody to tell.
void Pipeline::record_failed_plan(const Plan& plan) {
  if (!plan.source) return;
  store::StatePtr state = board_.state();
  std::string reason;
  for (const Error& error : plan.errors) reason += (reason.empty() ? "" : "; ") + error.line();
  for (const auto& [target, record] : state->targets) {
    if (target.project != plan.source->repository.project) continue;
    if (std::find(plan.environments.begin(), plan.environments.end(), target.environment) == plan.environments.end())
      continue;
    bool planned = std::any_of(plan.wishes.begin(), plan.wishes.end(),
                               [&](const WishPtr& wish) { return wish->target == target; }) ||
                   std::any_of(plan.skipped.begin(), plan.skipped.end(),
                               [&](const Skipped& skipped) { return skipped.target == target; });
    bool known = std::any_of(record->attempts.begin(), record->attempts.end(), [&](const model::Entry& entry) {
      return entry.type == model::EntryType::kFailed && entry.source && entry.source->commit == plan.source->id;
    });
    if (planned || known) continue;
    model::Entry entry;
    entry.type = model::EntryType::kFailed;
    entry.target = target;
    entry.time = clock_.now();
    entry.step = "spec";
    entry.trigger = model::Trigger::kPush;
    entry.source = model::SourceFact{plan.source->repository.url, plan.source->id, plan.source->ref};
    entry.subject = plan.source->subject;
    entry.author = plan.source->author.name + " <" + plan.source->author.email + ">";
    entry.reason = one_line(masked(reason), 2000);
    writer_->note(std::move(entry));
  }
}

void Pipeline::mark(const model::Target& target, model::EntryType type, const std::string& reason) {
  model::Entry entry;
  entry.type = type;
  entry.target = target;
  entry.time = clock_.now();
  entry.reason = reason;
  writer_->note(std::move(entry));
}

// ---- asked for

Result<std::vector<WishPtr>> Pipeline::want_again(const Again& again, const FollowerPtr& follower) {
  PlatformPtr view = board_.view();
  if (!view) return fail(Code::kUnavailable, "the GitOps repository was not read yet").may_retry();
  std::vector<WishPtr> wishes;
  std::vector<Error> errors;
  bool branch_found = false;
  for (const BranchView& branch : branches()) {
    if (branch.source.project != again.project || branch.gone) continue;
    TRY(git::Repository repository, git::Repository::open(branch.source.path));
    PlanInput input;
    input.source = branch.source;
    input.branch = branch.branch;
    input.default_branch = branch.is_default ? branch.branch : "";
    input.commit = branch.head;
    if (!again.commit.empty()) {
      TRY_WITH(input.commit, "while looking for the source commit " + again.commit,
               repository.find_prefix(again.commit));
      auto within = repository.is_ancestor(input.commit, branch.head);
      if (!within || !*within) continue;
    }
    branch_found = true;
    input.view = view;
    input.state = std::make_shared<store::State>();  // nothing was seen before: everything is wanted
    input.by = again.by;
    input.max_apps = options_.apps;
    Plan planned = plan(repository, input);
    errors.insert(errors.end(), planned.errors.begin(), planned.errors.end());
    for (const WishPtr& wish : planned.wishes) {
      if (!again.app.empty() && wish->target.app != again.app) continue;
      if (!again.environment.empty() && wish->target.environment != again.environment) continue;
      auto asked = std::make_shared<Wish>(*wish);
      asked->trigger = again.trigger;
      asked->because = again.because;
      asked->ticket = again.ticket;
      asked->intent = again.intent;
      asked->past_hold = again.past_hold;
      asked->decision = again.decision;
      asked->image = again.image;
      asked->moves = again.moves;
      asked->retry_of = again.retry_of;
      for (const std::string& commit : again.supersedes) {
        if (commit != asked->commit()) asked->supersedes.push_back(commit);
      }
      wishes.push_back(std::move(asked));
    }
  }
  if (!errors.empty() && wishes.empty()) return model::merge_errors(errors);
  if (!branch_found)
    return fail(Code::kNotFound, again.commit.empty()
                                     ? "the project " + again.project + " has no branch here"
                                     : "no branch of " + again.project + " has the commit " + again.commit);
  if (wishes.empty())
    return fail(Code::kNotFound, "nothing of ", again.project, again.app.empty() ? "" : "/" + again.app, " is released",
                again.environment.empty() ? "" : " to " + again.environment);
  for (const WishPtr& wish : wishes) TRY_DO(never_goes(*wish, blocked_by(*wish, *board_.state(), clock_.now())));
  if (!again.dry_run) {
    for (const WishPtr& wish : wishes) board_.want(wish, follower);
  }
  return wishes;
}

Result<WishPtr> Pipeline::plan_target(const model::Target& target, const std::string& commit,
                                      const PlatformPtr& view) const {
  std::vector<SourceRepository> sources = sources_.list(*view->platform);
  auto source = std::find_if(sources.begin(), sources.end(),
                             [&](const SourceRepository& candidate) { return candidate.project == target.project; });
  if (source == sources.end()) return fail(Code::kNotFound, "platform.yaml has no project ", target.project);
  TRY(git::Repository repository, git::Repository::open(source->path));
  PlanInput input;
  input.source = *source;
  input.view = view;
  input.state = std::make_shared<store::State>();  // nothing was seen before: it is wanted
  input.environment = target.environment;
  for (const BranchView& branch : branches()) {
    if (branch.source.project == target.project && (input.branch.empty() || branch.is_default))
      input.branch = branch.branch;
  }
  TRY(input.commit, git::Oid::parse(commit));
  Plan planned = plan(repository, input);
  for (const WishPtr& wish : planned.wishes) {
    if (wish->target == target) return wish;
  }
  if (!planned.errors.empty()) return model::merge_errors(planned.errors);
  return fail(Code::kNotFound, "the commit ", commit.substr(0, 7), " of ", target.project, " has no app ", target.app,
              " for ", target.environment);
}

Result<std::vector<WishPtr>> Pipeline::plan_everywhere(const std::string& project, const std::string& commit,
                                                       const PlatformPtr& view) const {
  std::vector<SourceRepository> sources = sources_.list(*view->platform);
  auto source = std::find_if(sources.begin(), sources.end(),
                             [&](const SourceRepository& candidate) { return candidate.project == project; });
  if (source == sources.end()) return fail(Code::kNotFound, "there is no project ", project);
  TRY(git::Repository repository, git::Repository::open(source->path));
  PlanInput input;
  input.source = *source;
  input.view = view;
  input.state = std::make_shared<store::State>();
  TRY(input.commit, repository.find_prefix(commit));
  std::vector<WishPtr> out;
  std::vector<Error> errors;
  auto bound = view->platform->projects.find(project);
  for (const auto& [name, environment] : view->platform->environments) {
    bool goes_there = environment.from.kind != model::Feed::Kind::kNothing;
    if (bound != view->platform->projects.end() && !bound->second.environments.empty()) {
      const std::vector<std::string>& own = bound->second.environments;
      goes_there = goes_there && std::find(own.begin(), own.end(), name) != own.end();
    }
    if (!goes_there) continue;
    input.environment = name;
    Plan planned = plan(repository, input);
    out.insert(out.end(), planned.wishes.begin(), planned.wishes.end());
    errors.insert(errors.end(), planned.errors.begin(), planned.errors.end());
  }
  if (out.empty() && !errors.empty()) return model::merge_errors(errors);
  return out;
}

Result<WishPtr> Pipeline::wish_of(const model::Entry& proposal, const PlatformPtr& view) const {
  auto wish = std::make_shared<Wish>();
  std::optional<model::ReleaseId> origin;
  if (!proposal.origin.empty()) {
    TRY(origin, model::ReleaseId::parse(proposal.origin));
  }
  model::Trigger trigger = proposal.trigger.value_or(model::Trigger::kRequest);
  if (proposal.source && trigger != model::Trigger::kRollback && trigger != model::Trigger::kRetire) {
    TRY(WishPtr planned, plan_target(*proposal.target, proposal.source->commit, view));
    *wish = *planned;
    auto source = std::make_shared<SourceCommit>(*planned->source);
    source->ref = proposal.source->ref;
    source->repository.url = proposal.source->url;
    wish->source = std::move(source);
  }
  wish->target = *proposal.target;
  wish->trigger = trigger;
  wish->view = view;
  wish->by = proposal.by.value_or(model::Who{});
  wish->because = proposal.because;
  wish->ticket = proposal.ticket;
  wish->intent = proposal.intent;
  wish->image = proposal.image;
  wish->retire = trigger == model::Trigger::kRetire;
  wish->past_hold = wish->retire || trigger == model::Trigger::kRollback;
  wish->proposed = true;
  if (!origin) return WishPtr(std::move(wish));
  if (trigger == model::Trigger::kRollback) {
    wish->restore = origin->number;
    wish->decision = model::Entry{};
    wish->decision->type = model::EntryType::kHold;
    wish->decision->time = clock_.now();
    wish->decision->target = wish->target;
    wish->decision->by = wish->by;
    wish->decision->because =
        wish->because.empty() ? "rolled back to release " + std::to_string(origin->number) : wish->because;
    wish->decision->ticket = wish->ticket;
  } else if (origin->target == wish->target) {
    wish->retry_of = *origin;
  } else {
    store::ReleaseRowPtr row = board_.state()->find(*origin);
    if (!row) return fail(Code::kNotFound, "there is no release ", origin->str(), " to promote");
    wish->promoted_from = *origin;
    wish->artifact = row->artifact;
    for (const model::ImageFact& image : row->images) wish->images[image.name] = image.reference;
  }
  return WishPtr(std::move(wish));
}

// Proposals that a daemon before us made wait in the ledger: they go on, ahead of what was pushed since.
void Pipeline::revive_proposals(const SourceRepository& source) {
  store::StatePtr state = board_.state();
  PlatformPtr view = board_.view();
  for (const model::Target& target : state->proposals) {
    if (target.project != source.project) continue;
    store::TargetPtr record = state->find(target);
    if (!record || !record->proposal) continue;
    const model::Entry& proposal = record->proposal->entry;
    std::vector<Flight> flights = board_.flights(target);
    bool known = std::any_of(flights.begin(), flights.end(), [&](const Flight& flight) {
      return flight.wish->intent == proposal.intent &&
             (!proposal.source || flight.wish->commit().empty() || flight.wish->commit() == proposal.source->commit);
    });
    if (known) continue;
    auto wish = wish_of(proposal, view);
    if (wish) {
      board_.want(*wish, nullptr);
    } else {
      log(Level::kWarning, "an open proposal cannot be made again; reject it, or wait for its source",
          {{"target", target.str()}, {"proposal", proposal.id}, {"error", wish.error().line()}});
    }
  }
}

// ---- rendering

void Pipeline::render_loop(std::stop_token stop) {
  while (auto flight = board_.take_render(stop)) {
    if (stop.stop_requested()) return;
    render_one(Ctx{stop}, *std::move(flight));
  }
}

// main moved since the app's configuration was put together.
Result<WishPtr> Pipeline::planned_anew(const Wish& wish) const {
  TRY(git::Repository repository, git::Repository::open(wish.source->repository.path));
  PlanInput input;
  input.source = wish.source->repository;
  input.branch = wish.source->ref.substr(std::string_view("refs/heads/").size());
  {
    std::lock_guard lock(mutex_);
    auto known = branches_.find({input.source.project, input.branch});
    if (known != branches_.end() && known->second.is_default) input.default_branch = input.branch;
  }
  TRY(input.commit, git::Oid::parse(wish.source->id));
  input.view = wish.view;
  input.state = std::make_shared<store::State>();
  input.by = wish.by;
  if (wish.promoted_from) input.environment = wish.target.environment;
  input.max_apps = options_.apps;
  Plan planned = plan(repository, input);
  for (const WishPtr& fresh : planned.wishes) {
    if (fresh->target != wish.target) continue;
    auto renewed = std::make_shared<Wish>(wish);
    renewed->app = fresh->app;
    renewed->neighbours = fresh->neighbours;
    renewed->spec_text = fresh->spec_text;
    renewed->app_at = git::Oid();
    return WishPtr(std::move(renewed));
  }
  if (!planned.errors.empty()) return model::merge_errors(planned.errors);
  return fail(Code::kConflict, wish.target.str(), " is no longer fed from ", input.branch, ", as main says now");
}

void Pipeline::render_one(const Ctx& ctx, Flight flight) {
  Result<WishPtr> wish = flight.wish;
  if (flight.wish->app && !flight.wish->app_at.is_zero()) wish = planned_anew(*flight.wish);
  if (wish && *wish != flight.wish) board_.renew(flight.id, flight.wish = *wish);
  auto made = wish ? assemble(ctx, options_.assemble, *flight.wish, *board_.state())
                   : Result<std::shared_ptr<const Assembled>>(wish.error());
  std::string target = flight.wish->target.str();
  if (!made) {
    const Error& error = made.error();
    bool ours = error.code() == Code::kUnavailable || error.retryable();
    log(Level::kWarning, "not rendered: " + shorten(error.line(), 2000),
        {{"target", target}, {"source", flight.wish->commit()}});
    // A chain of a thousand includes is a text of 100 KB; its first links and its end tell.
    std::string text = shorten(error.text(), 900);
    for (const FollowerPtr& follower : flight.followers) say(follower, text, Progress::Tone::kBad, "render", target);
    board_.post(flight.id, model::RenderFailed{shorten(error.text(), 800), ours});
    return;
  }
  if (!*made) {
    board_.post(flight.id, model::RenderEmpty{});
    return;
  }
  for (const std::string& warning : (*made)->warnings) {
    for (const FollowerPtr& follower : flight.followers)
      follower->line({target, 0, "render", "warning: " + warning, Progress::Tone::kWarning});
  }
  board_.rendered(flight.id, *made);
}

void Pipeline::release_failed(const Flight& flight) {
  const model::Target& target = flight.release.target;
  model::Who daemon = model::Who::clean(options_.name, options_.email, "the daemon");
  Automatic automatic =
      after_failure(flight, board_.flights(target), board_.view(), *board_.state(), daemon, clock_.now());
  if (automatic.mark) writer_->note(std::move(*automatic.mark));
  if (automatic.why.empty()) return;
  log(Level::kWarning, automatic.why, {{"target", target.str()}, {"release", std::to_string(flight.release.number)}});
  for (const FollowerPtr& follower : flight.followers)
    say(follower, automatic.why, Progress::Tone::kWarning, "rollback", target.str());
  if (automatic.wish) board_.want(automatic.wish, nullptr);
}

// ---- looking

std::vector<BranchView> Pipeline::branches() const {
  std::lock_guard lock(mutex_);
  std::vector<BranchView> out;
  for (const auto& [key, view] : branches_) out.push_back(view);
  return out;
}

std::vector<SourceRepository> Pipeline::projects() const {
  PlatformPtr view = board_.view();
  return view ? sources_.list(*view->platform) : std::vector<SourceRepository>{};
}

std::string Pipeline::source_trouble(const std::string& project) const {
  std::lock_guard lock(mutex_);
  auto found = troubles_.find(project);
  return found == troubles_.end() ? "" : found->second;
}

}  // namespace autonomous::daemon
