// Refs of a repository: reading, and a transaction that moves several or none, durably.
//
// A transaction takes git's own locks (<ref>.lock, packed-refs.lock), so it works beside git processes. Several refs
// are written by one rename of packed-refs: after a power cut all of them moved or none. That file is as long as there
// are tags: who keeps a journal may have a file written for each ref instead. Objects that were written through the
// Repository are flushed first. Same thread rules as Repository.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

struct Ref {
  std::string name;  // refs/heads/main
  Oid oid;
  bool operator==(const Ref&) const = default;
};

// Where the ref points (through symbolic refs); kNotFound.
Result<Oid> read_ref(const Repository& repository, std::string_view name);
// All refs that begin with `prefix`, by name. Symbolic and broken ones are left out.
Result<std::vector<Ref>> list_refs(const Repository& repository, std::string_view prefix = "refs/");
// Which ref HEAD names ("refs/heads/main"), also where that does not exist yet.
Result<std::string> head_of(const Repository& repository);
Result<void> set_head(Repository& repository, std::string_view ref);

struct RefUpdate {
  std::string name;
  Oid oid;                      // zero: delete
  std::optional<Oid> expected;  // zero: must not exist; nothing: whatever is there
};

// What a power cut, or a broken disk, in the middle of a transaction may leave.
enum class CutLeaves : uint8_t {
  kAllOrNone,
  kSome,  // the caller's journal knows the rest; costs the same however many refs there are
};

// All of them or none. kConflict where an expected value is not what is there (the message names the refs and both
// values; nothing was written), kUnavailable (may retry) where another live process holds a lock until the deadline,
// kInvalid for names git refuses and where one name is the folder of another.
// Several tags of which none may exist are not locked one by one: if somebody makes a file of that name at the very
// same moment, the answer is kConflict, the others are there, and git shows theirs. A lock whose owner is gone (the
// same file for `stale_after`, opened by nobody) is removed.
Result<void> update_refs(const Ctx& ctx, Repository& repository, std::vector<RefUpdate> updates,
                         Millis stale_after = Millis(10'000), CutLeaves cut = CutLeaves::kAllOrNone);

// Removes all lock files of a repository (its folder) that no process has open and that nobody touched for `at_least`.
// Zero is for a start, when nobody else may be writing.
std::vector<std::string> remove_stale_locks(const std::string& folder, Millis at_least = Millis(0));

// git's rules for the full name of a ref (git check-ref-format).
bool is_ref_name(std::string_view name);

}  // namespace autonomous::git
