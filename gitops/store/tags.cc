// Release tags that went missing or elsewhere: put back byte for byte, as the ledger holds them. And those that the
// window has no room for: deleted, some at a time, when nothing else is to be done.
#include <algorithm>
#include <set>

#include "gitops/base/log.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/record_impl.h"
#include "gitops/store/tag_window.h"

namespace autonomous::store {

namespace {

constexpr size_t kTagsAPush = 1000;
constexpr size_t kPrunedAtOnce = 500;

struct Wanted {
  model::ReleaseId id;
  ReleaseRowPtr row;
};

// The newest releases, and what is live of every target whatever its age; or all that was asked for.
std::vector<Wanted> chosen(const State& state, const Record::TagChoice& choice, size_t window) {
  bool some = !choice.all && !choice.target && window != 0;
  auto cut = some ? tag_cut(state, window) : std::nullopt;
  std::vector<Wanted> wanted;
  for (const auto& [target, folded] : state.targets) {
    if (choice.target && target != *choice.target) continue;
    for (const ReleaseRowPtr& row : folded->releases) {
      if (choice.number != 0 && row->number != choice.number) continue;
      model::ReleaseId id{target, row->number};
      bool live = row == folded->releases.back();
      if (live || !may_go(cut, row->time, id)) wanted.push_back({std::move(id), row});
    }
  }
  return wanted;
}

std::vector<std::string> unknown_tags(const State& state, const std::map<std::string, git::Oid>& tags) {
  std::vector<std::string> unknown;
  for (const auto& [name, oid] : tags) {
    auto id = model::ReleaseId::parse(std::string_view(name).substr(std::string_view("release/").size()));
    if (!id || !state.find(*id)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace

// Said before the first tag leaves, so that an audit of a clone knows what may be missing. True: it is as it should be.
Result<bool> Record::Impl::tell_tag_window(const Ctx& ctx) {
  if (told_tag_window(*state()) == config_.tag_window) return true;
  Plan plan(base());
  model::Entry entry;
  entry.type = model::EntryType::kTagWindow;
  entry.number = config_.tag_window;
  TRY_DO(plan.add(std::move(entry)));
  TRY(MoveResult moved, launch(ctx, plan));
  return moved.kind == MoveResult::Kind::kMoved;
}

Result<void> Record::Impl::try_prune(const Ctx& ctx) {
  auto cut = tag_cut(*state(), config_.tag_window);
  if (!cut) return ok();
  TRY(auto there, wire_->tags(ctx, "release/"));
  StatePtr now = state();
  std::vector<Move> moves;
  for (const auto& [name, oid] : there) {
    auto id = model::ReleaseId::parse(std::string_view(name).substr(std::string_view("release/").size()));
    TargetPtr target = id ? now->find(id->target) : nullptr;
    ReleaseRowPtr row = target && id->number != target->last_number ? target->find(id->number) : nullptr;
    // What is not as the ledger says is somebody's business, and stays for them to see.
    if (row && row->tag == oid && may_go(cut, row->time, *id)) moves.push_back({"refs/tags/" + name, oid, git::Oid()});
  }
  if (moves.empty()) return ok();
  TRY(bool told, tell_tag_window(ctx));
  if (!told) return fail(Code::kUnavailable, "the ledger moved, or refused to take the window").may_retry();
  prune_due_ = moves.size() > kPrunedAtOnce;
  moves.resize(std::min(moves.size(), kPrunedAtOnce));
  TRY(auto refused, wire_->move_tags(ctx, moves));
  if (!refused.empty())
    return fail(Code::kDenied, "the repository keeps ", refused.size(), " tags, the first of them ", refused[0])
        .hint("allow the daemon to delete tags below release/, or set gitops.tags: 0 in daemon.yaml");
  return ok();
}

// Nothing depends on it: what cannot go now goes later.
void Record::Impl::prune_tags(const Ctx& ctx) {
  if (!prune_due_ || config_.tag_window == 0) return;
  prune_due_ = false;
  auto done = try_prune(ctx);
  if (done) return;
  prune_due_ = false;
  log(Level::kWarning, "old release tags could not be taken out of the repository", {{"error", done.error().text()}});
}

Result<Record::TagRepair> Record::repair_tags(const Ctx& ctx, const TagChoice& choice) {
  TRY_DO(impl_->ready(ctx));
  TRY(auto there, impl_->wire_->tags(ctx, "release/"));
  std::map<std::string, git::Oid> tags(there.begin(), there.end());
  TagRepair repair;
  std::vector<Move> moves;
  StatePtr now = impl_->state();
  for (const Wanted& wanted : chosen(*now, choice, choice.newest.value_or(impl_->config_.tag_window))) {
    ++repair.looked_at;
    auto found = tags.find(wanted.id.tag());
    if (found != tags.end() && found->second == wanted.row->tag) continue;
    TRY(model::Entry entry, read_entry(impl_->repository_, now->ledger, wanted.id.target, wanted.row->line));
    TRY(git::Oid tag, impl_->repository_.write(git::ObjectKind::kTag, entry.tag));
    git::Oid before = found == tags.end() ? git::Oid() : found->second;
    moves.push_back({"refs/tags/" + wanted.id.tag(), before, tag});
    (before.is_zero() ? repair.restored : repair.moved_back).push_back(wanted.id.tag());
  }
  if (!choice.target) repair.unknown = unknown_tags(*now, tags);
  if (choice.dry_run) {
    impl_->repository_.discard();
    return repair;
  }
  TRY_DO(impl_->repository_.flush());
  for (size_t i = 0; i < moves.size(); i += kTagsAPush) {
    std::vector<Move> some(moves.begin() + static_cast<std::ptrdiff_t>(i),
                           moves.begin() + static_cast<std::ptrdiff_t>(std::min(i + kTagsAPush, moves.size())));
    TRY(auto refused, impl_->wire_->move_tags(ctx, some));
    repair.refused.insert(repair.refused.end(), refused.begin(), refused.end());
  }
  std::set<std::string> refused(repair.refused.begin(), repair.refused.end());
  for (auto* names : {&repair.restored, &repair.moved_back})
    std::erase_if(*names, [&](const std::string& name) { return refused.contains(name); });
  return repair;
}

}  // namespace autonomous::store
