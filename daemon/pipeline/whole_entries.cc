#include "daemon/pipeline/whole_entries.h"

#include <algorithm>

#include "gitops/store/ledger.h"

namespace autonomous::daemon {

Result<model::Entry> WholeEntries::at(const store::TargetState& target, uint32_t line) {
  const std::vector<store::Said>& newest = target.newest_attempts;
  auto found = std::lower_bound(newest.begin(), newest.end(), line,
                                [](const store::Said& one, uint32_t wanted) { return one.line < wanted; });
  if (found != newest.end() && found->line == line) return found->entry;
  size_t said = target.said.before(line);
  if (said < target.said.size() && target.said.head(said).line == line) return target.said[said].entry;
  if (!repository_) {
    TRY(git::Repository opened, git::Repository::open(gitops_));
    repository_ = std::move(opened);
  }
  return store::read_entry(*repository_, state_->ledger, target.target, line);
}

}  // namespace autonomous::daemon
