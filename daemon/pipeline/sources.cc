#include "daemon/pipeline/sources.h"

#include <dirent.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "daemon/pipeline/remotes.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/maintenance.h"
#include "gitops/git/refs.h"

namespace autonomous::daemon {

namespace {

constexpr std::string_view kHeads = "refs/heads/";

std::vector<std::string> hosted_projects(const std::string& folder) {
  std::vector<std::string> projects;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  while (const dirent* item = dir ? ::readdir(dir.get()) : nullptr) {
    std::string_view name = item->d_name;
    if (!ends_with(name, ".git") || name == "gitops.git") continue;
    name.remove_suffix(4);
    if (model::check_name("project", name, model::kMaxProject)) projects.emplace_back(name);
  }
  std::sort(projects.begin(), projects.end());
  return projects;
}

// What the files below a folder hold together, links not followed; files that come and go meanwhile don't matter.
Result<uint64_t> folder_bytes(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  uint64_t bytes = 0;
  auto at = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;
    bool file = at->is_regular_file(gone) && !at->is_symlink(gone);
    uintmax_t size = file ? at->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Code::kInternal, "cannot look through ", path, ": ", error.message());
  return bytes;
}

// Which branch is the default one: the platform's word, what HEAD names, or what it most likely is.
void mark_default(std::vector<BranchHead>& heads, const std::string& wanted, std::string_view head) {
  auto mark = [&](std::string_view name) {
    for (BranchHead& candidate : heads) {
      if (candidate.branch == name) return candidate.is_default = true;
    }
    return false;
  };
  if (!wanted.empty()) {
    mark(wanted);
    return;
  }
  if (starts_with(head, kHeads) && mark(head.substr(kHeads.size()))) return;
  if (mark("main") || mark("master")) return;
  if (heads.size() == 1) heads.front().is_default = true;
}

}  // namespace

std::vector<SourceRepository> Sources::list(const model::Platform& platform) const {
  std::map<std::string, SourceRepository> found;
  for (const std::string& project : hosted_projects(options_.repositories)) {
    found[project] = {project, options_.public_url + "/git/" + project + ".git",
                      "",      options_.repositories + "/" + project + ".git",
                      "",      ""};
  }
  for (const auto& [name, project] : platform.projects) {
    SourceRepository& source = found[name];
    source.project = name;
    source.folder = project.folder;
    source.branch = project.branch;
    if (project.source.empty()) {
      if (!source.path.empty()) continue;  // hosted, and there
      source.url = options_.public_url + "/git/" + name + ".git";
      source.path = options_.repositories + "/" + name + ".git";
    } else {
      source.url = git::url_without_credentials(project.source);
      source.remote = project.source;
      source.path = options_.mirrors + "/" + name + ".git";
    }
  }
  std::vector<SourceRepository> out;
  for (auto& [name, source] : found) out.push_back(std::move(source));
  return out;
}

void Sources::remove_stale_locks() const {
  for (const std::string& project : hosted_projects(options_.repositories)) {
    for (const std::string& lock : git::remove_stale_locks(options_.repositories + "/" + project + ".git"))
      log(Level::kWarning, "removed the lock of a dead process", {{"lock", lock}});
  }
}

Result<std::vector<BranchHead>> Sources::hosted_heads(const SourceRepository& source) const {
  if (!exists(source.path)) return std::vector<BranchHead>{};  // named by the platform, not pushed yet
  TRY(git::Repository repository, git::Repository::open(source.path));
  TRY(std::vector<git::Ref> refs, git::list_refs(repository, kHeads));
  std::vector<BranchHead> heads;
  for (const git::Ref& ref : refs) heads.push_back({ref.name.substr(kHeads.size()), ref.oid});
  TRY(std::string head, git::head_of(repository));
  mark_default(heads, source.branch, head);
  return heads;
}

Result<git::Repository> Sources::open_mirror(const SourceRepository& source) const {
  TRY_DO(make_folders(options_.mirrors));
  if (exists(source.path)) {
    auto opened = git::Repository::open(source.path);
    if (opened) return opened;
    log(Level::kWarning, "the mirror is corrupt and is made again",
        {{"project", source.project}, {"error", opened.error().line()}});
    TRY_DO(remove_all(source.path));
  }
  return git::Repository::init_bare(source.path);
}

Result<void> Sources::discard(const SourceRepository& source) {
  if (source.hosted()) return fail(Code::kInternal, source.path, " is a record, not a mirror");
  return remove_all(source.path);
}

Result<git::Remote*> Sources::remote_of(const SourceRepository& source) {
  TRY(git::RemoteSettings settings, options_.settings(source.remote));
  std::lock_guard lock(mutex_);
  auto known = remotes_.find(source.project);
  if (known != remotes_.end() && same_settings(known->second.settings, settings)) return &known->second.remote;
  TRY(git::Remote remote, git::Remote::make(settings, options_.git, options_.http));
  remotes_.erase(source.project);
  return &remotes_.emplace(source.project, Known{std::move(settings), std::move(remote)}).first->second.remote;
}

Result<Asked> Sources::ask(const Ctx& ctx, const SourceRepository& source) {
  TRY(git::Remote * remote, remote_of(source));
  TRY(auto refs, remote->ls_refs(ctx, {"HEAD", std::string(kHeads)}));
  TRY(git::Repository mirror, open_mirror(source));
  Asked asked;
  for (const git::RemoteRef& ref : refs) {
    if (ref.name == "HEAD") asked.head = ref.symref;
    if (!starts_with(ref.name, kHeads) || !git::is_ref_name(ref.name)) continue;
    asked.heads.push_back({ref.name.substr(kHeads.size()), ref.oid});
    auto here = git::read_ref(mirror, ref.name);
    if (!here || *here != ref.oid || !mirror.has(*here)) asked.wanted.push_back("+" + ref.name + ":" + ref.name);
  }
  mark_default(asked.heads, source.branch, asked.head);
  return asked;
}

Result<std::vector<BranchHead>> Sources::fetch(const Ctx& ctx, const SourceRepository& source, Asked asked) {
  if (asked.wanted.empty()) return std::move(asked.heads);
  TRY(git::Remote * remote, remote_of(source));
  TRY(git::Repository mirror, open_mirror(source));
  if (options_.max_bytes != 0) {
    TRY(uint64_t bytes, folder_bytes(source.path));
    if (bytes > options_.max_bytes) {
      return fail(Code::kLimit, "the mirror of ", source.url, " has ", bytes >> 20,
                  " MiB, and limits.repository of daemon.yaml allows ", options_.max_bytes >> 20)
          .hint("raise the limit, or delete " + source.path + " if much of it is no longer needed");
    }
  }
  TRY_DO(remote->fetch(ctx, mirror, asked.wanted));
  // It may have moved on between the question and the fetch: what counts is what is here.
  for (BranchHead& branch : asked.heads) {
    auto here = git::read_ref(mirror, std::string(kHeads) + branch.branch);
    if (here) branch.commit = *here;
  }
  std::erase_if(asked.heads, [&](const BranchHead& branch) { return !mirror.has(branch.commit); });
  mark_default(asked.heads, source.branch, asked.head);
  // Each fetch leaves a pack or loose objects; what is slow because of it is not worth a failure.
  if (auto tidied = git::tidy(ctx, options_.git, mirror); !tidied)
    log(Level::kWarning, "the mirror could not be tidied",
        {{"project", source.project}, {"error", tidied.error().line()}});
  return std::move(asked.heads);
}

}  // namespace autonomous::daemon
