// Writer: the one thread that writes to the GitOps repository (design.md §5). It takes all that is ready, one commit
// each, one ledger commit, one push; writes decisions and outcomes down; and takes in what others did in between.
//
// begin(), run() and cycle() belong to its thread; the rest may be called from any: what others want waits in the inbox
// until a cycle takes it.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/pipeline/batch_parts.h"
#include "daemon/pipeline/board.h"
#include "daemon/pipeline/clock_watch.h"
#include "daemon/pipeline/inbox.h"
#include "daemon/pipeline/main_watch.h"
#include "daemon/pipeline/pulse.h"
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
    std::string why_away;  // why it could not; "": it is open
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
    MainWatch::ViewAt view_at;
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
  Result<void> on_record(const Ctx& ctx, Inbox::Work work);
  // Somebody pushed to the GitOps repository.
  void hint() { follow_sync(nullptr); }
  // The same, and `progress` hears what was made of it.
  void follow_sync(ProgressPtr progress);
  // As hint(), for somebody whose word is not worth more than a look a second.
  void suggest_look();

  // Any time: how often a remote repository is looked at, and how long a release may take where platform.yaml is
  // silent.
  void set_pace(Millis poll, Millis verify_timeout);
  // A cycle has run past its own deadline, and by far.
  bool hangs() const { return pulse_.hangs(std::chrono::steady_clock::now()); }
  // Why nothing can be written now; "" when all is well.
  std::string trouble() const { return pulse_.trouble(); }
  uint64_t pushes() const { return pulse_.pushes(); }
  // Release tags that the repository did not take, and why.
  Pulse::RefusedTags refused_tags() const { return pulse_.refused_tags(); }

 private:
  bool open(const Ctx& ctx);
  void watch_clock();
  void do_jobs(const Ctx& ctx);
  Result<void> sync(const Ctx& ctx);
  void tidy(const Ctx& ctx);

  // ---- writer_take_in.cc
  void take_in(const store::Foreign& foreign);
  bool follow_main();  // whether it says something else
  void publish_state();
  void watch_over(const model::Target& target, const store::TargetState& state);
  Time verify_until(const model::Target& target) const;

  // ---- writer_commit.cc
  using BatchAnswer = Result<store::BatchResult>;
  void commit(const Ctx& ctx);
  BatchParts gather();
  std::vector<model::Entry> words_of(const Flight& ended) const;
  bool is_outdated(const Flight& flight) const;
  store::Draft draft_of(const Flight& flight) const;
  void note_trouble(const std::vector<model::Entry>& entries, const BatchAnswer& answer);
  void keep_notes(size_t notes, const BatchAnswer& answer);
  void keep_platform_files(const store::BatchResult& result);
  void settle_flights(const std::vector<Flight>& flights, const BatchAnswer& answer);
  void finish(const std::vector<BatchParts::Ended>& ended, const BatchAnswer& answer);
  void look_after(const Ctx& ctx);

  Board& board_;
  const Clock& clock_;
  std::unique_ptr<store::Record> record_;
  Options options_;
  std::atomic<Millis> poll_, verify_timeout_;
  Inbox inbox_;
  Pulse pulse_;

  // ---- of its thread
  ClockWatch clock_watch_;
  MainWatch main_;
  store::StatePtr state_;
  std::vector<store::TakeOn> owed_;  // of platform_files
  std::chrono::steady_clock::time_point next_poll_{}, looked_{};
  uint32_t failures_ = 0;
  uint64_t batches_ = 0;  // since the packs were rolled up
  int without_tags_ = 0;  // batches in a row
};

}  // namespace autonomous::daemon
