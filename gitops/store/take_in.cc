// What others did, taken in: known branches go on, reverts become releases, drift is written down.
#include <algorithm>
#include <utility>

#include "gitops/base/log.h"
#include "gitops/store/foreign.h"
#include "gitops/store/ledger.h"
#include "gitops/store/lint.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

Result<Foreign> Record::Impl::take_in(const Ctx& ctx) {
  Foreign foreign;
  TRY(Tips tips, wire_->look(ctx));
  foreign.main = tips.main;
  if (tips == known_ && checked_ == tips.deploy) return foreign;
  TRY_DO(guard_.check(repository_, known_, tips));
  foreign.main_moved = tips.main != known_.main;
  foreign.deploy_moved = tips.deploy != known_.deploy;
  foreign.ledger_moved = tips.ledger != known_.ledger;
  Builder builder(state());
  if (foreign.ledger_moved) TRY_DO(read_ledger(repository_, known_.ledger, tips.ledger, builder, &foreign.entries));
  publish(builder.finish(tips.deploy, tips.ledger, tips.main));
  known_ = tips;
  behind_ = false;
  TRY_DO(adopt_all(ctx, foreign));
  remember();
  return foreign;
}

// One round per race; each looks again at what is there.
Result<void> Record::Impl::adopt_all(const Ctx& ctx, Foreign& foreign) {
  for (int round = 0; round < kMaxRaces; ++round) {
    TRY(ForeignScan scan, find_foreign(repository_, *state(), checked_, known_.deploy));
    if (!scan.other_paths.empty()) foreign.other_paths = scan.other_paths;
    tell_unsafe(std::move(scan.unsafe));
    if (scan.changes.empty()) {
      checked_ = known_.deploy;
      return ok();
    }
    std::vector<model::ReleaseId> next;
    for (const ForeignChange& change : scan.changes) {
      bool released = change.kind == ForeignChange::Kind::kRollback || change.kind == ForeignChange::Kind::kResume;
      if (released) next.push_back(next_release(change.target, std::nullopt, state()->find(change.target).get()));
    }
    TRY(InTheWay others, tags_in_the_way(ctx, std::move(next)));
    Plan plan(base(std::move(others.tags)));
    for (ForeignChange& change : scan.changes) {
      TRY_DO(plan.adopt(change, config_.drift_holds && config_.drift_holds(change.target)));
    }
    TRY(MoveResult moved, launch(ctx, plan));
    if (moved.kind == MoveResult::Kind::kRefused) {
      return fail(Code::kDenied, "the repository refused what was to be adopted: ", moved.words);
    }
    if (moved.kind != MoveResult::Kind::kRaced) {
      for (ForeignChange& change : scan.changes) foreign.changes.push_back(std::move(change));
      if (moved.kind == MoveResult::Kind::kMoved) continue;
    }
    if (moved.kind == MoveResult::Kind::kRaced) stand_back(ctx, round);
    TRY(Tips tips, wire_->look(ctx));
    TRY_DO(guard_.check(repository_, known_, tips));
    Builder builder(state());
    if (tips.ledger != known_.ledger)
      TRY_DO(read_ledger(repository_, known_.ledger, tips.ledger, builder, &foreign.entries));
    publish(builder.finish(tips.deploy, tips.ledger, tips.main));
    foreign.main_moved = foreign.main_moved || tips.main != known_.main;
    foreign.main = tips.main;
    known_ = tips;
  }
  return fail(Code::kUnavailable, "others keep moving the branch").may_retry();
}

// More than one number of a target is asked for only where the first is taken.
Result<Record::Impl::InTheWay> Record::Impl::tags_in_the_way(const Ctx& ctx, std::vector<model::ReleaseId> next) {
  InTheWay out;
  TagQuestion question;
  for (uint32_t ahead = 1; !next.empty(); ahead = kMostBurnt) {
    question.names.clear();
    for (const model::ReleaseId& id : next) {
      for (uint32_t i = 0; i < ahead; ++i) question.names.push_back(model::ReleaseId{id.target, id.number + i}.tag());
    }
    size_t known = question.there.size();
    TRY(Tips tips, wire_->look(ctx, &question));
    out.moved = out.moved || tips != known_;
    if (ahead != 1 || question.there.size() == known) break;
    std::erase_if(next, [&](const model::ReleaseId& id) { return !question.there.contains(id.tag()); });
    for (model::ReleaseId& id : next) ++id.number;
  }
  out.tags = std::move(question.there);
  return out;
}

// Kept in the state, where everybody sees it for as long as it is there.
void Record::Impl::tell_unsafe(std::vector<UnsafePath> unsafe) {
  StatePtr before = state();
  if (before->unsafe == unsafe) return;
  for (const UnsafePath& one : unsafe) {
    bool known = std::find(before->unsafe.begin(), before->unsafe.end(), one) != before->unsafe.end();
    if (!known)
      log(Level::kWarning, unsafe_text(one, config_.branch), {{"remedy", unsafe_remedy(one, config_.branch)}});
  }
  auto now = std::make_shared<State>(*before);
  now->unsafe = std::move(unsafe);
  publish(std::move(now));
}

}  // namespace autonomous::store
