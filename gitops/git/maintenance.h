// Upkeep of repositories that we write: their many small packs become few, beside running readers and writers.
#pragma once

#include <cstddef>

#include "gitops/base/ctx.h"
#include "gitops/git/program.h"
#include "gitops/git/repository.h"

namespace autonomous::git {

struct Upkeep {
  size_t packs = 0;
  size_t loose = 0;  // objects; an estimate from one of the 256 folders, as git makes it
};
Result<Upkeep> look_after(const Repository& repository);

// Where there are more than `most_packs` packs or `most_loose` loose objects: rolls small packs and loose objects up
// into larger ones, each at least twice as large as all smaller ones (git repack --geometric=2), so that an object is
// copied O(log n) times in all. Nothing is thrown away, reachable or not. True where there was something to do.
// Loose refs are packed in any case.
Result<bool> tidy(const Ctx& ctx, const GitProgram& git, Repository& repository, size_t most_packs = 50,
                  size_t most_loose = 4000);

// Packs that were cut off while they came in (a limit, a server that hung up, a kill) stay as tmp_pack_… of any size:
// those that nobody has open any more are removed.
void remove_torn_packs(const Repository& repository);

}  // namespace autonomous::git
