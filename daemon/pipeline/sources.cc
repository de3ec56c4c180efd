#include "daemon/pipeline/sources.h"

#include <dirent.h>

#include <algorithm>
#include <memory>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
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

Result<std::vector<BranchHead>> Sources::heads(const Ctx& ctx, const SourceRepository& source) {
  return source.hosted() ? hosted_heads(source) : mirrored_heads(ctx, source);
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

Result<git::Remote*> Sources::remote_of(const SourceRepository& source) {
  auto known = remotes_.find(source.remote);
  if (known != remotes_.end()) return &known->second;
  git::RemoteSettings settings;
  settings.url = source.remote;
  if (options_.credential) settings.credential = [this, url = source.remote] { return options_.credential(url); };
  TRY(git::Remote remote, git::Remote::make(std::move(settings), options_.git, options_.http));
  return &remotes_.emplace(source.remote, std::move(remote)).first->second;
}

Result<std::vector<BranchHead>> Sources::mirrored_heads(const Ctx& ctx, const SourceRepository& source) {
  TRY(git::Remote * remote, remote_of(source));
  TRY_WITH(auto refs, "while asking " + source.url + " for its branches",
           remote->ls_refs(ctx, {"HEAD", std::string(kHeads)}));
  TRY(git::Repository mirror, open_mirror(source));
  std::vector<BranchHead> heads;
  std::vector<std::string> wanted;
  std::string head;
  for (const git::RemoteRef& ref : refs) {
    if (ref.name == "HEAD") head = ref.symref;
    if (!starts_with(ref.name, kHeads) || !git::is_ref_name(ref.name)) continue;
    heads.push_back({ref.name.substr(kHeads.size()), ref.oid});
    auto here = git::read_ref(mirror, ref.name);
    if (!here || *here != ref.oid) wanted.push_back("+" + ref.name + ":" + ref.name);
  }
  if (!wanted.empty()) {
    auto fetched = remote->fetch(ctx, mirror, wanted);
    if (!fetched) return std::move(fetched).error().with("while fetching " + source.url);
    // It may have moved on between the question and the fetch: what counts is what is here.
    for (BranchHead& branch : heads) {
      auto here = git::read_ref(mirror, std::string(kHeads) + branch.branch);
      if (here) branch.commit = *here;
    }
  }
  std::erase_if(heads, [&](const BranchHead& branch) { return !mirror.has(branch.commit); });
  mark_default(heads, source.branch, head);
  return heads;
}

}  // namespace autonomous::daemon
