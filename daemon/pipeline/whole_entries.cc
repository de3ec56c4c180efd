#include "daemon/pipeline/whole_entries.h"

#include <algorithm>

#include "gitops/store/ledger.h"

namespace autonomous::daemon {

Result<model::Entry> WholeEntries::at(const store::TargetState& target, uint32_t line) {
  for (const auto* kept : {&target.newest_attempts, &target.said}) {
    auto found = std::lower_bound(kept->begin(), kept->end(), line,
                                  [](const store::Said& one, uint32_t wanted) { return one.line < wanted; });
    if (found != kept->end() && found->line == line) return found->entry;
  }
  if (!repository_) {
    TRY(git::Repository opened, git::Repository::open(gitops_));
    repository_ = std::move(opened);
  }
  return store::read_entry(*repository_, state_->ledger, target.target, line);
}

}  // namespace autonomous::daemon
