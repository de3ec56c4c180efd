// Journal: what is in flight, durably, so that a start after a crash can finish or drop it; and the tips that were seen
// last, so that a rewound branch is noticed. One folder a record; one owner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/oid.h"

namespace autonomous::store {

// The tips of the three branches. Zero: the branch is not there.
struct Tips {
  git::Oid main;
  git::Oid deploy;
  git::Oid ledger;
  bool operator==(const Tips&) const = default;
};

struct Move {
  std::string ref;
  git::Oid from;  // zero: is made
  git::Oid to;
  bool operator==(const Move&) const = default;
};

struct Flight {
  std::vector<Move> moves;
  std::vector<std::string> tags;  // release/…, whose bytes are in the ledger
  bool operator==(const Flight&) const = default;
};

class Journal {
 public:
  static Result<Journal> open(const std::string& folder, const std::string& name);
  // Nothing in flight: nullopt. kCorrupt: not what we wrote (it is written by rename, so this is a broken disk).
  Result<std::optional<Flight>> read() const;
  // fsynced when it returns.
  Result<void> write(const Flight& flight);
  // Not fsynced: what is found again after a power cut is found to be done.
  Result<void> clear();

  // Unknown, lost or torn: nullopt.
  std::optional<Tips> known() const;
  Result<void> remember(const Tips& tips);

 private:
  Journal(std::string flight, std::string known) : flight_(std::move(flight)), known_(std::move(known)) {}
  std::string flight_;
  std::string known_;
};

}  // namespace autonomous::store
