// Journal: what is in flight, durably, so that a start after a crash can finish or drop it; and the tips that were seen
// last, so that a rewound branch is noticed. One folder a record; one owner.
#pragma once

#include <array>
#include <cstdint>
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
  // Nothing in flight: nullopt. kCorrupt: not what we wrote, and no half of it: a broken disk.
  Result<std::optional<Flight>> read() const;
  // fsynced when it returns.
  Result<void> write(const Flight& flight);
  // Not fsynced: what is found again after a power cut is found to be done.
  Result<void> clear();

  // Unknown, lost or torn: nullopt.
  std::optional<Tips> known() const;
  Result<void> remember(const Tips& tips);

 private:
  // Two files in turn, each written over in place: one sync instead of two, and what was there stays until the next one
  // is whole.
  struct Slot {
    std::string file;
    bool there = false;     // and its name is durable
    uint64_t sequence = 0;  // 0: nothing that counts
  };
  Journal(std::string base, std::string known)
      : slots_{Slot{base + ".json"}, Slot{base + "-2.json"}}, known_(std::move(known)) {}
  static Result<std::optional<Flight>> read(Slot& slot);
  Result<void> put(const Flight& flight, bool synced);
  std::array<Slot, 2> slots_;
  std::string known_;
};

}  // namespace autonomous::store
