// Inbox: what others want of the writer, until a cycle of it takes that: entries of the ledger, with somebody who waits
// for the answer or without (notes), changes of main, work on the record, and looks at the repository.
//
// Thread-safe. Anybody puts in, and wakes the writer; only the writer takes.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/pipeline/follower.h"
#include "gitops/base/ctx.h"
#include "gitops/model/entry.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

class Inbox {
 public:
  using Work = std::function<Result<void>(const Ctx&, store::Record&)>;
  struct Decision {
    std::vector<model::Entry> entries;
    std::promise<Result<void>> promise;
  };
  struct MainWish {
    store::MainChange change;
    std::promise<Result<std::optional<git::Oid>>> promise;
  };
  struct Job {
    Work work;
    std::promise<Result<void>> promise;
  };
  using JobPtr = std::shared_ptr<Job>;

  // ---- putting in
  std::future<Result<void>> decide(std::vector<model::Entry> entries);
  std::future<Result<std::optional<git::Oid>>> change_main(store::MainChange change);
  void add(JobPtr job);
  // It is not done any more. False: it was begun.
  bool withdraw(const JobPtr& job);
  void note(model::Entry entry);
  // progress: null, or hears what was made of it.
  void ask_for_look(ProgressPtr progress);
  // Somebody whose word alone is not worth a look each time. False: one was suggested already.
  bool suggest_look();

  // ---- taking
  struct Entries {
    std::vector<model::Entry> notes;  // copies: they stay until drop_notes
    std::vector<Decision> decisions;
  };
  Entries take_entries();
  // Of the notes that were taken last, those that are done.
  void drop_notes(const std::vector<bool>& done);
  // What comes of a change or a job is looked at next: taking one asks for that, too.
  std::deque<MainWish> take_changes();
  JobPtr take_job();  // null: there is none
  // Who wants to hear of the next look; nothing: it is not due, and nobody asked. `rested`: the last one is long enough
  // ago for one that was suggested.
  std::optional<std::vector<ProgressPtr>> take_look(bool due, bool rested = false);

  // Whoever waits for an answer gets this one. Notes and looks stay.
  void refuse_all(const Error& error);

 private:
  mutable std::mutex mutex_;  // guards all below
  std::deque<Decision> decisions_;
  std::deque<MainWish> changes_;
  std::deque<JobPtr> jobs_;
  std::vector<model::Entry> notes_;
  std::vector<ProgressPtr> listeners_;  // of the next look
  bool look_ = true;
  bool suggested_ = false;
};

}  // namespace autonomous::daemon
