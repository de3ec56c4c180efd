#include "gitops/git/maintenance.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "gitops/base/text.h"
#include "gitops/git/internal.h"
#include "gitops/git/ref_files.h"

namespace autonomous::git {

namespace {

Result<size_t> count_files(const std::string& folder, std::string_view suffix) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir && errno == ENOENT) return size_t{0};
  if (!dir) return fail(Code::kUnavailable, "cannot read ", folder, ": ", std::strerror(errno)).may_retry();
  size_t count = 0;
  while (dirent* entry = ::readdir(dir.get())) {
    std::string_view name = entry->d_name;
    if (!name.starts_with('.') && ends_with(name, suffix)) ++count;
  }
  return count;
}

}  // namespace

Result<Upkeep> look_after(const Repository& repository) {
  const std::string objects = repository.rep()->common + "/objects";
  Upkeep found;
  TRY(found.packs, count_files(objects + "/pack", ".pack"));
  TRY(size_t some, count_files(objects + "/17", ""));
  found.loose = some * 256;
  return found;
}

void remove_torn_packs(const Repository& repository) {
  const std::string folder = repository.rep()->common + "/objects/pack";
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir) return;
  while (dirent* entry = ::readdir(dir.get())) {
    std::string_view name = entry->d_name;
    bool ours = starts_with(name, "tmp_pack_") || starts_with(name, "tmp_idx_") || starts_with(name, "tmp_rev_");
    struct stat info {};
    if (!ours || ::fstatat(::dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!is_open_somewhere(info.st_dev, info.st_ino)) ::unlinkat(::dirfd(dir.get()), entry->d_name, 0);
  }
}

Result<bool> tidy(const Ctx& ctx, const GitProgram& git, Repository& repository, size_t most_packs, size_t most_loose) {
  TRY_DO(repository.flush());
  // Each release alone leaves a tag in a file of its own, and whoever fetches reads them all.
  GitCall refs;
  refs.folder = repository.path();
  refs.args = {"pack-refs", "--all"};
  refs.config = {{"core.fsync", "all"}};
  TRY_WITH(std::string packed, "while packing the refs of " + repository.path(), git_output(ctx, git, refs));
  TRY(Upkeep found, look_after(repository));
  if (found.packs <= most_packs && found.loose <= most_loose) return false;
  GitCall call;
  call.folder = repository.path();
  call.args = {"repack", "-d", "-l", "-q", "--geometric=2", "--no-write-bitmap-index"};
  call.config = {{"core.fsync", "all"}, {"pack.threads", "1"}};
  TRY_WITH(std::string out, "while repacking " + repository.path(), git_output(ctx, git, call));
  // Whatever comes, the old packs' files are let go: their space is free only then.
  TRY_DO(repository.rep()->pending->reopen());
  return true;
}

}  // namespace autonomous::git
