#include "gitops/git/pending.h"

#include <git2/sys/odb_backend.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "gitops/git/internal.h"
#include "gitops/git/pack.h"

namespace autonomous::git {

namespace {

// Memory is bounded: beyond this, what waits goes to disk early. Objects without a ref hurt nobody.
constexpr size_t kMostWaiting = 64u << 20;
constexpr uint64_t kNoLimit = UINT64_MAX;

}  // namespace

// What libgit2 calls. The struct comes first, so that a pointer to it is a pointer to us. No exception leaves.
struct Pending::Backend {
  git_odb_backend base;
  std::shared_ptr<Pending> owner;

  static Backend* of(git_odb_backend* backend) { return reinterpret_cast<Backend*>(backend); }

  static int returned(const Error& error) {
    return error.code() == Code::kNotFound   ? GIT_ENOTFOUND
           : error.code() == Code::kConflict ? GIT_EAMBIGUOUS
                                             : GIT_EUSER;
  }

  static int read(void** data, size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) {
    try {
      Result<RawObject> found = of(backend)->owner->read(from_git(*oid), kNoLimit);
      if (!found) return returned(found.error());
      *data = git_odb_backend_data_alloc(backend, found->bytes.size() + 1);
      if (*data == nullptr) return GIT_EUSER;
      std::memcpy(*data, found->bytes.c_str(), found->bytes.size() + 1);
      *size = found->bytes.size();
      *type = static_cast<git_object_t>(found->kind);
      return 0;
    } catch (...) {
      return GIT_EUSER;
    }
  }

  static int read_header(size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) {
    try {
      Result<Header> found = of(backend)->owner->header(from_git(*oid));
      if (!found) return returned(found.error());
      *size = found->size;
      *type = static_cast<git_object_t>(found->kind);
      return 0;
    } catch (...) {
      return GIT_EUSER;
    }
  }

  static int write(git_odb_backend* backend, const git_oid*, const void* data, size_t size, git_object_t type) {
    try {
      auto kind = static_cast<ObjectKind>(type);
      return of(backend)->owner->write(kind, {static_cast<const char*>(data), size}) ? 0 : GIT_EUSER;
    } catch (...) {
      return GIT_EUSER;
    }
  }

  static int exists(git_odb_backend* backend, const git_oid* oid) {
    try {
      return of(backend)->owner->has(from_git(*oid)) ? 1 : 0;
    } catch (...) {
      return 0;
    }
  }

  static void free(git_odb_backend* backend) { delete of(backend); }
};

Result<std::shared_ptr<Pending>> Pending::open(std::string objects) {
  init_libgit2();
  std::shared_ptr<Pending> pending(new Pending(std::move(objects)));
  TRY_DO(pending->reopen());
  return pending;
}

Result<void> Pending::reopen() const {
  git_odb* raw = nullptr;
  if (int error = git_odb_open(&raw, objects_.c_str()); error != 0) return git_failure(error, "opening " + objects_);
  std::lock_guard lock(mutex_);
  disk_ = std::shared_ptr<git_odb>(raw, git_odb_free);
  return ok();
}

std::shared_ptr<git_odb> Pending::disk() const {
  std::lock_guard lock(mutex_);
  return disk_;
}

Result<git_odb*> Pending::database() {
  git_odb* raw = nullptr;
  if (int error = git_odb_new(&raw); error != 0) return git_failure(error, "making an object database");
  OdbHandle odb(raw);
  auto backend = std::make_unique<Backend>();
  git_odb_init_backend(&backend->base, GIT_ODB_BACKEND_VERSION);
  backend->owner = shared_from_this();
  backend->base.read = Backend::read;
  backend->base.read_header = Backend::read_header;
  backend->base.write = Backend::write;
  backend->base.exists = Backend::exists;
  backend->base.free = Backend::free;
  if (int error = git_odb_add_backend(odb.get(), &backend->base, 1); error != 0)
    return git_failure(error, "adding a backend");
  (void)backend.release();  // the database's now
  return odb.release();
}

Result<RawObject> Pending::read(const Oid& oid, uint64_t max_bytes) const {
  {
    std::lock_guard lock(mutex_);
    if (auto at = waiting_.find(oid); at != waiting_.end()) {
      if (at->second.bytes.size() > max_bytes)
        return fail(Code::kLimit, "object ", oid.hex(), " has more than ", max_bytes, " bytes");
      return RawObject{at->second.kind, at->second.bytes};
    }
  }
  git_oid raw = to_git(oid);
  for (bool again = false;; again = true) {
    std::shared_ptr<git_odb> odb = disk();
    // The size first: what others wrote may be larger than our memory.
    size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    git_odb_object* object = nullptr;
    int error = git_odb_read_header(&size, &type, odb.get(), &raw);
    if (error == 0 && size > max_bytes) {
      return fail(Code::kLimit, "object ", oid.hex(), " has ", size, " bytes; the limit is ", max_bytes);
    }
    if (error == 0) error = git_odb_read(&object, odb.get(), &raw);
    if (error == 0) {
      OdbObjectHandle held(object);
      std::string_view bytes(static_cast<const char*>(git_odb_object_data(object)), git_odb_object_size(object));
      return RawObject{static_cast<ObjectKind>(git_odb_object_type(object)), std::string(bytes)};
    }
    if (error == GIT_ENOTFOUND) return fail(Code::kNotFound, "no object ", oid.hex());
    // A repack of another process may have taken the pack away from under us: look afresh, once.
    if (again) return git_failure(error, "reading object " + oid.hex());
    TRY_DO(reopen());
  }
}

Result<Pending::Header> Pending::header(const Oid& oid) const {
  {
    std::lock_guard lock(mutex_);
    if (auto at = waiting_.find(oid); at != waiting_.end()) return Header{at->second.kind, at->second.bytes.size()};
  }
  git_oid raw = to_git(oid);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  int error = git_odb_read_header(&size, &type, disk().get(), &raw);
  if (error != 0 && error != GIT_ENOTFOUND) {
    TRY_DO(reopen());
    error = git_odb_read_header(&size, &type, disk().get(), &raw);
  }
  if (error == GIT_ENOTFOUND) return fail(Code::kNotFound, "no object ", oid.hex());
  if (error != 0) return git_failure(error, "reading object " + oid.hex());
  return Header{static_cast<ObjectKind>(type), size};
}

Result<ObjectKind> Pending::kind(const Oid& oid) const {
  TRY(Header found, header(oid));
  return found.kind;
}

Result<uint64_t> Pending::size(const Oid& oid) const {
  TRY(Header found, header(oid));
  return found.size;
}

bool Pending::has(const Oid& oid) const {
  {
    std::lock_guard lock(mutex_);
    if (waiting_.contains(oid)) return true;
  }
  git_oid raw = to_git(oid);
  return git_odb_exists(disk().get(), &raw) == 1;
}

Result<Oid> Pending::find_prefix(std::string_view hex) const {
  std::vector<Oid> found;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [oid, object] : waiting_) {
      if (oid.hex().substr(0, hex.size()) == hex) found.push_back(oid);
    }
  }
  git_oid prefix{}, full{};
  if (git_oid_fromstrn(&prefix, hex.data(), hex.size()) != 0) return fail(Code::kInvalid, "no object id: ", hex);
  int error = git_odb_exists_prefix(&full, disk().get(), &prefix, hex.size());
  if (error == 0) found.push_back(from_git(full));
  if (error == GIT_EAMBIGUOUS || found.size() > 1) return fail(Code::kConflict, "several objects begin with ", hex);
  if (found.empty() && (error == GIT_ENOTFOUND || error == 0))
    return fail(Code::kNotFound, "no object begins with ", hex);
  if (found.empty()) return git_failure(error, "looking for " + std::string(hex));
  return found[0];
}

Result<Oid> Pending::write(ObjectKind kind, std::string_view bytes) {
  Oid oid = hash_object(kind, bytes);
  if (oid.is_zero()) return fail(Code::kDenied, "these bytes are part of a collision attack on SHA-1");
  // Without a refresh: looking at the pack folder for each new object would take longer than all else. Of commits and
  // tags none is ever there already, and a second copy of one would hurt nobody.
  bool may_be_there = kind == ObjectKind::kBlob || kind == ObjectKind::kTree;
  if (may_be_there) {
    git_oid raw = to_git(oid);
    std::shared_ptr<git_odb> odb = disk();
    if (git_odb_exists_ext(odb.get(), &raw, GIT_ODB_LOOKUP_NO_REFRESH) == 1) return oid;
  }
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    auto [at, is_new] = waiting_.try_emplace(oid, Object{kind, std::string(bytes)});
    if (!is_new) return oid;
    order_.push_back(oid);
    bytes_ += bytes.size();
    full = bytes_ > kMostWaiting;
  }
  if (full) TRY_DO(store());
  return oid;
}

Result<void> Pending::store() {
  std::vector<PackObject> list;
  std::lock_guard lock(mutex_);
  if (order_.empty()) return ok();
  list.reserve(order_.size());
  for (const Oid& oid : order_) {
    const Object& object = waiting_.at(oid);
    list.push_back({oid, object.kind, object.bytes});
  }
  TRY(std::string keep, write_pack(objects_, list));
  kept_.push_back(std::move(keep));
  if (int error = git_odb_refresh(disk_.get()); error != 0) return git_failure(error, "looking at the new pack");
  waiting_.clear();
  order_.clear();
  bytes_ = 0;
  return ok();
}

void Pending::discard() {
  std::lock_guard lock(mutex_);
  waiting_.clear();
  order_.clear();
  bytes_ = 0;
}

// A release's tag is stored with its branches, and gets its ref in the transaction after theirs: what was stored is
// kept over two of them. An empty name in kept_ stands between the one before and now.
void Pending::let_go() {
  std::lock_guard lock(mutex_);
  auto before = std::find(kept_.begin(), kept_.end(), std::string());
  if (before != kept_.end()) {
    for (auto keep = kept_.begin(); keep != before; ++keep) ::unlink(keep->c_str());
    kept_.erase(kept_.begin(), before + 1);
  }
  kept_.emplace_back();
}

void Pending::refresh() { git_odb_refresh(disk().get()); }

}  // namespace autonomous::git
