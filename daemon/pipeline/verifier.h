// Verifier: finds out how releases that are on `deploy` fare, and says it: live, failed with the resource and its
// words, superseded, or unverified where nothing tells (design.md §5). Troubles of pods are told as soon as they are
// seen.
//
// run() belongs to its thread; look() and refresh() may be called from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/pipeline/board.h"
#include "gitops/git/repository.h"
#include "plugins/ports/cluster.h"
#include "plugins/ports/live.h"
#include "plugins/ports/reconciler.h"

namespace autonomous::daemon {

class Verifier {
 public:
  struct Options {
    std::string repository;  // the GitOps repository on this disk
    std::string gitops_url;  // as the reconciler reaches it
    std::string branch = "deploy";
    // By the instance's name; null where this daemon has none of that name.
    std::function<ports::Reconciler*(const std::string&)> reconciler;
    std::function<ports::Cluster*(const std::string&)> cluster;
    std::function<std::string(const std::string&)> away;  // why an instance does not answer; "": it does
    Millis ask_again{30'000};
  };

  Verifier(Board& board, const Clock& clock, Options options)
      : board_(board), clock_(clock), options_(std::move(options)) {}

  void run(std::stop_token stop);
  // Something may have changed.
  void look();
  // What is kept beside these targets on deploy was changed by the platform: the reconciler is asked to look at it.
  void refresh(std::vector<model::Target> targets);
  // One round over all releases under verification; run() does nothing else.
  void round(const Ctx& ctx);

 private:
  struct Watch {
    ports::Released released;
    ports::Root root;
    std::string left;        // the root of the project that it came from, whose Application goes; or ""
    std::string root_error;  // why the root could not be made; "" when it is there
    Time since{};            // of the release: older pods are none of its
    ports::Reconciler* reconciler = nullptr;
    ports::Cluster* cluster = nullptr;
    std::string followed;  // the cluster's key
    Time asked{};
    std::string told;  // the last thing said
  };

  void begin(const Flight& flight, const git::Repository& repository);
  void judge(const Flight& flight, Watch& watch, const git::Repository& repository);
  void ask(const Ctx& ctx);
  void ask_about(const Ctx& ctx, const std::vector<model::Target>& targets);
  Result<void> ensure_root(const Ctx& ctx, ports::Reconciler& reconciler, const ports::Root& root);
  void end(uint64_t id, model::Verified verdict);
  void say(const Flight& flight, Watch& watch, const std::string& text);

  Board& board_;
  const Clock& clock_;
  Options options_;
  std::map<uint64_t, Watch> watches_;         // by flight
  std::map<std::string, std::string> roots_;  // instance and root → what was applied there

  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool woken_ = false;
  std::vector<model::Target> changed_;  // of refresh()
};

// What a release consists of, from the manifests in its commit: for judging, and for following its pods.
Result<std::vector<ports::ResourceId>> resources_at(const git::Repository& repository, const git::Oid& commit,
                                                    const model::Target& target, const std::string& target_namespace);

}  // namespace autonomous::daemon
