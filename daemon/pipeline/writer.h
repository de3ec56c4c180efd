// Writer: the one thread that writes to the GitOps repository (design.md §5). It takes all that is ready, one commit
// each, one ledger commit, one push; writes decisions and outcomes down; and takes in what others did in between.
//
// run() and cycle() belong to its thread. decide(), submit(), note(), hint() and follow_sync() may be called from any.
#pragma once

#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/board.h"
#include "gitops/base/ctx.h"
#include "gitops/git/program.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

class Writer {
 public:
  struct Options {
    Millis poll{15'000};             // set_pace
    Millis verify_timeout{600'000};  // set_pace
    size_t batch = 500;              // releases of one push
    git::GitProgram git;             // for upkeep: each batch is a pack, and many packs are slow
    uint64_t tidy_every = 64;        // batches
    // Opens the record where it could not be opened at the start, because it lives elsewhere and was away.
    std::function<Result<std::unique_ptr<store::Record>>(const Ctx&)> open;
    // The platform changed (also once at the start). On the writer's thread.
    std::function<void(PlatformPtr)> on_view;
    // What the platform changes beside targets that are on deploy already (namespaces.h); asked after on_view, and
    // written in the next batch. On the writer's thread.
    std::function<std::vector<store::TakeOn>(const PlatformView&, const store::State&)> platform_files;
    // They were written.
    std::function<void(const std::vector<store::TakeOn>&)> on_platform_files;
    // Something is to be verified.
    std::function<void()> on_released;
    // Another daemon (or this one, whose answer was lost) released these.
    std::function<void(const std::vector<model::Target>&)> on_released_elsewhere;
    // Null: view_in_force.
    std::function<PlatformPtr(const git::Oid& main, const PlatformPtr& before)> view_at;
    // What the ledger says together with a release's failure. On the writer's thread.
    std::function<std::vector<model::Entry>(const Flight&)> with_failure;
    // A release failed its verification, and the ledger says so. On the writer's thread.
    std::function<void(const Flight&)> on_failed;
  };

  // record: null where options.open is to open it.
  Writer(Board& board, const Clock& clock, std::unique_ptr<store::Record> record, Options options);

  // What the record said when it was opened counts before the first look at it. Once, before run().
  void begin();
  // Until `stop`; the batch in hand is finished first, unless `hard` comes too.
  void run(std::stop_token stop, std::stop_token hard);

  // One round of run(), without waiting. For run() and for a world that has one thread (tests/fault).
  void cycle(const Ctx& ctx);

  // Writes the entries down, and returns when they are accepted: a hold is in force then. The error is the remote's.
  Result<void> decide(const Ctx& ctx, std::vector<model::Entry> entries);
  // The same; the answer comes later.
  std::future<Result<void>> submit(std::vector<model::Entry> entries);
  // The same, without waiting; kept until it could be written.
  void note(model::Entry entry);
  // A change of main that somebody asked for; returns when it is accepted. kDenied, with the server's words.
  Result<std::optional<git::Oid>> change_main(const Ctx& ctx, store::MainChange change);
  // Does what only the record's owner may do (repairs), between two cycles. The error is the work's.
  using Work = std::function<Result<void>(const Ctx&, store::Record&)>;
  Result<void> on_record(const Ctx& ctx, Work work);
  // Somebody pushed to the GitOps repository.
  void hint() { follow_sync(nullptr); }
  // The same, and `progress` hears what was made of it.
  void follow_sync(ProgressPtr progress);

  // Any time: how often a remote repository is looked at, and how long a release may take where platform.yaml is
  // silent.
  void set_pace(Millis poll, Millis verify_timeout);
  // A cycle has run past its own deadline, and by far.
  bool hangs() const;
  // Why nothing can be written now; "" when all is well.
  std::string trouble() const;
  uint64_t pushes() const;
  // Release tags that the repository did not take, and why.
  std::vector<std::pair<std::string, std::string>> refused_tags() const;

 private:
  struct Decision {
    std::vector<model::Entry> entries;
    std::promise<Result<void>> promise;
  };

  struct Asked {
    store::MainChange change;
    std::promise<Result<std::optional<git::Oid>>> promise;
  };

  bool open(const Ctx& ctx);
  void refuse_all(const Error& error);
  void change_main_now(const Ctx& ctx);
  struct Job {
    Work work;
    std::promise<Result<void>> promise;
  };

  void do_jobs(const Ctx& ctx);
  void watch_clock();
  Result<void> sync(const Ctx& ctx);
  void take_in(const store::Foreign& foreign);
  bool load_view();  // whether it is another one
  void publish_state();
  void tidy(const Ctx& ctx);
  void watch_over(const model::Target& target, const store::TargetState& state);
  void commit(const Ctx& ctx);
  void settle(const std::vector<Flight>& flights, const Result<store::BatchResult>& result);
  void settle_one(const Flight& flight, const store::DraftResult& result);
  static void say_burnt(const Flight& flight, uint32_t number);
  static Result<void> answer_of(const Result<store::BatchResult>& result, size_t first, size_t count);
  Time verify_until(const model::Target& target) const;
  void set_trouble(std::string text);
  void set_deadline(std::chrono::steady_clock::time_point deadline);

  Board& board_;
  const Clock& clock_;
  std::unique_ptr<store::Record> record_;
  Options options_;
  PlatformPtr view_;
  std::set<std::string> asked_;  // proposals of a weaker platform.yaml that were noted
  uint32_t judged_ = 0;          // entries of the ledger without a target that view_ was judged by
  git::Oid looked_at_;  // the tip of main that view_ was read at; its own commit is older where that tip is wrong
  store::StatePtr state_;
  std::vector<store::TakeOn> owed_;  // of platform_files
  std::chrono::steady_clock::time_point next_poll_{};
  uint32_t failures_ = 0;
  uint64_t batches_ = 0;
  int without_tags_ = 0;  // batches in a row
  bool clock_known_ = false;
  Millis ahead_{0};  // of our clock, to the machine's steady one

  mutable std::mutex mutex_;  // guards all below
  Millis poll_, verify_timeout_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();  // of the cycle
  std::deque<Decision> decisions_;
  std::deque<Asked> changes_;  // of main
  std::deque<std::shared_ptr<Job>> jobs_;
  std::vector<model::Entry> notes_;
  std::vector<ProgressPtr> listeners_;  // of the next sync
  bool hinted_ = true;
  std::string trouble_;
  uint64_t pushes_ = 0;
  std::vector<std::pair<std::string, std::string>> refused_tags_;
};

}  // namespace autonomous::daemon
