#include "gitops/store/tag_window.h"

#include <algorithm>
#include <vector>

namespace autonomous::store {

std::optional<TagCut> tag_cut(const State& state, size_t window) {
  struct Place {
    Time time;
    const model::Target* target;
    uint32_t number;
  };
  size_t live = 0;
  std::vector<Place> older;
  for (const auto& [target, folded] : state.targets) {
    const Rows& rows = folded->releases;
    live += rows.empty() ? 0 : 1;
    for (size_t i = 0; i + 1 < rows.size(); ++i) older.push_back({rows.time(i), &target, rows.number(i)});
  }
  size_t room = window > live ? window - live : 0;
  if (older.size() <= room) return std::nullopt;
  auto first = older.begin() + static_cast<std::ptrdiff_t>(room);
  std::nth_element(older.begin(), first, older.end(), [](const Place& a, const Place& b) {
    if (a.time != b.time) return a.time > b.time;
    return a.target != b.target ? *b.target < *a.target : a.number > b.number;
  });
  return TagCut{first->time, {*first->target, first->number}};
}

bool may_go(const std::optional<TagCut>& cut, Time time, const model::ReleaseId& id) {
  return cut && TagCut{time, id} <= *cut;
}

uint32_t told_tag_window(const State& state) {
  for (auto entry = state.platform.rbegin(); entry != state.platform.rend(); ++entry) {
    if (entry->type == model::EntryType::kTagWindow) return entry->number;
  }
  return 0;
}

}  // namespace autonomous::store
