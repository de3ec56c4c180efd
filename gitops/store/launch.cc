// How a plan gets out: journal, refs, tags. And what became of one whose answer did not come.
#include <algorithm>
#include <utility>

#include "gitops/base/log.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

namespace {

constexpr uint64_t kPrunesAWindow = 20;

}  // namespace

Result<MoveResult> Record::Impl::launch(const Ctx& ctx, Plan& plan) {
  TRY(Flight flight, plan.finish());
  if (flight.moves.empty()) return MoveResult{};
  for (const Tag& tag : plan.tags()) owed_.add(tag);
  flight.tags = owed_.names();
  auto moved = fly(ctx, flight);
  if (moved && moved->kind == MoveResult::Kind::kLanded) moved = land(ctx);
  if (moved && moved->kind == MoveResult::Kind::kLanded) return moved;
  if (!moved || moved->kind != MoveResult::Kind::kMoved) {
    owed_.take_back(plan.tags().size());  // those of before are still to be made; in flight, the journal has them all
    if (moved) TRY_DO(note_due());
    return moved;
  }
  bool alone = checked_ == known_.deploy;
  known_ = plan.tips();
  publish(plan.state());
  if (alone) checked_ = known_.deploy;
  TRY_DO(at(Point::kRefsMoved));
  if (!config_.tags_later) send_tags(ctx);
  TRY_DO(at(Point::kTagsPushed));
  remember();
  index_.grew(state());
  return moved;
}

Result<MoveResult> Record::Impl::fly(const Ctx& ctx, const Flight& flight) {
  TRY_DO(repository_.flush());
  TRY_DO(at(Point::kObjectsWritten));
  TRY_DO(journal_.write(flight));
  in_flight_ = true;
  TRY_DO(at(Point::kJournalWritten));
  TRY(MoveResult moved, wire_->move(ctx, flight.moves, flight.tags.size()));
  in_flight_ = moved.kind == MoveResult::Kind::kLanded;
  return moved;
}

// The journal's moves arrived, at least in part: what is missing is moved, and its tags follow. kRaced: somebody took
// them back again meanwhile.
Result<MoveResult> Record::Impl::land(const Ctx& ctx) {
  TRY(bool happened, settle_flight(ctx, /*at_once=*/true));
  if (guard_.stopped()) return guard_.error();
  return MoveResult{happened ? MoveResult::Kind::kLanded : MoveResult::Kind::kRaced, "the remote's branches moved"};
}

// A remote takes all moves or none: where some are there later, somebody may have taken the others back, and wants no
// release again that he rewound. Right after the push it was the server that ended in the middle. Nobody takes back
// only the ledger.
bool Record::Impl::may_finish(const std::vector<Move>& missing, bool at_once) const {
  return at_once || !config_.remote || std::all_of(missing.begin(), missing.end(), [&](const Move& move) {
           return move.ref == branch_ref(ledger_branch(config_.branch));
         });
}

// What the journal holds happened, or it did not: the refs say which.
Result<bool> Record::Impl::settle_flight(const Ctx& ctx, bool at_once) {
  TRY(auto flight, journal_.read());
  if (!flight) {
    in_flight_ = false;
    return false;
  }
  TRY(Tips tips, wire_->look(ctx));
  auto tip_of = [&](const std::string& ref) {
    return ref == branch_ref(kMain) ? tips.main : ref == branch_ref(config_.branch) ? tips.deploy : tips.ledger;
  };
  std::vector<Move> missing;
  for (const Move& move : flight->moves) {
    if (!descends(repository_, move.to, tip_of(move.ref))) missing.push_back(move);
  }
  bool happened = missing.size() < flight->moves.size() || flight->moves.empty();
  if (happened && !missing.empty()) {
    // Some moved: then all objects are there, and the rest follows where nobody was faster.
    MoveResult moved{MoveResult::Kind::kRaced, ""};
    if (may_finish(missing, at_once)) {
      TRY(moved, wire_->move(ctx, missing));
    }
    bool there = moved.kind == MoveResult::Kind::kMoved || moved.kind == MoveResult::Kind::kLanded;
    if (there) {
      TRY(tips, wire_->look(ctx));
    } else {
      guard_.stop_for(missing.front());  // the journal stays as it is, for whoever accepts that, or brings it back
      in_flight_ = false;
      return true;
    }
  }
  if (!happened) log(Level::kInfo, "what was in flight did not arrive; it is dropped", {});
  // Also then the journal may name tags of releases before, whose push was cut.
  owe_tags(flight->tags, tips);
  if (!happened) TRY_DO(note_due());
  in_flight_ = false;
  behind_ = behind_ || happened;
  send_tags(ctx);
  return happened;
}

// What was done is done, also where this cannot be noted: then a rewind from here is noticed later, by what the ledger
// names.
void Record::Impl::remember() {
  if (auto noted = journal_.remember(known_); !noted)
    log(Level::kWarning, "the tips of the branches could not be noted", {{"error", noted.error().line()}});
}

void Record::Impl::send_tags(const Ctx& ctx) {
  std::vector<Tag> now = owed_.next();
  if (now.empty()) {
    if (owed_.empty()) (void)journal_.clear();
    return;
  }
  auto refusals = wire_->make_tags(ctx, now);
  if (!refusals) {
    if (owed_.lost()) log(Level::kWarning, "release tags wait for the next push", {{"error", refusals.error().line()}});
    else
      log(Level::kError, "release tags could not be written; `autonomous repair` puts them back",
          {{"error", refusals.error().line()}});
    return;
  }
  for (const TagRefusal& refusal : owed_.done(*refusals))
    log(Level::kWarning, "the remote did not take a release tag; it is offered again from time to time",
        {{"tag", refusal.tag}, {"why", refusal.why}});
  tags_made_ += now.size() - refusals->size();
  if (tags_made_ > config_.tag_window / kPrunesAWindow) {
    prune_due_ = true;
    tags_made_ = 0;
  }
  (void)note_due();
}

// Those of `names` whose releases happened are still to be made; their bytes are in the ledger.
void Record::Impl::owe_tags(const std::vector<std::string>& names, const Tips& tips) {
  if (names.empty()) return;
  auto owe = [&]() -> Result<void> {
    TRY(StatePtr folded, fold_from(state(), repository_, tips));
    for (const std::string& name : names) {
      auto id = model::ReleaseId::parse(std::string_view(name).substr(std::string_view("release/").size()));
      ReleaseRowPtr row = id ? folded->find(*id) : nullptr;
      if (!row || owed_.knows(name)) continue;
      TRY(model::Entry entry, read_entry(repository_, tips.ledger, id->target, row->line));
      TRY(git::Oid tag, repository_.write(git::ObjectKind::kTag, entry.tag));
      owed_.add({name, tag});
    }
    return ok();
  };
  if (auto owed = owe(); !owed)  // of the ledger, not of the way there: it would be the same at each try
    log(Level::kError, "release tags could not be read; `autonomous repair` puts them back",
        {{"error", owed.error().line()}});
}

// Nothing is in flight: the journal holds the tags that are still to be made, if any.
Result<void> Record::Impl::note_due() {
  if (owed_.empty()) return journal_.clear();
  Flight due;
  due.tags = owed_.names();
  return journal_.write(due);
}

}  // namespace autonomous::store
