// Index: a folded State on disk, so that a start needs not read the whole ledger. A cache: it may be deleted at any
// time, is used only where the ledger's tip descends from what it was folded from, and is equal to a fold of git, byte
// for byte (`autonomous doctor --deep`). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "gitops/git/repository.h"
#include "gitops/store/journal.h"
#include "gitops/store/state.h"

namespace autonomous::store {

// What an index begins with. The number is another one where other bytes follow.
inline constexpr std::string_view kIndexMagic = "autonomous index 5\n";

// The same for equal states. kInvalid for a state that cannot stand in an index.
Result<std::string> index_bytes(const State& state);
// kCorrupt for bytes that are not an index of this version.
Result<StatePtr> parse_index(std::string bytes);

Result<void> save_index(const std::string& file, const State& state);
// Null where there is none, or none that can be used; damaged ones are said in the log.
StatePtr load_index(const std::string& file);

// What the ledger says at the tips, from what is known (null: nothing) and what came since.
Result<StatePtr> fold_from(const StatePtr& known, const git::Repository& repository, const Tips& tips);

// Folds git from the beginning and compares. An error: the index is wrong, or git cannot be read.
Result<void> prove_index(const std::string& file, const git::Repository& repository);

}  // namespace autonomous::store
