// Forge: the GitOps repository of a world without disks: a ledger, what stands on deploy, and main. FakeRecord is
// store::Record upon it: the same fold, the same rules (store::stopped_by, store::kind_of), no git. What the real one
// does with bytes is tested by tests/unit/gitops/store and tests/fault/crash.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/git/oid.h"
#include "gitops/store/record.h"

namespace autonomous::fault {

using model::Target;

git::Oid oid_of(const std::string& text);

// A daemon dies here: thrown through everything, as a kill would end it.
struct Crash {};

struct Forge {
  std::vector<model::Entry> ledger;
  std::map<Target, git::Oid> deploy;
  struct Foreign {
    git::Oid commit;
    std::string author;
  };
  std::map<Target, Foreign> changed_by;  // others' newest commit on a target
  git::Oid main = oid_of("main 0");
  uint64_t commits = 0;  // of deploy, whoever made them

  bool away = false;
  // Asked at each commit; may throw Crash.
  enum class Fault { kNone, kLostRequest, kLostAnswer };
  std::function<Fault()> before_push = [] { return Fault::kNone; };
  std::function<void()> after_push = [] {};
  std::function<bool(const store::Draft&)> refuses = [](const store::Draft&) { return false; };
};

class FakeRecord final : public store::Record {
 public:
  FakeRecord(Forge& forge, const Clock& clock);

  Result<store::Foreign> sync(const Ctx& ctx) override;
  Result<store::BatchResult> commit(const Ctx& ctx, store::Batch batch) override;
  store::StatePtr state() const override { return state_; }
  git::Oid main() const override { return main_; }
  git::Oid deploy() const override { return deploy_; }

 private:
  Result<void> take_in(store::Foreign& foreign);
  void adopt(store::Foreign& foreign);
  Result<void> write(model::Entry entry);
  Result<store::DraftResult> release(const store::Draft& draft);
  Result<store::Released> write_release(const Target& target, model::Trailers trailers, const git::Oid& tree,
                                        const model::Entry& more);
  void publish();

  Forge& forge_;
  const Clock& clock_;
  store::StatePtr state_ = std::make_shared<store::State>();
  size_t read_ = 0;  // entries of the ledger that are folded
  git::Oid main_, deploy_;
};

}  // namespace autonomous::fault
