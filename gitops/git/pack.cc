#include "gitops/git/pack.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gitops/base/file.h"

namespace autonomous::git {

namespace {

void put_be32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::string sha1(std::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// One deflate state for all objects: making one allocates 256 KB.
class Deflater {
 public:
  Deflater() { ready_ = deflateInit(&stream_, Z_BEST_SPEED) == Z_OK; }  // a later repack compresses better
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  bool append(std::string_view bytes, std::string& out) {
    if (!ready_ || deflateReset(&stream_) != Z_OK) return false;
    size_t start = out.size();
    out.resize(start + deflateBound(&stream_, bytes.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + start);
    stream_.avail_out = static_cast<uInt>(out.size() - start);
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return false;
    out.resize(out.size() - stream_.avail_out);
    return true;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

struct Placed {
  Oid oid;
  uint32_t crc = 0;
  uint32_t offset = 0;
};

void put_entry_header(std::string& out, ObjectKind kind, size_t size) {
  uint8_t byte = static_cast<uint8_t>(static_cast<unsigned>(kind) << 4 | (size & 15));
  for (size >>= 4; size != 0; size >>= 7) {
    out += static_cast<char>(byte | 0x80);
    byte = size & 0x7f;
  }
  out += static_cast<char>(byte);
}

std::string index_bytes(std::vector<Placed> placed, std::string_view pack_digest) {
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) { return a.oid < b.oid; });
  std::string index("\377tOc", 4);
  put_be32(index, 2);
  size_t at = 0;
  for (unsigned first = 0; first < 256; ++first) {
    while (at < placed.size() && placed[at].oid.data()[0] <= first) ++at;
    put_be32(index, static_cast<uint32_t>(at));
  }
  for (const Placed& object : placed) index += object.oid.bytes();
  for (const Placed& object : placed) put_be32(index, object.crc);
  for (const Placed& object : placed) put_be32(index, object.offset);
  index += pack_digest;
  index += sha1(index);
  return index;
}

// A file under a temporary name, synced. Not one of git's own: `git gc --prune=now` removes those under our hands. A
// start removes what is left of us.
Result<void> write_synced(const std::string& path, std::string_view bytes) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (fd < 0) return fail(Code::kUnavailable, "cannot make ", path, ": ", std::strerror(errno)).may_retry();
  int error = 0;
  while (!bytes.empty() && error == 0) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) error = errno;
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0) return ok();
  ::unlink(path.c_str());
  return fail(Code::kUnavailable, "cannot write ", path, ": ", std::strerror(error)).may_retry();
}

Result<void> move_into_place(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return ok();
  Error error = fail(Code::kUnavailable, "cannot rename ", from, ": ", std::strerror(errno)).may_retry();
  ::unlink(from.c_str());
  return error;
}

}  // namespace

Result<std::string> write_pack(const std::string& objects, const std::vector<PackObject>& list) {
  std::string pack = "PACK";
  put_be32(pack, 2);
  put_be32(pack, static_cast<uint32_t>(list.size()));
  std::vector<Placed> placed;
  placed.reserve(list.size());
  Deflater deflater;
  for (const PackObject& object : list) {
    size_t start = pack.size();
    put_entry_header(pack, object.kind, object.bytes.size());
    if (!deflater.append(object.bytes, pack)) return fail(Code::kInternal, "zlib cannot compress an object");
    if (pack.size() >= 0x7fffffff) return fail(Code::kLimit, "more than 2 GiB in one pack");
    uint32_t crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(pack.data() + start), static_cast<uInt>(pack.size() - start)));
    placed.push_back({object.oid, crc, static_cast<uint32_t>(start)});
  }
  std::string digest = sha1(pack);
  pack += digest;
  std::string folder = objects + "/pack";
  std::string base = folder + "/pack-" + Oid::from_bytes(digest.data()).hex();
  // The same objects in the same order make the same pack: it is there already, synced when it was made.
  std::string keep = base + ".keep";
  TRY_DO(write_file(keep, kKeepText));
  if (exists(base + ".idx") && exists(base + ".pack")) {
    TRY_DO(sync_folder(folder));
    return keep;
  }
  std::string temporary =
      folder + "/incoming-" + std::to_string(::getpid()) + "_" + Oid::from_bytes(digest.data()).hex();
  ::unlink(temporary.c_str());
  ::unlink((temporary + "_idx").c_str());
  TRY_DO(write_synced(temporary, pack));
  if (Result<void> done = write_synced(temporary + "_idx", index_bytes(std::move(placed), digest)); !done) {
    ::unlink(temporary.c_str());
    return std::move(done).error();
  }
  // The pack first: git believes an index, and then wants the pack.
  if (Result<void> done = move_into_place(temporary, base + ".pack"); !done) {
    ::unlink((temporary + "_idx").c_str());
    return std::move(done).error();
  }
  TRY_DO(move_into_place(temporary + "_idx", base + ".idx"));
  TRY_DO(sync_folder(folder));
  return keep;
}

}  // namespace autonomous::git
