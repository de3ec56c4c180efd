#include "gitops/git/whole.h"

#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

constexpr uint64_t kMostBytes = 1u << 20;

// Of a worktree, its repository; of a linked one, that which it belongs to.
std::string common_folder(std::string path) {
  constexpr std::string_view kLink = "gitdir: ";
  if (auto link = read_file(path + "/.git", 4096); link && link->starts_with(kLink)) {
    path = std::string(trim(std::string_view(*link).substr(kLink.size())));
  } else if (exists(path + "/.git/HEAD")) {
    path += "/.git";
  }
  auto named = read_file(path + "/commondir", 4096);
  if (!named) return path;
  std::string_view name = trim(*named);
  return name.starts_with('/') ? std::string(name) : path + "/" + std::string(name);
}

bool has_branch(const std::string& folder, const std::string& branch) {
  auto packed = read_file(folder + "/packed-refs", 512u << 20);
  for (const char* place : {"refs/heads/", "refs/remotes/origin/"}) {
    std::string ref = place + branch;
    if (exists(folder + "/" + ref) || (packed && packed->find(" " + ref + "\n") != std::string::npos)) return true;
  }
  return false;
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

Result<void> expect_whole(const std::string& path, const std::string& branch) {
  std::string folder = common_folder(path);
  if (!branch.empty() && !has_branch(folder, branch)) return ok();
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
