// Pipeline: watches sources, plans what their commits mean, has it rendered, written, and verified. Owns the threads:
// one that looks at sources, some that render, the writer, the verifier, and one a watched instance.
//
// Made and stopped by one thread; everything else may be called from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/http/api.h"
#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/automatic.h"
#include "daemon/pipeline/board.h"
#include "daemon/pipeline/instances.h"
#include "daemon/pipeline/namespaces.h"
#include "daemon/pipeline/outgoing.h"
#include "daemon/pipeline/planner.h"
#include "daemon/pipeline/renderer.h"
#include "daemon/pipeline/sources.h"
#include "daemon/pipeline/verifier.h"
#include "daemon/pipeline/watch.h"
#include "daemon/pipeline/writer.h"

namespace autonomous::daemon {

// What is known of one branch of a project: for status, why and the dashboard.
struct BranchView {
  SourceRepository source;
  std::string branch;
  bool is_default = false;
  bool gone = false;  // deleted in the source; what it released keeps running
  git::Oid head;
  std::shared_ptr<const Plan> plan;  // of the head; null before it was planned
  bool again = false;                // to be planned again, although the head is the same
};

class Pipeline {
 public:
  // What may change while it runs.
  struct Pace {
    Millis sources{30'000};          // between looks at sources elsewhere
    uint32_t jitter = 20;            // percent
    Millis gitops{15'000};           // between looks at a remote GitOps repository
    Millis verify_timeout{600'000};  // where platform.yaml is silent
  };
  struct Options {
    Sources::Options sources;
    AssembleOptions assemble;
    Writer::Options writer;
    Verifier::Options verifier;
    Renderer::Options renderer;
    unsigned renders = 2;       // threads
    size_t apps = 1000;         // of one project, at most
    std::string gitops_remote;  // where the GitOps repository lives; empty: hosted by us
    Pace pace;
    SourceWatch::Options watch;  // of sources elsewhere
    // The daemon, where it decides something by itself.
    std::string name = "Autonomous", email = "autonomous@localhost";
  };

  static Result<std::unique_ptr<Pipeline>> make(Options options, const Clock& clock,
                                                std::unique_ptr<store::Record> record, Instances& instances);
  ~Pipeline();

  // How others reach us and the GitOps repository; known once the server listens. Before start().
  void set_public_url(const std::string& url, const std::string& gitops_url);
  void start();
  // No new work; the writer finishes its batch, at most within `grace`.
  void stop(Millis grace = Millis(20'000));

  // Any time.
  void set_pace(const Pace& pace);
  // False: something hangs that should have ended by itself.
  bool moves() const { return !writer_->hangs(); }

  // ---- hints
  // Refs of a hosted repository moved. Plans at once, on the caller's thread.
  void source_pushed(const Push& push, const FollowerPtr& follower);
  // Look at all sources again.
  void look_at_sources();
  // Somebody says that these moved (git::place_of): those that are watched are looked at soon, once a second at most.
  // Their names.
  std::vector<std::string> moved_elsewhere(const std::vector<std::string>& places);
  // Looks at one that lives elsewhere, and returns when its heads were planned; fine for a hosted one. Its error.
  Result<void> look_now(const Ctx& ctx, const std::string& project);

  // ---- asked for
  // Plans the commit (empty: the head) of a project's branch that feeds `environment` (empty: all), and wants what it
  // is about, whether or not something changed since the last time.
  struct Again {
    std::string project, app, environment, commit, image;
    model::Trigger trigger = model::Trigger::kRequest;
    model::Who by;
    std::string because, ticket, intent;
    bool past_hold = false;
    bool moves = false;  // Wish::moves
    std::optional<model::Entry> decision;
    std::optional<model::ReleaseId> retry_of;
    std::vector<std::string> supersedes;  // source commits that will now never be released
    bool dry_run = false;
  };
  // Without a follower they stand in the ledger when it returns.
  Result<std::vector<WishPtr>> want_again(const Ctx& ctx, const Again& again, const FollowerPtr& follower);

  // What `commit` of a project makes of one target, whatever its branch feeds: for promotions, and to make a wish
  // again. Nothing is wanted yet. kNotFound where the source has no such commit or the commit no such app.
  Result<WishPtr> plan_target(const model::Target& target, const std::string& commit, const PlatformPtr& view) const;
  // What a commit of a project makes of every environment, whatever its branch feeds. Nothing is wanted.
  Result<std::vector<WishPtr>> plan_everywhere(const std::string& project, const std::string& commit,
                                               const PlatformPtr& view) const;
  // The wish that an open proposal or ask of the ledger is about.
  Result<WishPtr> wish_of(const model::Entry& proposal, const PlatformPtr& view) const;

  Board& board() { return board_; }
  Writer& writer() { return *writer_; }
  EventBus& events() { return bus_; }
  Instances& instances() { return instances_; }
  const Options& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  Renderer& renderer() { return *renderer_; }
  std::vector<BranchView> branches() const;
  std::vector<SourceRepository> projects() const;
  // Why a project's source cannot be reached; "" when it can.
  std::string source_trouble(const std::string& project) const;

 private:
  Pipeline(Options options, const Clock& clock, Instances& instances);

  void watch_sources(std::stop_token stop);
  void took(const SourceRepository& source, const Result<std::vector<BranchHead>>& heads, bool configuration);
  bool source_is_damaged(const SourceRepository& source, const Plan& plan);
  void note_gone(const SourceRepository& source, const std::vector<BranchHead>& heads);
  void process(const SourceRepository& source, const std::vector<BranchHead>& heads, const model::Who& by,
               const FollowerPtr& follower, bool configuration);
  void apply_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower);
  void say_plan(const Plan& plan, const std::string& branch, const FollowerPtr& follower) const;
  void record_failed_plan(const Plan& plan);
  void mark(const model::Target& target, model::EntryType type, const std::string& reason);
  void render_loop(std::stop_token stop);
  void render_one(const Ctx& ctx, Flight flight);
  // Whether main says something else about a target than what its live release was made with.
  std::function<bool(const model::Target&)> configured_otherwise(const PlatformPtr& view) const;
  std::function<std::vector<ConfigChange>(const model::Target&, const Neighbours&)> configured_by(
      const PlatformPtr& view) const;
  Result<WishPtr> planned_anew(const Wish& wish) const;
  void revive(const SourceRepository* source);
  void revive(const model::Entry& waits);
  Automatic automatic(const Flight& flight) const;
  std::vector<model::Entry> follows_failure(const Flight& flight) const;
  void release_failed(const Flight& flight);

  Options options_;
  const Clock& clock_;
  Instances& instances_;
  EventBus bus_;
  Board board_;
  Sources sources_;
  ConfigCommits config_commits_;
  Demands demands_;
  RouteTable routes_;
  Outgoing outgoing_;
  SourceWatch watch_;
  std::unique_ptr<Renderer> renderer_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Verifier> verifier_;
  std::vector<std::jthread> workers_;
  std::jthread watcher_, verifying_, writing_;
  std::stop_source hard_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any wake_;
  Pace pace_;
  bool look_ = true;
  bool configuration_ = false;                                          // the next look plans everything again
  std::map<std::pair<std::string, std::string>, BranchView> branches_;  // by project and branch
  std::map<std::string, std::string> troubles_;
  std::set<std::string> remade_;  // mirrors that were thrown away once
  std::mutex planning_;           // one plan of a head at a time: a push and a look must not both want it
};

}  // namespace autonomous::daemon
