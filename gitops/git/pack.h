// Writes a pack: many objects in one file, with its index, in git's formats (gitformat-pack(5)), version 2, no deltas.
// Internal to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/object.h"
#include "gitops/git/oid.h"

namespace autonomous::git {

struct PackObject {
  Oid oid;
  ObjectKind kind = ObjectKind::kBlob;
  std::string_view bytes;
};

// Into <objects>/pack, synced: after success the objects survive a power cut. Three fsyncs however many objects.
// Fewer than 2 GiB in all. No object twice. Returns the path of a .keep file beside it: until that is removed, a
// `git repack -ad` or `git gc --prune=now` of somebody else leaves the pack alone, although nothing refers to it yet.
Result<std::string> write_pack(const std::string& objects, const std::vector<PackObject>& list);

// What such a .keep file holds.
inline constexpr std::string_view kKeepText = "autonomous: until its refs are written\n";

}  // namespace autonomous::git
