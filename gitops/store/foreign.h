// What others changed on deploy, by content: the net effect on each target, never what a message says (design.md §4).
#pragma once

#include <string>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"
#include "gitops/store/record.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// What a tree that the target was not left with is: release `to` again, drift, nothing at all. Pure. `target`: null
// before its first entry.
ForeignChange::Kind kind_of(const TargetState* target, const git::Oid& tree, uint32_t& to);

struct ForeignScan {
  std::vector<ForeignChange> changes;    // by target
  std::vector<std::string> other_paths;  // outside of every target's folder
  std::vector<UnsafePath> unsafe;        // what stands on deploy and hurts who reads it
};

// checked: the commit up to which all is known to agree with `state`; zero: everything is compared.
Result<ForeignScan> find_foreign(const git::Repository& repository, const State& state, const git::Oid& checked,
                                 const git::Oid& deploy);

}  // namespace autonomous::store
