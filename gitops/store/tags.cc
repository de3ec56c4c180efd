// Release tags that went missing or elsewhere: put back byte for byte, as the ledger holds them.
#include <algorithm>
#include <set>

#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

namespace {

constexpr size_t kTagsAPush = 1000;

struct Wanted {
  model::ReleaseId id;
  ReleaseRowPtr row;
};

// The newest releases, and what is live of every target whatever its age; or all that was asked for.
std::vector<Wanted> chosen(const State& state, const Record::TagChoice& choice) {
  std::vector<Wanted> live, older;
  for (const auto& [target, folded] : state.targets) {
    if (choice.target && target != *choice.target) continue;
    for (const ReleaseRowPtr& row : folded->releases) {
      if (choice.number != 0 && row->number != choice.number) continue;
      (row == folded->releases.back() ? live : older).push_back({{target, row->number}, row});
    }
  }
  if (!choice.all && !choice.target) {
    std::sort(older.begin(), older.end(), [](const Wanted& a, const Wanted& b) { return a.row->time > b.row->time; });
    size_t room = choice.newest > live.size() ? choice.newest - live.size() : 0;
    if (older.size() > room) older.resize(room);
  }
  live.insert(live.end(), older.begin(), older.end());
  std::sort(live.begin(), live.end(), [](const Wanted& a, const Wanted& b) { return a.id < b.id; });
  return live;
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

Result<Record::TagRepair> Record::repair_tags(const Ctx& ctx, const TagChoice& choice) {
  TRY_DO(impl_->ready(ctx));
  TRY(auto there, impl_->wire_->tags(ctx, "release/"));
  std::map<std::string, git::Oid> tags(there.begin(), there.end());
  TagRepair repair;
  std::vector<Move> moves;
  StatePtr now = impl_->state();
  for (const Wanted& wanted : chosen(*now, choice)) {
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
