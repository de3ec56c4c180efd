// Flight: one release on its way: its wish, what was rendered of it, and who listens. A value; the board owns them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/pipeline/follower.h"
#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/wish.h"
#include "gitops/model/release.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

// What rendering made of a wish, ready for the writer.
struct Assembled {
  store::Draft draft;
  std::optional<store::TakeOn> take_on;  // the target's Application, where Argo CD reconciles
  std::vector<std::string> warnings;
  std::string tree;     // oid of the target's tree, as it will be
  std::string summary;  // "5 resources: Deployment web, …"
  size_t resources = 0;
};

struct Flight {
  uint64_t id = 0;
  model::Release release;
  WishPtr wish;
  std::shared_ptr<const Assembled> assembled;
  std::vector<FollowerPtr> followers;
  // Where people have to agree: from the moment that it was rendered once, newer artifacts queue behind it.
  bool under_review = false;
  bool proposes = false;  // the ledger has no open proposal of it
  std::string proposal;   // id of that proposal
  std::string ask;        // id of what the ledger says was asked for, and is not done yet
  bool asks = false;      // it waits, and the ledger does not say so yet
  std::vector<model::Who> approved_by;
};

// The writer has not got it yet.
bool pending(const Flight& flight);
// With a worker or the writer: its lane waits for it.
bool in_hand(const Flight& flight);
// What its followers are told at its end.
Outcome outcome_of(const Flight& flight);
// What an approval of it is bound to.
Bound bound_of(const Assembled& assembled);
// The commit's first digits, or what was asked for where there is none.
std::string short_commit(const Wish& wish);

}  // namespace autonomous::daemon
