#include "daemon/pipeline/pipeline.h"

#include <algorithm>

#include "daemon/pipeline/automatic.h"
#include "daemon/pipeline/entries.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

Pipeline::Pipeline(Options options, const Clock& clock, Instances& instances)
    : options_(std::move(options)),
      clock_(clock),
      instances_(instances),
      board_(clock, bus_),
      sources_(options_.sources),
      outgoing_(
          [this](const model::Target& target, const std::string& tree) { return board_.goes_or_runs(target, tree); }),
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
  pipeline->options_.assemble.secrets = [self](const std::string& name) { return self->instances_.secrets(name); };
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
  writer.with_failure = [self](const Flight& flight) { return self->follows_failure(flight); };
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

// ---- rendering

void Pipeline::render_loop(std::stop_token stop) {
  while (auto flight = board_.take_render(stop)) {
    if (stop.stop_requested()) return;
    render_one(Ctx{stop}, *std::move(flight));
  }
}

void Pipeline::render_one(const Ctx& ctx, Flight flight) {
  Result<WishPtr> wish = flight.wish;
  if (flight.wish->app && !flight.wish->app_at.is_zero()) wish = planned_anew(*flight.wish);
  if (wish && *wish != flight.wish) board_.renew(flight.id, flight.wish = *wish);
  AssembleOptions options = options_.assemble;
  options.outgoing = &outgoing_;  // others only look
  auto made = wish ? assemble(ctx, options, *flight.wish, *board_.state())
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
    board_.not_rendered(flight.id, flight.wish, model::RenderFailed{shorten(error.text(), 800), ours});
    return;
  }
  if (!*made) {
    // It was compared with what the branch does not hold any more: it waits, and is compared again.
    bool known = board_.rewritten().empty();
    board_.not_rendered(flight.id, flight.wish, known ? model::Event(model::RenderEmpty{}) : model::Stale{});
    return;
  }
  for (const std::string& warning : (*made)->warnings) {
    for (const FollowerPtr& follower : flight.followers)
      follower->line({target, 0, "render", "warning: " + warning, Progress::Tone::kWarning});
  }
  board_.rendered(flight.id, *made);
}

Automatic Pipeline::automatic(const Flight& flight) const {
  model::Who daemon = model::Who::clean(options_.name, options_.email, "the daemon");
  return after_failure(flight, board_.flights(flight.release.target), board_.view(), *board_.state(), daemon,
                       clock_.now());
}

std::vector<model::Entry> Pipeline::follows_failure(const Flight& flight) const {
  Automatic automatic = this->automatic(flight);
  std::vector<model::Entry> out;
  if (automatic.mark) out.push_back(std::move(*automatic.mark));
  if (automatic.wish) out.push_back(ask_entry(*automatic.wish, clock_.now()));
  return out;
}

void Pipeline::release_failed(const Flight& flight) {
  const model::Target& target = flight.release.target;
  Automatic automatic = this->automatic(flight);
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
