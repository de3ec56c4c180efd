#include "gitops/base/text.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

void init_libgit2() {
  static const bool ready = [] {
    git_libgit2_init();
    // Only a repository's own configuration counts: what a user has set must not change what we write.
    for (int level :
         {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    // git refuses repositories of other users because their configuration can name programs to run; libgit2 runs none,
    // and an auditor may read somebody else's clone.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // The default is 256 MB; what we read often are small trees and commits.
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(32 << 20));
    return true;
  }();
  (void)ready;
}

Error git_failure(int returned, std::string_view doing) {
  const git_error* last = git_error_last();
  std::string words = last != nullptr && last->message != nullptr ? one_line(last->message) : "no reason given";
  int kind = last != nullptr ? last->klass : GIT_ERROR_NONE;
  git_error_clear();
  Code code = Code::kCorrupt;
  if (returned == GIT_ENOTFOUND) code = Code::kNotFound;
  if (returned == GIT_EAMBIGUOUS || returned == GIT_EEXISTS) code = Code::kConflict;
  if (returned == GIT_EINVALIDSPEC || returned == GIT_EINVALID) code = Code::kInvalid;
  if (kind == GIT_ERROR_NOMEMORY) code = Code::kLimit;
  if (kind == GIT_ERROR_OS && code == Code::kCorrupt) code = Code::kUnavailable;
  return fail(code, doing, ": ", words).may_retry(code == Code::kUnavailable);
}

}  // namespace autonomous::git
