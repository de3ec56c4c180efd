#include "tests/fault/simulation/world.h"

#include <algorithm>
#include <cstdio>

#include "gitops/store/foreign.h"

namespace autonomous::fault {

using model::Entry;
using model::EntryType;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::string_view kPlatform =
    "version: 1\n"
    "environments:\n"
    "  dev: {from: branch main}\n"
    "  prod: {from: branch main}\n";

constexpr size_t kPatience = 2000;  // rounds until everything has come to rest

}  // namespace

size_t Project::at(const std::string& id) const {
  for (size_t i = 0; i < commits.size(); ++i) {
    if (commits[i].id == id) return i + 1;
  }
  return 0;
}

World::World(uint32_t seed, bool told) : clock(parse_time("2026-11-23T20:00:00Z").value()), random_(seed), told_(told) {
  auto parsed = model::parse_platform(kPlatform);
  platform_ = std::shared_ptr<const model::Platform>(std::move(parsed.value));
  projects = {{"shop", {}}, {"blog", {}}};
  forge.before_push = [this] {
    if (calm_) return Forge::Fault::kNone;
    uint32_t luck = random(100);
    if (luck < 9) ++faults;
    if (luck < 3) throw Crash{};
    return luck < 6 ? Forge::Fault::kLostRequest : luck < 9 ? Forge::Fault::kLostAnswer : Forge::Fault::kNone;
  };
  forge.after_push = [this] {
    if (calm_ || !chance(3)) return;
    ++faults;
    throw Crash{};
  };
  forge.refuses = [this](const store::Draft&) { return !calm_ && chance(2); };
  daemons_.push_back(std::make_unique<Daemon>(*this, serial_++));
}

void World::say(const std::string& text) {
  if (told_) std::printf("%s  %s\n", format_time(clock.now()).c_str(), text.c_str());
}

Project& World::project(const std::string& name) {
  return *std::find_if(projects.begin(), projects.end(), [&](const Project& project) { return project.name == name; });
}

std::string World::overlay(const Target& target, const git::Oid& main) const {
  auto at = overlays_.find(main);
  if (at == overlays_.end()) return "";
  auto found = at->second.find(target);
  return found == at->second.end() ? "" : found->second;
}

std::string World::content(const Target& target, const std::string& commit, const git::Oid& main) const {
  const Project& of = *std::find_if(projects.begin(), projects.end(),
                                    [&](const Project& project) { return project.name == target.project; });
  std::string version = "none";
  for (size_t i = 0; i < of.at(commit); ++i) {
    if (of.commits[i].apps.contains(target.app)) version = of.commits[i].id;
  }
  return "version: " + version + "\noverlay: " + overlay(target, main);
}

Target World::any_target() { return {kEnvironments[random(2)], projects[random(2)].name, kApps[random(2)]}; }

// A daemon that dies is started again, at once or after others did something.
void World::guarded(size_t which, const std::function<void(Daemon&)>& what) {
  try {
    what(*daemons_[which]);
  } catch (const Crash&) {
    say("daemon " + std::to_string(which) + " dies");
    daemons_[which].reset();
    daemons_[which] = std::make_unique<Daemon>(*this, serial_++);
  }
}

// ---- what happens

void World::push() {
  Project& project = projects[random(2)];
  SourceChange change;
  change.id = oid_of("source " + std::to_string(serial_++)).hex();
  change.apps.insert(kApps[random(2)]);
  if (chance(30)) change.apps = {kApps.begin(), kApps.end()};
  change.broken = chance(8);
  project.commits.push_back(change);
  say("push of " + project.name + " " + change.id.substr(0, 7) + (change.broken ? " (broken)" : ""));
  // What tells of it is lost, doubled, or a storm; it comes at once, or later and in another order.
  uint32_t told = chance(4) ? 30 : random(3);
  hints_.insert(hints_.end(), told, project.name);
  if (chance(50)) hear();
}

void World::hear() {
  if (hints_.empty()) return;
  auto hint = hints_.begin() + random(static_cast<uint32_t>(hints_.size()));
  std::string name = *hint;
  hints_.erase(hint);
  size_t which = random(static_cast<uint32_t>(daemons_.size()));
  guarded(which, [&](Daemon& daemon) { daemon.hear_of_push(project(name)); });
}

void World::act() {
  size_t which = random(static_cast<uint32_t>(daemons_.size()));
  Daemon& daemon = *daemons_[which];
  Target target = any_target();
  auto state = daemon.board().state()->find(target);
  auto live = state ? state->live() : nullptr;
  Entry entry;
  entry.target = target;
  std::string intent = "ask-" + std::to_string(serial_++);
  auto resume = [&daemon, target, intent] {
    if (auto wish = daemon.wish_for(target, model::Trigger::kRequest, intent)) daemon.want(wish);
  };
  uint32_t what = random(8);
  static const char* names[] = {"hold", "resume", "rollback", "retry", "mark-bad", "unmark", "freeze", "unfreeze"};
  say(std::string(names[what]) + " " + target.str());
  switch (what) {
    case 0:
      entry.type = EntryType::kHold;
      if (live) entry.number = live->number;
      if (chance(50)) entry.until = clock.now() + seconds(1 + random(7200));
      return daemon.decide(entry);
    case 1:
      if (!state || !state->hold_in_force(clock.now())) return;
      entry.type = EntryType::kResume;
      daemon.board().cancel_pending(target, "resumed");
      return daemon.decide(entry, resume);
    case 2: {
      auto goal = live ? state->last_good(live->number) : nullptr;
      if (!goal || goal->target_tree == live->target_tree) return;
      auto wish = std::make_shared<daemon::Wish>();
      wish->target = target;
      wish->trigger = model::Trigger::kRollback;
      wish->view = daemon.board().view();
      wish->by = model::Who{"Oncall", "oncall@example.com", "socket uid 1000"};
      wish->intent = intent;
      wish->restore = goal->number;
      wish->past_hold = true;
      Entry hold;
      hold.type = EntryType::kHold;
      hold.target = target;
      hold.by = model::Who{"Oncall", "oncall@example.com", "socket uid 1000"};
      hold.time = clock.now();
      wish->decision = hold;
      if (wish->view) daemon.want(wish);
      return;
    }
    case 3: {
      auto wish = daemon.wish_for(target, model::Trigger::kRetry, intent);
      if (!wish || !live) return;
      auto retry = std::make_shared<daemon::Wish>(*wish);
      retry->retry_of = model::ReleaseId{target, live->number};
      return daemon.want(retry);
    }
    case 4:
    case 5:
      if (!live || live->artifact.empty()) return;
      entry.type = what == 4 ? EntryType::kMarkBad : EntryType::kUnmark;
      entry.artifact = live->artifact;
      entry.target.reset();
      return daemon.decide(entry);
    default:
      entry.type = what == 6 ? EntryType::kFreeze : EntryType::kUnfreeze;
      entry.scope = chance(50) ? target.environment : target.str();
      if (what == 6 && chance(50)) entry.until = clock.now() + seconds(1 + random(7200));
      entry.target.reset();
      return daemon.decide(entry);
  }
}

// A person on deploy: back to what was released once, or to something that never was.
void World::change_deploy() {
  if (forge.deploy.empty()) return;
  auto at = std::next(forge.deploy.begin(), random(static_cast<uint32_t>(forge.deploy.size())));
  std::vector<git::Oid> trees;
  for (const Entry& entry : forge.ledger) {
    if (entry.type != EntryType::kRelease || entry.target != at->first) continue;
    if (auto trailers = model::parse_trailers(entry.tag))
      trees.push_back(git::Oid::parse(trailers->target_tree).value());
  }
  uint32_t luck = random(100);
  std::string name = "foreign " + std::to_string(serial_++);
  if (luck < 70 && !trees.empty()) at->second = trees[random(static_cast<uint32_t>(trees.size()))];
  else if (luck < 90) at->second = oid_of("tree " + name);
  else at->second = git::Oid();
  ++forge.commits;
  forge.changed_by[at->first] = {oid_of(name), "Somebody <s@example.com>"};
  say("somebody changes " + at->first.str() + " on deploy");
}

void World::change_main() {
  auto overlays = overlays_[forge.main];
  Target target = any_target();
  if (chance(70)) overlays[target] = std::to_string(serial_);
  forge.main = oid_of("main " + std::to_string(++serial_));
  overlays_[forge.main] = overlays;
  say("main moves to " + forge.main.short_hex() + " for " + target.str());
}

void World::fault() {
  ++faults;
  switch (random(5)) {
    case 0: forge.away = !forge.away; return say(forge.away ? "the remote goes away" : "the remote is back");
    case 1: {
      static const std::vector<milliseconds> jumps = {hours(5), hours(-5), hours(48), hours(-3), milliseconds(0)};
      milliseconds by = jumps[random(5)];
      say("the clock is set by " + std::to_string(by.count() / 3'600'000) + " h");
      clock.advance(by);
      for (auto& daemon : daemons_) daemon->board().clock_jumped(by);
      return;
    }
    case 2: {
      size_t which = random(static_cast<uint32_t>(daemons_.size()));
      return guarded(which, [](Daemon&) { throw Crash{}; });
    }
    case 3:
      if (daemons_.size() < 2) {
        say("a second daemon starts by mistake");
        daemons_.push_back(std::make_unique<Daemon>(*this, serial_++));
      } else {
        say("the second daemon is stopped");
        daemons_.pop_back();
      }
      return;
    default: clock.advance(seconds(random(100))); return;
  }
}

void World::step() {
  size_t which = random(static_cast<uint32_t>(daemons_.size()));
  uint32_t luck = random(100);
  if (chance(10)) return hear();
  if (luck < 6) push();
  else if (luck < 11) act();
  else if (luck < 13) change_deploy();
  else if (luck < 15) change_main();
  else if (luck < 18) fault();
  else if (luck < 28) clock.advance(milliseconds(random(3000)));
  else if (luck < 40) guarded(which, [&](Daemon& daemon) { daemon.look(projects[random(2)]); });
  else if (luck < 55) guarded(which, [&](Daemon& daemon) { daemon.take_render(); });
  else if (luck < 70) guarded(which, [&](Daemon& daemon) { daemon.finish_render(false); });
  else if (luck < 90) guarded(which, [&](Daemon& daemon) { daemon.cycle(); });
  else guarded(which, [&](Daemon& daemon) { daemon.verify(false); });
}

// ---- and what must come of it

void World::run(size_t steps) {
  for (size_t i = 0; i < steps; ++i) {
    step();
    check_ledger();
    for (auto& daemon : daemons_) {
      for (const auto& [target, tree] : forge.deploy) {
        size_t in_hand = 0;
        for (const daemon::Flight& flight : daemon->board().flights(target)) {
          in_hand += flight.release.phase == model::Phase::kRendering || flight.release.phase == model::Phase::kReady ||
                     flight.release.phase == model::Phase::kCommitting;
        }
        if (in_hand > 1) throw Violation(target.str() + " has " + std::to_string(in_hand) + " releases in hand");
      }
    }
  }
  end_well();
}

void World::drain(const std::string& when) {
  for (size_t round = 0; round < kPatience; ++round) {
    bool quiet = true;
    for (auto& daemon : daemons_) {
      daemon->cycle();
      for (Project& project : projects) daemon->look(project);
      for (int i = 0; i < 8; ++i) daemon->take_render();
      for (int i = 0; i < 8; ++i) daemon->finish_render(true);
      daemon->cycle();
      daemon->verify(true);
      daemon->cycle();
      quiet = quiet && daemon->quiet();
    }
    check_ledger();
    clock.advance(seconds(1));
    if (quiet && round > 2) return;
  }
  std::string waiting;
  for (auto& daemon : daemons_) waiting += daemon->waiting();
  throw Violation(when + ", it never comes to rest:" + waiting);
}

void World::lift_everything() {
  Daemon& daemon = *daemons_[0];
  store::StatePtr now = daemon.board().state();
  for (const auto& [scope, freeze] : now->freezes) {
    Entry entry;
    entry.type = EntryType::kUnfreeze;
    entry.scope = scope;
    daemon.decide(entry);
  }
  for (const auto& [artifact, bad] : now->bad) {
    Entry entry;
    entry.type = EntryType::kUnmark;
    entry.artifact = artifact;
    daemon.decide(entry);
  }
  for (const auto& [target, state] : now->targets) {
    if (!state->hold && !state->drift) continue;
    Entry entry;
    entry.type = EntryType::kResume;
    entry.target = target;
    for (auto& each : daemons_) each->board().cancel_pending(target, "resumed");
    daemon.decide(entry, [&daemon, target = target, intent = "resume-" + std::to_string(serial_++)] {
      if (auto wish = daemon.wish_for(target, model::Trigger::kRequest, intent)) daemon.want(wish);
    });
  }
}

// The target's ledger, for whoever looks into a violation.
std::string World::history_of(const Target& target) const {
  std::string out;
  for (const Entry& entry : forge.ledger) {
    if (entry.target != target) continue;
    out += "\n  " + format_time(entry.time) + " " + std::string(model::entry_type_name(entry.type)) + " " +
           std::to_string(entry.number) + " " + entry.intent;
    auto trailers =
        entry.tag.empty() ? Result<model::Trailers>(Error(Code::kNotFound, "")) : model::parse_trailers(entry.tag);
    if (trailers) out += " " + std::string(model::trigger_name(trailers->trigger));
    if (trailers && trailers->source) out += " " + trailers->source->commit.substr(0, 7);
    if (entry.source) out += " " + entry.source->commit.substr(0, 7);
  }
  return out;
}

// What the repository has is what each daemon says.
void World::check_what_daemons_say() {
  for (auto& daemon : daemons_) {
    store::StatePtr state = daemon->board().state();
    for (const auto& [target, tree] : forge.deploy) {
      auto said = state->find(target);
      auto live = said ? said->live() : nullptr;
      uint32_t last = said ? said->last_number : 0;
      if (last != checker.last_of(target))
        throw Violation("a daemon says that " + target.str() + " has " + std::to_string(last) + " releases; it has " +
                        std::to_string(checker.last_of(target)));
      if (live && tree != (said->drift ? said->drift->tree : live->target_tree))
        throw Violation("what a daemon says that runs as " + target.str() + " is not what deploy has");
      for (const daemon::Flight& flight : daemon->board().flights(target)) {
        if (flight.release.phase != model::Phase::kQueued)
          throw Violation("a daemon says that " + target.str() + " is " +
                          std::string(model::phase_name(flight.release.phase)) + ", and everything came to rest");
      }
    }
  }
}

void World::check_ledger() {
  try {
    checker.check(forge.ledger);
  } catch (const Violation& violation) {
    if (forge.ledger.empty() || !forge.ledger.back().target) throw;
    throw Violation(violation.what() + history_of(*forge.ledger.back().target));
  }
}

void World::end_well() {
  calm_ = true;
  forge.away = false;
  say("calm");
  drain("after the last fault");
  // A rollback that somebody asked for and that waited brings a hold of its own.
  for (int round = 0; round < 3; ++round) {
    say("everything is lifted");
    lift_everything();
    drain("after the last hold");
  }
  checker.check_end();
  check_what_daemons_say();
  for (const Project& project : projects) {
    if (project.commits.empty()) continue;
    for (const std::string& environment : kEnvironments) {
      for (const std::string& app : kApps) {
        Target target{environment, project.name, app};
        size_t newest = 0;
        for (size_t i = 0; i < project.commits.size(); ++i) {
          if (project.commits[i].apps.contains(app)) newest = i + 1;
        }
        if (newest == 0) continue;
        auto reaches = [&](const std::vector<std::string>& sources) {
          return std::any_of(sources.begin(), sources.end(),
                             [&](const std::string& id) { return project.at(id) >= newest; });
        };
        if (reaches(checker.failed_of(target))) continue;  // said so
        if (!reaches(checker.told_of(target)))
          throw Violation("the push of " + project.commits[newest - 1].id.substr(0, 7) + " to " + target.str() +
                          " came to nothing" + history_of(target));
        std::string wanted = content(target, project.commits.back().id, forge.main);
        if (forge.deploy[target] != oid_of("tree values.yaml\n" + wanted + "\n"))
          throw Violation(target.str() + " is not what its newest push and configuration say" + history_of(target));
      }
    }
  }
}

}  // namespace autonomous::fault
