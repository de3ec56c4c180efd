#include "gitops/store/record.h"

#include <algorithm>
#include <utility>

#include "gitops/base/log.h"
#include "gitops/store/lint.h"
#include "gitops/store/record_impl.h"
#include "gitops/store/shared_state.h"

namespace autonomous::store {

namespace {

// Between two tries of a batch: at most so long before the second one, twice that before the third, and so on.
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{3'200};

}  // namespace

Record::Impl::Impl(RecordConfig config, const Clock& clock, git::Repository repository, Journal journal)
    : config_(std::move(config)),
      clock_(clock),
      repository_(std::move(repository)),
      journal_(std::move(journal)),
      guard_(config_.branch),
      index_(config_.index) {
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
  if (guard_.stopped()) TRY_DO(look_again(ctx));
  if (in_flight_) TRY_DO(settle_flight(ctx));
  if (guard_.stopped()) return guard_.error();
  return ok();
}

// Whoever rewrote it may have put it right again, or the server said for a moment that it has no branches: then there
// is nothing to accept.
Result<void> Record::Impl::look_again(const Ctx& ctx) {
  TRY(Tips tips, wire_->look(ctx));
  if (!guard_.is_back(repository_, known_, tips)) return ok();
  if (tips != known_) TRY_DO(load(tips));
  std::string before = guard_.lift();
  TRY_DO(check_whole());
  if (guard_.stopped()) return ok();
  log(Level::kInfo, "nothing is rewritten any more; it goes on", {{"was", before}});
  guard_.end();
  in_flight_ = true;  // the journal may hold what was pushed before
  return ok();
}

// ---- the class

Record::Record() = default;
Record::Record(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Record::~Record() {
  if (impl_) impl_->index_.save(impl_->state());  // the next start is quick
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
  if (!impl_->guard_.stopped() && impl_->guard_.check(impl_->repository_, impl_->known_, tips))
    return fail(Code::kConflict, "no branch was rewritten: there is nothing to accept");
  git::Oid before = impl_->guard_.deploy_before(impl_->known_);
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
  impl_->guard_.end();
  impl_->checked_ = git::Oid();
  return impl_->introduce_key(ctx);  // a ledger that is another one knows no key of ours
}

std::string Record::rewritten() const { return impl_ && impl_->guard_.stopped() ? impl_->guard_.error().text() : ""; }

StatePtr Record::state() const { return impl_->state(); }
std::vector<std::pair<std::string, std::string>> Record::refused_tags() const {
  return impl_ ? impl_->owed_.refused() : std::vector<std::pair<std::string, std::string>>{};
}
git::Repository& Record::repository() { return impl_->repository_; }
git::Oid Record::main() const { return impl_->known_.main; }
git::Oid Record::deploy() const { return impl_->known_.deploy; }

}  // namespace autonomous::store
