// One daemon of the simulation: the real board and writer, and in short what pipeline, service and verifier do around
// them.
#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/news.h"
#include "gitops/base/digest.h"
#include "tests/fault/simulation/world.h"

namespace autonomous::fault {

using model::Entry;
using model::EntryType;

namespace {

std::stop_token stopped() {
  static std::stop_source source = [] {
    std::stop_source made;
    made.request_stop();
    return made;
  }();
  return source.get_token();
}

// What a pusher is told must be in the ledger when it is told.
class Pusher final : public daemon::ProgressSink {
 public:
  explicit Pusher(World& world) : world_(world) {}
  void progress(const daemon::Progress&) override {}
  void done(const std::vector<daemon::Outcome>& outcomes) override {
    world_.checker.check(world_.forge.ledger);
    for (const daemon::Outcome& outcome : outcomes) {
      if (outcome.verdict != daemon::Outcome::Verdict::kDone || outcome.release == 0) continue;
      auto target = Target::parse(outcome.target);
      if (!target || !world_.checker.has_outcome(*target, outcome.release))
        throw Violation("a pusher was told of " + outcome.target + "/" + std::to_string(outcome.release) +
                        ", whose outcome is not in the ledger");
    }
  }

 private:
  World& world_;
};

}  // namespace

Daemon::Daemon(World& world, uint64_t) : world_(world), board_(world.clock, bus_) {
  daemon::Writer::Options options;
  options.poll = Millis(0);
  options.tidy_every = UINT64_MAX;
  options.verify_timeout = Millis(600'000);
  options.view_at = [this](const git::Oid& main, const daemon::PlatformPtr&) { return view_at(main); };
  options.on_view = [this](const daemon::PlatformPtr&) {
    for (const auto& [project, head] : planned_) plan_again_[project] = true;
  };
  options.on_released_elsewhere = [this](const std::vector<Target>& targets) {
    for (const Target& target : targets) planned_.erase(target.project);
  };
  writer_ = std::make_unique<daemon::Writer>(
      board_, world.clock, std::make_unique<FakeRecord>(world.forge, world.clock), std::move(options));
}

daemon::PlatformPtr Daemon::view_at(const git::Oid& main) {
  auto view = std::make_shared<daemon::PlatformView>();
  view->commit = view->tip = main;
  view->blob = main.hex();
  view->platform = world_.platform();
  return view;
}

// ---- as daemon/pipeline/planner.cc and pipeline.cc

std::optional<model::Trigger> Daemon::news(const Project& project, const Target& target, bool configuration,
                                           bool first) {
  using model::Trigger;
  auto state = board_.state()->find(target);
  if (!state || !state->live()) {
    if (configuration) return Trigger::kConfiguration;
    if (!state) return Trigger::kPush;
  }
  std::optional<Trigger> again = configuration ? std::optional(Trigger::kConfiguration) : std::nullopt;
  auto head = git::Oid::parse(project.commits.back().id);
  if (head && daemon::failed_before(*state, *head)) return again;
  std::string base = daemon::released_source(state.get());
  if (base.empty()) return Trigger::kPush;
  for (size_t i = project.at(base); i < project.commits.size(); ++i) {
    if (project.commits[i].apps.contains(target.app)) return Trigger::kPush;
  }
  if (again) return again;
  // main moved while no daemon looked.
  auto live = state->live();
  bool otherwise =
      first && live && world_.configured_with[live->target_tree] != world_.overlay(target, board_.view()->commit);
  return otherwise ? std::optional(Trigger::kConfiguration) : std::nullopt;
}

daemon::WishPtr Daemon::wish_for(const Target& target, model::Trigger trigger, const std::string& intent) {
  const Project& project = world_.project(target.project);
  if (project.commits.empty() || !board_.view()) return nullptr;
  auto source = std::make_shared<daemon::SourceCommit>();
  source->repository.project = project.name;
  source->repository.url = "https://git.example.com/" + project.name + ".git";
  source->id = project.commits.back().id;
  source->ref = "refs/heads/main";
  source->subject = "Change " + source->id.substr(0, 7);
  source->author = {"Jane Doe", "jane@example.com", 0, 0};
  auto wish = std::make_shared<daemon::Wish>();
  wish->target = target;
  wish->trigger = trigger;
  wish->source = source;
  wish->view = board_.view();
  wish->by = model::Who{"Jane Doe", "jane@example.com", "commit, unverified"};
  wish->intent = intent;
  return wish;
}

void Daemon::plan(Project& project, bool configuration, const daemon::FollowerPtr& follower) {
  if (project.commits.empty() || !board_.view()) return;
  bool first = !planned_.contains(project.name);
  planned_[project.name] = project.commits.back().id;
  for (const std::string& environment : kEnvironments) {
    for (const std::string& app : kApps) {
      Target target{environment, project.name, app};
      bool exists = std::any_of(project.commits.begin(), project.commits.end(),
                                [&](const SourceChange& change) { return change.apps.contains(app); });
      auto trigger = exists ? news(project, target, configuration, first) : std::nullopt;
      if (trigger) board_.want(wish_for(target, *trigger, ""), follower);
    }
  }
}

void Daemon::look(Project& project) {
  bool configuration = std::exchange(plan_again_[project.name], false);
  auto known = planned_.find(project.name);
  bool same = known != planned_.end() && !project.commits.empty() && known->second == project.commits.back().id;
  if (same && !configuration) return;
  plan(project, configuration, nullptr);
}

void Daemon::hear_of_push(Project& project) {
  auto follower = std::make_shared<daemon::Follower>(std::make_shared<Pusher>(world_));
  plan(project, false, follower);
  follower->complete();
}

// ---- as daemon/pipeline/assemble.cc

void Daemon::take_render() {
  if (auto flight = board_.take_render(stopped())) rendering_.push_back({*flight, board_.state()});
}

void Daemon::finish_render(bool smoothly) {
  if (rendering_.empty()) return;
  size_t which = smoothly ? 0 : world_.random(static_cast<uint32_t>(rendering_.size()));
  Rendering rendering = rendering_[which];
  rendering_.erase(rendering_.begin() + static_cast<std::ptrdiff_t>(which));
  const daemon::Wish& wish = *rendering.flight.wish;
  uint64_t id = rendering.flight.id;
  if (!smoothly && world_.chance(12)) {
    ++world_.faults;
    return board_.post(id, model::RenderFailed{"a worker died", true});
  }
  auto state = rendering.state->find(wish.target);
  auto out = std::make_shared<daemon::Assembled>();
  store::Draft& draft = out->draft;
  draft.target = wish.target;
  draft.trailers.trigger = wish.trigger;
  draft.trailers.requested_by = wish.by;
  draft.trailers.policy = model::PolicyFact{wish.view->commit.hex(), wish.view->blob};
  draft.intent = wish.intent;
  draft.artifact = daemon::artifact_of(wish);
  draft.on_number = state ? state->last_number : 0;
  draft.on_main = wish.view->tip.hex();
  draft.past_hold = wish.past_hold;
  draft.hold = wish.decision;
  draft.even_unchanged = wish.retry_of.has_value();
  if (wish.restore) {
    draft.restore = wish.restore;
    auto row = state ? state->find(*wish.restore) : nullptr;
    if (!row) return board_.post(id, model::RenderFailed{"no such release", false});
    draft.artifact = row->artifact;
    out->tree = row->target_tree.hex();
    if (!row->source_commit.empty())
      draft.trailers.source = model::SourceFact{row->source_url, row->source_commit, row->source_ref};
    draft.trailers.input_digest = row->input_digest;
  } else {
    const Project& project = world_.project(wish.target.project);
    if (project.commits.at(project.at(wish.commit()) - 1).broken)
      return board_.not_rendered(id, rendering.flight.wish,
                                 model::RenderFailed{"a template that does not parse", false});
    std::string content = world_.content(wish.target, wish.commit(), wish.view->commit);
    draft.files = {{"values.yaml", content}};
    out->tree = oid_of("tree values.yaml\n" + content + "\n").hex();
    world_.configured_with[oid_of("tree values.yaml\n" + content + "\n")] =
        world_.overlay(wish.target, wish.view->commit);
    draft.trailers.source = model::SourceFact{wish.source->repository.url, wish.commit(), wish.source->ref};
    Sha256 digest;
    draft.trailers.input_digest = "sha256:" + digest.add_field(content).add_field(wish.view->blob).finish_hex();
    bool same = state && state->live() && state->live()->target_tree == oid_of("tree values.yaml\n" + content + "\n");
    if (wish.trigger == model::Trigger::kConfiguration && same)
      return board_.not_rendered(id, rendering.flight.wish, model::RenderEmpty{});
  }
  board_.rendered(id, std::move(out));
}

// ---- writing and verifying

void Daemon::cycle() {
  writer_->cycle(Ctx{});
  answer_decisions();
}

void Daemon::decide(Entry entry, std::function<void()> then) {
  entry.by = model::Who{"Oncall", "oncall@example.com", "socket uid 1000"};
  entry.time = world_.clock.now();
  std::future<Result<void>> answer = writer_->submit({entry});
  deciding_.push_back({std::move(entry), std::move(answer), std::move(then)});
}

void Daemon::answer_decisions() {
  std::vector<Deciding> answered;
  for (auto at = deciding_.begin(); at != deciding_.end();) {
    bool ready = at->answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    if (ready) answered.push_back(std::move(*at));
    at = ready ? deciding_.erase(at) : at + 1;
  }
  for (Deciding& decision : answered) {
    if (!decision.answer.get()) continue;
    world_.checker.check(world_.forge.ledger);
    if (!world_.checker.has_decision(decision.entry))
      throw Violation("somebody was told that their " + std::string(model::entry_type_name(decision.entry.type)) +
                      " is written down, and the ledger does not have it");
    if (decision.then) decision.then();
  }
}

void Daemon::verify(bool smoothly) {
  for (const daemon::Flight& flight : board_.verifying()) {
    auto state = board_.state()->find(flight.release.target);
    auto row = state ? state->find(flight.release.number) : nullptr;
    if (!row) continue;
    if (row != state->live()) {
      board_.post(flight.id, model::Verified{model::Outcome::kSuperseded, "a newer one came"});
    } else if (model::next_step(flight.release, world_.clock.now()) == model::Step::kGiveUp) {
      board_.post(flight.id, model::Verified{model::Outcome::kFailed, "not live by the deadline"});
    } else if (smoothly || world_.chance(50)) {
      bool healthy = smoothly || world_.chance(80);
      board_.post(flight.id, model::Verified{healthy ? model::Outcome::kHealthy : model::Outcome::kFailed, "looked"});
    } else {
      board_.post(flight.id, model::Seen{"pod web-1: ContainerCreating"});
    }
  }
}

bool Daemon::quiet() {
  if (!rendering_.empty() || !deciding_.empty() || !board_.unrecorded().empty()) return false;
  for (const std::string& environment : kEnvironments) {
    for (const Project& project : world_.projects) {
      for (const std::string& app : kApps) {
        for (const daemon::Flight& flight : board_.flights({environment, project.name, app})) {
          bool waits = flight.release.phase == model::Phase::kQueued && !flight.release.blocked.empty();
          if (!waits) return false;
        }
      }
    }
  }
  return true;
}

std::string Daemon::waiting() {
  std::string out;
  for (const std::string& environment : kEnvironments) {
    for (const Project& project : world_.projects) {
      for (const std::string& app : kApps) {
        for (const daemon::Flight& flight : board_.flights({environment, project.name, app}))
          out += "\n  " + flight.release.target.str() + " " + std::string(model::phase_name(flight.release.phase)) +
                 " " + flight.wish->commit().substr(0, 7) + " " + flight.wish->intent + " " + flight.release.blocked +
                 " " + flight.release.note;
      }
    }
  }
  return out;
}

}  // namespace autonomous::fault
