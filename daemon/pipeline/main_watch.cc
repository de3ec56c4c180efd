#include "daemon/pipeline/main_watch.h"

#include <algorithm>
#include <utility>

#include "daemon/pipeline/platform_view.h"
#include "gitops/base/log.h"

namespace autonomous::daemon {

MainWatch::Look MainWatch::look(store::Record& record) {
  bool agreed = view_ && !view_->questions.empty() && judged_ != record.state()->platform_entries;
  return !view_ || agreed || looked_at_ != record.main() ? read(record) : Look{};
}

MainWatch::Look MainWatch::read(store::Record& record) {
  Look look;
  looked_at_ = record.main();
  store::StatePtr state = record.state();
  judged_ = state->platform_entries;
  PlatformPtr view =
      view_at_ ? view_at_(looked_at_, view_) : view_in_force(record.repository(), looked_at_, view_, *state);
  for (const Error& error : view->errors)
    log(Level::kError, "the platform.yaml of main is not in force; the one before stays", {{"error", error.text()}});
  for (const store::PolicyQuestion& question : view->questions) {
    bool known = std::any_of(state->platform.begin(), state->platform.end(), [&](const model::Entry& entry) {
      return entry.type == model::EntryType::kPropose && entry.id == question.proposal.id;
    });
    if (known || !asked_.insert(question.proposal.id).second) continue;
    look.proposals.push_back(question.proposal);
    look.proposals.back().time = clock_.now();
  }
  look.news = !view_ || view_->commit != view->commit;
  view_ = view;
  return look;
}

}  // namespace autonomous::daemon
