// Changes on main that a person asked for: that person's commit, with a lease, made again on what others pushed.
#include "gitops/store/layout.h"
#include "gitops/store/message.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

namespace {

constexpr uint64_t kMaxFile = 4u << 20;

}  // namespace

Result<std::optional<git::Oid>> Record::change_main(const Ctx& ctx, const MainChange& change) {
  return impl_->change_main(ctx, change);
}

Result<std::optional<git::Oid>> Record::Impl::change_main(const Ctx& ctx, const MainChange& change) {
  TRY_DO(ready(ctx));
  for (int round = 0; round < kMaxRaces; ++round) {
    TRY_DO(ctx.check());
    TRY(Tips tips, wire_->look(ctx));
    TRY_DO(guard_.check(repository_, known_, tips));
    TRY(git::Oid base, repository_.peel_tree(tips.main));
    std::string before;
    auto entry = repository_.entry(base, change.file);
    if (entry) {
      TRY(before, repository_.blob(entry->oid, kMaxFile));
    } else if (entry.error().code() != Code::kNotFound) {
      return std::move(entry).error();
    }
    TRY(std::optional<std::string> after, change.edit(before));
    if (!after || (entry && *after == before)) return std::optional<git::Oid>();
    TRY(git::Oid blob, repository_.write_blob(*after));
    git::CommitDraft draft;
    TRY(draft.tree, repository_.update_tree(base, {{change.file, blob}}));
    draft.parents = {tips.main};
    draft.author = person(change.author.name, change.author.email, change.author.time.value_or(clock_.now()));
    draft.committer = person(config_.committer.name, config_.committer.email, clock_.now());
    draft.message = change.message;
    TRY(git::Oid commit, repository_.write_commit(draft, sign_));
    TRY_DO(repository_.flush());
    TRY(MoveResult moved, wire_->move(ctx, {{branch_ref(kMain), tips.main, commit}}));
    bool there = moved.kind == MoveResult::Kind::kMoved || moved.kind == MoveResult::Kind::kLanded;
    if (there) return std::optional(commit);
    if (moved.kind == MoveResult::Kind::kRefused) return fail(Code::kDenied, moved.words);
    stand_back(ctx, round);
  }
  return fail(Code::kUnavailable, "others keep moving main").may_retry();
}

}  // namespace autonomous::store
