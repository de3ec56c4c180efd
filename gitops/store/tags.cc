// Release tags that went missing: put back byte for byte, as the ledger holds them.
#include <algorithm>

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

// The newest releases, and what is live of every target whatever its age.
std::vector<Wanted> window(const State& state, size_t newest) {
  std::vector<Wanted> live, older;
  for (const auto& [target, folded] : state.targets) {
    for (const ReleaseRowPtr& row : folded->releases) {
      (row == folded->releases.back() ? live : older).push_back({{target, row->number}, row});
    }
  }
  std::sort(older.begin(), older.end(), [](const Wanted& a, const Wanted& b) { return a.row->time > b.row->time; });
  size_t room = newest > live.size() ? newest - live.size() : 0;
  if (older.size() > room) older.resize(room);
  live.insert(live.end(), older.begin(), older.end());
  return live;
}

}  // namespace

Result<Record::TagRepair> Record::repair_tags(const Ctx& ctx, size_t newest) {
  TRY_DO(impl_->ready(ctx));
  TRY(auto there, impl_->wire_->tags(ctx, "release/"));
  std::map<std::string, git::Oid> tags(there.begin(), there.end());
  TagRepair repair;
  std::vector<std::pair<std::string, git::Oid>> missing;
  StatePtr now = impl_->state();
  for (const Wanted& wanted : window(*now, newest)) {
    auto found = tags.find(wanted.id.tag());
    if (found == tags.end()) {
      TRY(model::Entry entry, read_entry(impl_->repository_, now->ledger, wanted.id.target, wanted.row->line));
      TRY(git::Oid tag, impl_->repository_.write(git::ObjectKind::kTag, entry.tag));
      missing.emplace_back(wanted.id.tag(), tag);
    } else if (found->second != wanted.row->tag) {
      repair.wrong.push_back(wanted.id.tag());
    }
  }
  for (size_t i = 0; i < missing.size(); i += kTagsAPush) {
    std::vector<std::pair<std::string, git::Oid>> some(
        missing.begin() + static_cast<std::ptrdiff_t>(i),
        missing.begin() + static_cast<std::ptrdiff_t>(std::min(i + kTagsAPush, missing.size())));
    TRY(auto wrong, impl_->wire_->make_tags(ctx, some));
    for (const auto& [name, oid] : some) {
      bool refused = std::find(wrong.begin(), wrong.end(), name) != wrong.end();
      (refused ? repair.wrong : repair.restored).push_back(name);
    }
  }
  return repair;
}

}  // namespace autonomous::store
