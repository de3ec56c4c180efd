// The inside of Record, shared by its few source files. Not for others.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gitops/git/repository.h"
#include "gitops/git/signer.h"
#include "gitops/store/index_keeper.h"
#include "gitops/store/journal.h"
#include "gitops/store/owed_tags.h"
#include "gitops/store/plan.h"
#include "gitops/store/record.h"
#include "gitops/store/refusals.h"
#include "gitops/store/rewrite_guard.h"
#include "gitops/store/wire.h"

namespace autonomous::store {

// So often is a batch planned again because others moved the branch in between.
inline constexpr int kMaxRaces = 10;

// What a batch met while it was cut in halves.
struct Bisection {
  size_t refusals = 0;              // of single things of a kind in a row, and nothing accepted between them
  size_t accepted = 0;              // pushes
  std::optional<Error> unanswered;  // the last of single things
};

// One thing of a batch that a server may refuse by itself.
struct Item {
  enum class Kind { kEntry, kTaken, kDraft };
  Kind kind;
  size_t index;
};

struct Record::Impl {
  Impl(RecordConfig config, const Clock& clock, git::Repository repository, Journal journal);

  // ---- start.cc
  Result<void> start(const Ctx& ctx);
  Result<void> check_none_gone(const Tips& tips);
  Result<void> make_branches(const Ctx& ctx, const Tips& there);
  Result<void> load(const Tips& tips);
  Result<void> check_whole();
  Result<void> introduce_key(const Ctx& ctx);
  Result<void> write_key(const Ctx& ctx, const model::Entry& key);

  // ---- record.cc
  // Nothing may be written while a rewrite waits for an operator; what was in flight is settled first.
  Result<void> ready(const Ctx& ctx);
  Result<void> look_again(const Ctx& ctx);
  void stand_back(const Ctx& ctx, int round);
  PlanBase base(std::map<std::string, git::Oid> tags = {});
  Result<void> at(Point point);
  void publish(StatePtr state);
  StatePtr state() const;

  // ---- take_in.cc
  Result<Foreign> take_in(const Ctx& ctx);
  Result<void> adopt_all(const Ctx& ctx, Foreign& foreign);
  // The tags of others that stand where those of these next releases would, and of those after them. One look, which
  // also tells whether a branch moved: it is to be taken in then.
  struct InTheWay {
    std::map<std::string, git::Oid> tags;
    bool moved = false;
  };
  Result<InTheWay> tags_in_the_way(const Ctx& ctx, std::vector<model::ReleaseId> next);
  void tell_unsafe(std::vector<UnsafePath> unsafe);

  // ---- launch.cc
  // Journal, move, tags. After kMoved, state and tips are the plan's; after kLanded all of it is on the repository, and
  // take_in brings it in, with what others did on top.
  Result<MoveResult> launch(const Ctx& ctx, Plan& plan);
  Result<MoveResult> fly(const Ctx& ctx, const Flight& flight);
  Result<MoveResult> land(const Ctx& ctx);
  // Whether it happened. Then known_ does not hold it yet: take_in follows.
  // at_once: the push ended just now.
  Result<bool> settle_flight(const Ctx& ctx, bool at_once = false);
  bool may_finish(const std::vector<Move>& missing, bool at_once) const;
  void remember();
  void send_tags(const Ctx& ctx);
  void owe_tags(const std::vector<std::string>& names, const Tips& tips);
  Result<void> note_due();

  // ---- tags.cc
  void prune_tags(const Ctx& ctx);
  Result<void> try_prune(const Ctx& ctx);
  Result<bool> tell_tag_window(const Ctx& ctx);

  // ---- main_branch.cc
  Result<std::optional<git::Oid>> change_main(const Ctx& ctx, const MainChange& change);

  // ---- batch.cc
  Result<BatchResult> commit(const Ctx& ctx, Batch batch);
  struct Order {
    std::vector<Item> first, last;
  };
  Order in_order(const Batch& batch, BatchResult& result) const;
  void taken(const Batch& batch, const Item& item, const BatchResult& result);
  void keep_refusal(const Batch& batch, const Item& item, const std::string& words);
  Result<void> settle(const Ctx& ctx, const Batch& batch, std::vector<Item> items, BatchResult& result, Bisection& met);
  Result<void> halve(const Ctx& ctx, const Batch& batch, const std::vector<Item>& items, BatchResult& result,
                     Bisection& met, const std::string& words);
  Result<MoveResult> attempt(const Ctx& ctx, const Batch& batch, const std::vector<Item>& items, BatchResult& result);
  // The releases that the drafts would become.
  std::vector<model::ReleaseId> next_of(const Batch& batch, const std::vector<Item>& items) const;
  Result<void> fill(Plan& plan, const Batch& batch, const std::vector<Item>& items, BatchResult& result);

  RecordConfig config_;
  const Clock& clock_;
  git::Repository repository_;
  Journal journal_;
  std::unique_ptr<Wire> wire_;
  git::SignFunction sign_;
  Tips known_;        // the last tips that were seen and folded
  git::Oid checked_;  // the commit of deploy up to which others' changes are taken in; zero: nothing was compared yet
  RewriteGuard guard_;
  bool in_flight_ = false;  // it is not known whether the journal's moves happened
  bool behind_ = false;     // what was in flight arrived, and known_ is from before it
  OwedTags owed_;
  Refusals refusals_;
  IndexKeeper index_;
  bool prune_due_ = true;   // after a start, and again and again
  uint64_t tags_made_ = 0;  // since it was due last

  mutable std::mutex mutex_;  // guards state_
  StatePtr state_;
};

}  // namespace autonomous::store
