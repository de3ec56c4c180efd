#include "gitops/git/ref_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

namespace {

constexpr uint64_t kMostPackedBytes = 512u << 20;
constexpr int64_t kRacyNanoseconds = 100'000'000;

struct Stat {
  struct stat info {};
  bool of(const std::string& path) { return ::stat(path.c_str(), &info) == 0; }
};

bool by_name(const PackedRefs::Line& line, std::string_view name) { return line.name < name; }

}  // namespace

Result<PackedRefs> PackedRefs::parse(std::string text) {
  PackedRefs packed;
  packed.text_ = std::make_shared<const std::string>(std::move(text));
  std::string_view rest = *packed.text_;
  bool sorted = true;
  while (!rest.empty()) {
    size_t end = rest.find('\n');
    if (end == std::string_view::npos) return fail(Code::kCorrupt, "packed-refs is cut");
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (starts_with(line, "#")) {
      packed.fully_peeled_ = packed.fully_peeled_ || line.find(" fully-peeled ") != std::string_view::npos ||
                             ends_with(line, " fully-peeled");
      continue;
    }
    Result<Oid> oid = Oid::parse(line.substr(starts_with(line, "^") ? 1 : 0, Oid::kHex));
    if (!oid) return fail(Code::kCorrupt, "packed-refs holds a line that is no ref");
    if (starts_with(line, "^")) {
      if (packed.lines_.empty() || line.size() != Oid::kHex + 1)
        return fail(Code::kCorrupt, "packed-refs holds a line that is no ref");
      packed.lines_.back().peeled = *oid;
      continue;
    }
    if (line.size() < Oid::kHex + 2 || line[Oid::kHex] != ' ')
      return fail(Code::kCorrupt, "packed-refs holds a line that is no ref");
    std::string_view name = line.substr(Oid::kHex + 1);
    sorted = sorted && (packed.lines_.empty() || packed.lines_.back().name < name);
    packed.lines_.push_back({name, *oid, std::nullopt});
  }
  if (!sorted)
    std::sort(packed.lines_.begin(), packed.lines_.end(), [](const Line& a, const Line& b) { return a.name < b.name; });
  return packed;
}

std::optional<Oid> PackedRefs::find(std::string_view name) const {
  auto at = std::lower_bound(lines_.begin(), lines_.end(), name, by_name);
  if (at == lines_.end() || at->name != name) return std::nullopt;
  return at->oid;
}

std::string_view PackedRefs::below(std::string_view name) const {
  std::string folder = std::string(name) + "/";
  auto at = std::lower_bound(lines_.begin(), lines_.end(), std::string_view(folder), by_name);
  return at != lines_.end() && starts_with(at->name, folder) ? at->name : std::string_view();
}

Result<std::optional<std::string>> RefFiles::loose(std::string_view name) const {
  std::string path = common_ + "/" + std::string(name);
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return fail(Code::kUnavailable, "cannot read ", path, ": ", std::strerror(errno)).may_retry();
  }
  char buffer[4096];
  ssize_t got = ::read(fd, buffer, sizeof buffer);
  int error = errno;
  ::close(fd);
  if (got < 0 && error == EISDIR) return std::optional<std::string>();
  if (got < 0) return fail(Code::kUnavailable, "cannot read ", path, ": ", std::strerror(error)).may_retry();
  return std::optional<std::string>(trim({buffer, static_cast<size_t>(got)}));
}

Result<std::optional<Oid>> RefFiles::loose_value(std::string_view name) const {
  TRY(auto text, loose(name));
  if (!text) return std::optional<Oid>();
  if (starts_with(*text, "ref:")) return fail(Code::kInvalid, name, " is a symbolic ref");
  Result<Oid> oid = Oid::parse(*text);
  if (!oid) return fail(Code::kCorrupt, "the file of the ref ", name, " holds no object id");
  return std::optional<Oid>(*oid);
}

Result<std::optional<Oid>> RefFiles::value(std::string_view name) const {
  TRY(auto oid, loose_value(name));
  if (oid) return oid;
  TRY(auto lines, packed());
  return lines->find(name);
}

Result<std::vector<std::string>> RefFiles::loose_names(std::string_view prefix) const {
  std::vector<std::string> names;
  // The deepest whole folder of the prefix.
  std::vector<std::string> folders = {std::string(prefix.substr(0, std::min(prefix.rfind('/'), prefix.size())))};
  while (!folders.empty()) {
    std::string folder = std::move(folders.back());
    folders.pop_back();
    std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir((common_ + "/" + folder).c_str()), ::closedir);
    if (!dir) {
      if (errno == ENOENT || errno == ENOTDIR) continue;
      return fail(Code::kUnavailable, "cannot read ", common_, "/", folder, ": ", std::strerror(errno)).may_retry();
    }
    while (dirent* entry = ::readdir(dir.get())) {
      std::string_view name = entry->d_name;
      if (name.starts_with('.')) continue;
      std::string full = folder + "/" + std::string(name);
      bool is_folder = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
        Stat stat;
        is_folder = stat.of(common_ + "/" + full) && S_ISDIR(stat.info.st_mode);
      }
      if (is_folder && (starts_with(full, prefix) || starts_with(prefix, full))) folders.push_back(full);
      if (!is_folder && starts_with(full, prefix) && !name.ends_with(".lock")) names.push_back(full);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::shared_ptr<const PackedRefs>> RefFiles::packed() const {
  std::string path = common_ + "/packed-refs";
  Stat stat;
  if (!stat.of(path)) {
    if (errno == ENOENT) return std::make_shared<const PackedRefs>();
    return fail(Code::kUnavailable, "cannot read ", path, ": ", std::strerror(errno)).may_retry();
  }
  Stamp stamp{stat.info.st_dev, stat.info.st_ino, stat.info.st_size, stat.info.st_mtim.tv_sec,
              stat.info.st_mtim.tv_nsec};
  if (packed_ && stamp == stamp_) return packed_;
  TRY(std::string text, read_file(path, kMostPackedBytes));
  TRY(PackedRefs parsed, PackedRefs::parse(std::move(text)));
  auto fresh = std::make_shared<const PackedRefs>(std::move(parsed));
  // A file written in this very tick of the file system's clock may be replaced by one with the same stamp: not kept.
  // (The clock of the file system, not one of ours.)
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  int64_t age = (now.tv_sec - stamp.seconds) * 1'000'000'000 + now.tv_nsec - stamp.nanoseconds;
  bool settled = age > kRacyNanoseconds || age < -kRacyNanoseconds;
  packed_ = settled ? fresh : nullptr;
  stamp_ = stamp;
  return fresh;
}

}  // namespace autonomous::git
