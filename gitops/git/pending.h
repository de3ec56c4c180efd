// Pending: the object database of a Repository: objects not yet on disk, in front of libgit2's own database.
//
// libgit2 writes every object as a loose file at once; a durable batch would need a sync for each. Here they wait in
// memory, and store() makes one pack of them. Thread-safe. Internal to this module.
#pragma once

#include <git2.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/object.h"
#include "gitops/git/oid.h"

namespace autonomous::git {

// An object as it was read.
struct RawObject {
  ObjectKind kind = ObjectKind::kBlob;
  std::string bytes;
};

class Pending : public std::enable_shared_from_this<Pending> {
 public:
  // `objects`: the objects folder of a repository.
  static Result<std::shared_ptr<Pending>> open(std::string objects);

  // The database to give to libgit2; keeps this object alive. The caller frees it.
  Result<git_odb*> database();

  Result<RawObject> read(const Oid& oid, uint64_t max_bytes) const;
  Result<ObjectKind> kind(const Oid& oid) const;
  Result<uint64_t> size(const Oid& oid) const;
  bool has(const Oid& oid) const;
  Result<Oid> find_prefix(std::string_view hex) const;
  // Keeps the object unless it is there already.
  Result<Oid> write(ObjectKind kind, std::string_view bytes);
  // As one synced pack onto the disk.
  Result<void> store();
  void discard();
  // What was stored is referred to now, or will never be: others may pack it up.
  void let_go();
  ~Pending() { let_go(); }
  void refresh();
  // The database on disk anew: packs that are gone are let go.
  Result<void> reopen() const;

 private:
  struct Backend;
  struct Header {
    ObjectKind kind;
    uint64_t size;
  };
  struct Object {
    ObjectKind kind;
    std::string bytes;
  };
  explicit Pending(std::string objects) : objects_(std::move(objects)) {}
  Result<Header> header(const Oid& oid) const;
  std::shared_ptr<git_odb> disk() const;

  std::string objects_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<git_odb> disk_;  // replaced by reopen()
  std::unordered_map<Oid, Object> waiting_;
  std::vector<Oid> order_;
  size_t bytes_ = 0;
  std::vector<std::string> kept_;  // .keep files of packs that were stored
};

}  // namespace autonomous::git
