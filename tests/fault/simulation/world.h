// World: people, source repositories, builders, a reconciler, a clock that is played with, and one or two daemons upon
// one Forge. A daemon here is the real Board and the real Writer (with the pure machine of gitops/model/release.h), in
// one thread; what is around them is made up. Everything follows from the seed.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/pipeline/board.h"
#include "daemon/pipeline/writer.h"
#include "tests/fault/simulation/checker.h"
#include "tests/fault/simulation/forge.h"

namespace autonomous::fault {

struct SourceChange {
  std::string id;  // 40 hex digits
  std::set<std::string> apps;
  bool broken = false;  // does not render
};

struct Project {
  std::string name;
  std::vector<SourceChange> commits;
  size_t at(const std::string& id) const;  // index + 1; 0: none
};

class World;

class Daemon {
 public:
  Daemon(World& world, uint64_t serial);

  // What threads of the real one do, each a step.
  void look(Project& project);
  void hear_of_push(Project& project);
  void take_render();
  void finish_render(bool smoothly);
  void cycle();
  void verify(bool smoothly);

  void decide(model::Entry entry, std::function<void()> then = nullptr);
  void answer_decisions();
  void want(daemon::WishPtr wish) { board_.want(std::move(wish), nullptr); }
  daemon::WishPtr wish_for(const Target& target, model::Trigger trigger, const std::string& intent);
  daemon::Board& board() { return board_; }
  bool quiet();
  std::string waiting();

 private:
  struct Rendering {
    daemon::Flight flight;
    store::StatePtr state;
  };
  struct Deciding {
    model::Entry entry;
    std::future<Result<void>> answer;
    std::function<void()> then;
  };
  void plan(Project& project, bool configuration, const daemon::FollowerPtr& follower);
  std::optional<model::Trigger> news(const Project& project, const Target& target, bool configuration, bool first);
  daemon::PlatformPtr view_at(const git::Oid& main);

  World& world_;
  daemon::EventBus bus_;
  daemon::Board board_;
  std::unique_ptr<daemon::Writer> writer_;
  std::vector<Rendering> rendering_;
  std::map<std::string, std::string> planned_;  // project → head
  std::map<std::string, bool> plan_again_;      // project → its configuration changed
  std::vector<Deciding> deciding_;
};

class World {
 public:
  explicit World(uint32_t seed, bool told);

  // Throws Violation.
  void run(size_t steps);

  uint32_t random(uint32_t below) { return below == 0 ? 0 : random_() % below; }
  bool chance(uint32_t percent) { return random(100) < percent; }
  void say(const std::string& text);
  std::string overlay(const Target& target, const git::Oid& main) const;
  // What a target's files are at a source commit under the configuration of `main`.
  std::string content(const Target& target, const std::string& commit, const git::Oid& main) const;
  Project& project(const std::string& name);
  std::shared_ptr<const model::Platform> platform() const { return platform_; }

  Forge forge;
  FakeClock clock;
  Checker checker;
  std::vector<Project> projects;
  std::map<git::Oid, std::string> configured_with;  // by tree: the overlay that went into it
  size_t faults = 0;

 private:
  void step();
  void push();
  void hear();
  void act();
  void change_deploy();
  void change_main();
  void fault();
  void end_well();
  void check_ledger();
  void check_what_daemons_say();
  void drain(const std::string& when);
  void lift_everything();
  void guarded(size_t which, const std::function<void(Daemon&)>& what);
  Target any_target();
  std::string history_of(const Target& target) const;

  std::mt19937 random_;
  bool told_;
  bool calm_ = false;
  uint64_t serial_ = 0;
  std::shared_ptr<const model::Platform> platform_;
  std::map<git::Oid, std::map<Target, std::string>> overlays_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  std::vector<std::string> hints_;  // that a project was pushed to: on their way
};

inline const std::vector<std::string> kEnvironments = {"dev", "prod"};
inline const std::vector<std::string> kApps = {"api", "web"};

}  // namespace autonomous::fault
