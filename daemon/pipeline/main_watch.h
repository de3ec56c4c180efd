// MainWatch: which view of main the writer goes by. Read again where main's tip moved, and where the ledger says more
// about a weaker platform.yaml that waits for people. Owned by the writer's thread.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/wish.h"
#include "gitops/base/clock.h"
#include "gitops/git/oid.h"
#include "gitops/model/entry.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

class MainWatch {
 public:
  using ViewAt = std::function<PlatformPtr(const git::Oid& main, const PlatformPtr& before)>;

  // view_at: null: view_in_force.
  MainWatch(const Clock& clock, ViewAt view_at) : clock_(clock), view_at_(std::move(view_at)) {}

  struct Look {
    bool news = false;                    // the view is another one
    std::vector<model::Entry> proposals;  // of a weaker platform.yaml: to be noted in the ledger
  };
  Look look(store::Record& record);

  // Null before the first look.
  const PlatformPtr& view() const { return view_; }

 private:
  Look read(store::Record& record);

  const Clock& clock_;
  ViewAt view_at_;
  PlatformPtr view_;
  git::Oid looked_at_;   // the tip of main that view_ was read at; its own commit is older where that tip is wrong
  uint32_t judged_ = 0;  // entries of the ledger without a target that view_ was judged by
  std::set<std::string> asked_;  // proposals that were given to be noted
};

}  // namespace autonomous::daemon
