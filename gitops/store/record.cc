#include "gitops/store/record.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/git/refs.h"
#include "gitops/store/foreign.h"
#include "gitops/store/index.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/lint.h"
#include "gitops/store/record_impl.h"
#include "gitops/store/shared_state.h"

namespace autonomous::store {

namespace {

constexpr uint64_t kPrunesAWindow = 20;

Error rewritten(const std::string& why) {
  return fail(Code::kConflict, why)
      .hint("look at the branch; when the rewrite is right: autonomous repair --accept-rewrite --because …");
}

bool descends(const git::Repository& repository, const git::Oid& from, const git::Oid& to) {
  if (from.is_zero() || from == to) return true;
  if (to.is_zero()) return false;
  auto yes = repository.is_ancestor(from, to);
  return yes && *yes;
}

}  // namespace

Record::Impl::Impl(RecordConfig config, const Clock& clock, git::Repository repository, Journal journal)
    : config_(std::move(config)), clock_(clock), repository_(std::move(repository)), journal_(std::move(journal)) {
  wire_ = config_.remote ? remote_wire(repository_, config_.remote, config_.branch)
                         : hosted_wire(repository_, config_.branch);
  sign_ = [signer = config_.signer](std::string_view bytes) { return signer->sign(bytes); };
}

Result<void> Record::Impl::at(Point point) { return config_.fault ? config_.fault(point) : ok(); }

void Record::Impl::publish(StatePtr state) {
  offer_state(repository_.path(), config_.branch, state);
  std::lock_guard lock(mutex_);
  state_ = std::move(state);
}

StatePtr Record::Impl::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

// Who races with us does it again as soon as we do: two of the same pace would never part.
void Record::Impl::stand_back(const Ctx& ctx, int round) {
  if (config_.stand_back) return config_.stand_back(ctx, round);
  ctx.pause(jittered(std::min(kLongestPause, kFirstPause * (1 << std::min(round, 10)))));
}

PlanBase Record::Impl::base(std::map<std::string, git::Oid> tags) {
  return {repository_, sign_, config_.committer, config_.branch, known_, state(), clock_.now(), std::move(tags)};
}

Result<void> Record::Impl::ready(const Ctx& ctx) {
  TRY_DO(ctx.check());
  if (!stopped_.empty()) TRY_DO(look_again(ctx));
  if (in_flight_) TRY_DO(settle_flight(ctx));
  if (!stopped_.empty()) return rewritten(stopped_);
  return ok();
}

// Whoever rewrote it may have put it right again, or the server said for a moment that it has no branches: then there
// is nothing to accept.
Result<void> Record::Impl::look_again(const Ctx& ctx) {
  TRY(Tips tips, wire_->look(ctx));
  for (auto [given_up, known, now] :
       {std::tuple(given_up_.main, known_.main, tips.main), std::tuple(given_up_.deploy, known_.deploy, tips.deploy),
        std::tuple(given_up_.ledger, known_.ledger, tips.ledger)}) {
    if (!descends(repository_, given_up.is_zero() ? known : given_up, now)) return ok();
  }
  if (tips != known_) TRY_DO(load(tips));
  std::string before = std::exchange(stopped_, "");
  TRY_DO(check_whole());
  if (!stopped_.empty()) return ok();
  log(Level::kInfo, "nothing is rewritten any more; it goes on", {{"was", before}});
  given_up_ = Tips{};
  in_flight_ = true;  // the journal may hold what was pushed before
  return ok();
}

// A remote takes all moves or none: where some are there later, somebody may have taken the others back, and wants no
// release again that he rewound. Right after the push it was the server that ended in the middle. Nobody takes back
// only the ledger.
bool Record::Impl::may_finish(const std::vector<Move>& missing, bool at_once) const {
  return at_once || !config_.remote || std::all_of(missing.begin(), missing.end(), [&](const Move& move) {
           return move.ref == branch_ref(ledger_branch(config_.branch));
         });
}

void Record::Impl::stop_for(const Move& missing) {
  std::string branch = missing.ref.substr(std::string_view("refs/heads/").size());
  stopped_ = "branch " + branch + " was rewritten: " + missing.to.short_hex(12) +
             ", which was pushed last, is not on it; nothing is written until an operator accepts it";
  (branch == config_.branch ? given_up_.deploy : given_up_.ledger) = missing.to;
  log(Level::kError, stopped_, {});
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
      stop_for(missing.front());  // the journal stays as it is, for whoever accepts that, or brings it back
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

Result<void> Record::Impl::check_descends(const Tips& tips) {
  struct Branch {
    std::string name;
    git::Oid before, now;
  };
  for (const Branch& branch :
       {Branch{std::string(kMain), known_.main, tips.main}, Branch{config_.branch, known_.deploy, tips.deploy},
        Branch{ledger_branch(config_.branch), known_.ledger, tips.ledger}}) {
    if (descends(repository_, branch.before, branch.now)) continue;
    stopped_ = "branch " + branch.name +
               " was rewritten: " + (branch.now.is_zero() ? "it is gone" : branch.now.short_hex(12)) +
               " does not descend from " + branch.before.short_hex(12) +
               "; nothing is written until an operator accepts it";
    return rewritten(stopped_);
  }
  return ok();
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

Result<Foreign> Record::Impl::take_in(const Ctx& ctx) {
  Foreign foreign;
  TRY(Tips tips, wire_->look(ctx));
  foreign.main = tips.main;
  if (tips == known_ && checked_ == tips.deploy) return foreign;
  TRY_DO(check_descends(tips));
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
    TRY_DO(check_descends(tips));
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
  if (++since_index_ >= kIndexEvery) keep_index();
  return moved;
}

void Record::Impl::keep_index() {
  since_index_ = 0;
  StatePtr now = state();
  if (config_.index.empty() || !now || (indexed_ && indexed_->ledger == now->ledger)) return;
  auto saved = save_index(config_.index, *now);
  if (saved) indexed_ = now;
  else log(Level::kWarning, "the index could not be written", {{"error", saved.error().line()}});
}

// What was done is done, also where this cannot be noted: then a rewind from here is noticed later, by what the ledger
// names.
void Record::Impl::remember() {
  if (auto noted = journal_.remember(known_); !noted)
    log(Level::kWarning, "the tips of the branches could not be noted", {{"error", noted.error().line()}});
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
  if (!stopped_.empty()) return rewritten(stopped_);
  return MoveResult{happened ? MoveResult::Kind::kLanded : MoveResult::Kind::kRaced, "the remote's branches moved"};
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

// ---- the class

Record::Record() = default;
Record::Record(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Record::~Record() {
  if (impl_) impl_->keep_index();  // the next start is quick
}

Result<Foreign> Record::sync(const Ctx& ctx) {
  TRY_DO(impl_->ready(ctx));
  if (!impl_->owed_.empty()) impl_->send_tags(ctx);
  TRY(Foreign foreign, impl_->take_in(ctx));
  if (StatePtr now = impl_->state(); !now->unsafe.empty())
    impl_->tell_unsafe(still_there(impl_->repository_, now->unsafe, impl_->known_.deploy));
  impl_->prune_tags(ctx);
  return foreign;
}

Result<BatchResult> Record::commit(const Ctx& ctx, Batch batch) { return impl_->commit(ctx, std::move(batch)); }

void Record::make_tags(const Ctx& ctx) {
  if (impl_ && impl_->config_.tags_later && !impl_->in_flight_ && !impl_->owed_.empty()) impl_->send_tags(ctx);
}

Result<void> Record::accept_rewrite(const Ctx& ctx, const model::Who& by, std::string_view because) {
  if (impl_->in_flight_) TRY_DO(impl_->settle_flight(ctx));
  TRY(Tips tips, impl_->wire_->look(ctx));
  if (tips.deploy.is_zero() || tips.ledger.is_zero() || tips.main.is_zero()) {
    return fail(Code::kConflict, "a branch is gone: push it again before accepting the rewrite");
  }
  if (impl_->stopped_.empty() && impl_->check_descends(tips))
    return fail(Code::kConflict, "no branch was rewritten: there is nothing to accept");
  git::Oid before = impl_->given_up_.deploy.is_zero() ? impl_->known_.deploy : impl_->given_up_.deploy;
  TRY_DO(impl_->load(tips));
  TRY(auto flight, impl_->journal_.read());
  if (flight) impl_->owe_tags(flight->tags, tips);
  Plan plan(impl_->base());
  model::Entry entry;
  entry.type = model::EntryType::kRewriteAccepted;
  entry.by = by;
  entry.because = model::clean_value(because, 1000);
  entry.commit = tips.deploy.hex();
  entry.previous = before.is_zero() ? "" : before.hex();
  TRY_DO(plan.add(std::move(entry)));
  TRY(MoveResult moved, impl_->launch(ctx, plan));
  if (moved.kind == MoveResult::Kind::kLanded) {
    TRY(tips, impl_->wire_->look(ctx));
    TRY_DO(impl_->load(tips));
  } else if (moved.kind != MoveResult::Kind::kMoved) {
    return fail(Code::kConflict, "could not be written down: ", moved.words).may_retry();
  }
  impl_->stopped_.clear();
  impl_->given_up_ = Tips{};
  impl_->checked_ = git::Oid();
  return impl_->introduce_key(ctx);  // a ledger that is another one knows no key of ours
}

StatePtr Record::state() const { return impl_->state(); }
std::vector<std::pair<std::string, std::string>> Record::refused_tags() const {
  return impl_ ? impl_->owed_.refused() : std::vector<std::pair<std::string, std::string>>{};
}
git::Repository& Record::repository() { return impl_->repository_; }
git::Oid Record::main() const { return impl_->known_.main; }
git::Oid Record::deploy() const { return impl_->known_.deploy; }

}  // namespace autonomous::store
