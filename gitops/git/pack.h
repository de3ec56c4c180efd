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
// Fewer than 2 GiB in all. No object twice.
Result<void> write_pack(const std::string& objects, const std::vector<PackObject>& list);

}  // namespace autonomous::git
