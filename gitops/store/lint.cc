#include "gitops/store/lint.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/store/layout.h"
#include "gitops/store/message.h"

namespace autonomous::store {

namespace {

constexpr size_t kMostTold = 100;
constexpr size_t kMostAttributed = 10;
constexpr size_t kMaxEntries = 2'000'000;
constexpr int kDeepest = 100;

// "": nothing is wrong with it.
std::string_view wrong_with(std::string_view name, git::Mode mode) {
  if (mode == git::Mode::kLink) return "is a link";
  if (mode == git::Mode::kSubmodule) return "is a submodule";
  return git::safe_name(name) && is_utf8(name) ? "" : "has a name that cannot be checked out everywhere";
}

class Lint {
 public:
  Lint(const git::Repository& repository, const State& state) : repository_(repository), state_(state) {}

  Result<void> folder(const git::Oid& tree, const std::string& path, int depth) {
    TRY(auto entries, repository_.tree(tree));
    seen_ += entries.size();
    if (seen_ > kMaxEntries || depth > kDeepest) return fail(Code::kLimit, "too many files to look at");
    for (const git::TreeEntry& entry : entries) {
      if (found.size() >= kMostTold) return ok();
      std::string below = path.empty() ? entry.name : path + "/" + entry.name;
      std::string_view wrong = wrong_with(entry.name, entry.mode);
      if (!wrong.empty()) found.push_back({below, std::string(wrong), {}, ""});
      else if (entry.is_tree() && !is_released(below, entry.oid)) TRY_DO(folder(entry.oid, below, depth + 1));
    }
    return ok();
  }

  std::vector<UnsafePath> found;

 private:
  // We wrote that ourselves.
  bool is_released(const std::string& path, const git::Oid& tree) const {
    auto target = path.starts_with("apps/") ? model::Target::parse(std::string_view(path).substr(5))
                                            : Result<model::Target>(fail(Code::kInvalid, ""));
    TargetPtr known = target ? state_.find(*target) : nullptr;
    ReleaseRowPtr live = known ? known->live() : nullptr;
    return live && live->target_tree == tree;
  }

  const git::Repository& repository_;
  const State& state_;
  size_t seen_ = 0;
};

void attribute(const git::Repository& repository, const git::Oid& before, const git::Oid& deploy,
               std::vector<UnsafePath>& unsafe) {
  size_t left = kMostAttributed;
  for (UnsafePath& one : unsafe) {
    if (!one.commit.is_zero() || left-- == 0) continue;
    git::WalkOptions options;
    options.path = one.path;
    options.limit = 1;
    if (!before.is_zero()) options.hide.push_back(before);
    auto commits = repository.walk(deploy, options);
    if (!commits || commits->empty()) continue;  // then the remedy says how to find out
    auto commit = repository.commit(commits->front());
    if (!commit) continue;
    one.commit = commits->front();
    one.by = person_text(commit->author);
  }
}

}  // namespace

Result<std::vector<UnsafePath>> lint_branch(const git::Repository& repository, const State& state,
                                            const git::Oid& deploy) {
  TRY(git::Oid tree, repository.peel_tree(deploy));
  Lint lint(repository, state);
  TRY_DO(lint.folder(tree, "", 0));
  attribute(repository, git::Oid(), deploy, lint.found);
  return std::move(lint.found);
}

Result<std::vector<UnsafePath>> lint_changes(const git::Repository& repository, std::vector<UnsafePath> known,
                                             const std::vector<git::PathChange>& changes, const git::Oid& before,
                                             const git::Oid& deploy) {
  for (const git::PathChange& change : changes) {
    std::erase_if(known, [&](const UnsafePath& one) {
      return one.path == change.path || change.path.starts_with(one.path + "/");
    });
    if (change.new_oid.is_zero()) continue;
    std::string_view wrong = wrong_with("file", change.new_mode);
    for (std::string_view part : split(change.path, '/')) {
      if (wrong.empty()) wrong = wrong_with(part, git::Mode::kFile);
    }
    if (!wrong.empty() && known.size() < kMostTold) known.push_back({change.path, std::string(wrong), {}, ""});
  }
  attribute(repository, before, deploy, known);
  return known;
}

std::vector<UnsafePath> still_there(const git::Repository& repository, std::vector<UnsafePath> known,
                                    const git::Oid& deploy) {
  std::erase_if(known, [&](const UnsafePath& one) {
    auto entry = repository.entry(deploy, one.path);
    return !entry && entry.error().code() == Code::kNotFound;
  });
  return known;
}

std::string unsafe_text(const UnsafePath& unsafe, std::string_view branch) {
  std::string text = one_line(unsafe.path, 200) + " on " + std::string(branch) + " " + unsafe.what;
  if (!unsafe.commit.is_zero())
    text += " (commit " + unsafe.commit.short_hex(12) + " by " + one_line(unsafe.by, 200) + ")";
  return text;
}

std::string unsafe_remedy(const UnsafePath& unsafe, std::string_view branch) {
  std::string path = one_line(unsafe.path, 200);
  std::string who =
      unsafe.commit.is_zero() ? "; `git log " + std::string(branch) + " -- '" + path + "'` says who put it there" : "";
  return "Argo CD may refuse the whole repository for it: git rm '" + path + "' on " + std::string(branch) +
         ", and push" + who;
}

}  // namespace autonomous::store
