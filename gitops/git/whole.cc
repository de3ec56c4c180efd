#include "gitops/git/whole.h"

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

constexpr uint64_t kMostBytes = 1u << 20;

// Of a linked worktree, the repository that it belongs to.
std::string common_folder(const std::string& path) {
  auto named = read_file(path + "/commondir", 4096);
  if (!named) return path;
  std::string_view name = trim(*named);
  return name.starts_with('/') ? std::string(name) : path + "/" + std::string(name);
}

// `git clone --filter=…` writes remote.<name>.promisor; older versions extensions.partialClone.
bool is_partial(const std::string& folder) {
  auto config = read_file(folder + "/config", kMostBytes);
  if (!config) return false;
  for (std::string_view line : split(*config, '\n')) {
    std::string lower = to_lower(trim(line));
    if (starts_with(lower, "partialclone ") || starts_with(lower, "partialclone=")) return true;
    if (starts_with(lower, "promisor") && lower.find("false") == std::string::npos) return true;
  }
  return false;
}

}  // namespace

Result<void> expect_whole(const Repository& repository) {
  const std::string& path = repository.path();
  std::string folder = common_folder(path);
  auto shallow = read_file(folder + "/shallow", kMostBytes);
  if (shallow && !trim(*shallow).empty()) {
    return fail(Code::kCorrupt, path,
                " is a shallow clone: its history is cut off, and nothing can be said of what was before")
        .hint("git -C " + path + " fetch --unshallow --tags");
  }
  if (is_partial(folder)) {
    return fail(Code::kCorrupt, path, " is a partial clone (--filter): files that it should have may be missing")
        .hint("clone it again without --filter");
  }
  return ok();
}

}  // namespace autonomous::git
