// Repository: walks, merge bases, differences of trees.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

namespace {

// The oid at `path`, zero where there is nothing.
Result<Oid> oid_at(const Repository::Rep& rep, const Oid& tree, std::string_view path) {
  Result<TreeEntry> found = rep.entry(tree, path);
  if (found) return found->oid;
  if (found.error().code() == Code::kNotFound && rep.pending->has(tree)) return Oid::zero();
  return std::move(found).error();
}

class Differ {
 public:
  Differ(const Repository::Rep& rep, size_t limit) : rep_(rep), limit_(limit) {}

  Result<void> trees(const Oid& a, const Oid& b, const std::string& path, size_t depth) {
    if (a == b) return ok();
    if (depth > kMostDepth) return fail(Code::kLimit, "folders more than ", kMostDepth, " deep: ", one_line(path));
    TRY(auto old, entries(a));
    TRY(auto now, entries(b));
    // By name alone: a file that became a folder is one removal and additions below it.
    std::map<std::string_view, std::pair<const TreeEntry*, const TreeEntry*>> names;
    for (const TreeEntry& entry : old) names[entry.name].first = &entry;
    for (const TreeEntry& entry : now) names[entry.name].second = &entry;
    for (const auto& [name, sides] : names) {
      auto [before, after] = sides;
      if (before != nullptr && after != nullptr && *before == *after) continue;
      TRY_DO(entry(before, after, path.empty() ? std::string(name) : path + "/" + std::string(name), depth));
    }
    return ok();
  }

  Result<void> entry(const TreeEntry* before, const TreeEntry* after, const std::string& path, size_t depth) {
    const TreeEntry* old_tree = before != nullptr && before->is_tree() ? before : nullptr;
    const TreeEntry* new_tree = after != nullptr && after->is_tree() ? after : nullptr;
    const TreeEntry* old_file = old_tree == nullptr ? before : nullptr;
    const TreeEntry* new_file = new_tree == nullptr ? after : nullptr;
    if (old_file != nullptr || new_file != nullptr) {
      if (changes_.size() >= limit_) return fail(Code::kLimit, "more than ", limit_, " paths differ");
      PathChange change;
      change.path = path;
      if (old_file != nullptr) change.old_oid = old_file->oid, change.old_mode = old_file->mode;
      if (new_file != nullptr) change.new_oid = new_file->oid, change.new_mode = new_file->mode;
      changes_.push_back(std::move(change));
    }
    if (old_tree == nullptr && new_tree == nullptr) return ok();
    return trees(old_tree != nullptr ? old_tree->oid : Oid(), new_tree != nullptr ? new_tree->oid : Oid(), path,
                 depth + 1);
  }

  std::vector<PathChange> take() {
    std::sort(changes_.begin(), changes_.end(),
              [](const PathChange& a, const PathChange& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  Result<std::vector<TreeEntry>> entries(const Oid& tree) const {
    if (tree.is_zero()) return std::vector<TreeEntry>();
    return rep_.tree(tree);
  }

  const Repository::Rep& rep_;
  size_t limit_;
  std::vector<PathChange> changes_;
};

// Tells which commits of a walk change a path. A parent is mostly the next commit of the walk: what was read of it is
// kept until then.
class PathFilter {
 public:
  PathFilter(const Repository& repository, std::string path) : repository_(repository), path_(std::move(path)) {}

  Result<bool> wants(const Oid& id) {
    TRY(Known now, known(id));
    kept_.erase(id);
    if (!now.parent) return !now.at.is_zero();
    TRY(Known before, known(*now.parent));
    return now.at != before.at;
  }

 private:
  struct Known {
    std::optional<Oid> parent;
    Oid at;
  };

  Result<Known> known(const Oid& id) {
    if (auto found = kept_.find(id); found != kept_.end()) return found->second;
    TRY(Commit commit, repository_.commit(id));
    Known fresh;
    if (!commit.parents.empty()) fresh.parent = commit.parents[0];
    TRY(fresh.at, oid_at(*repository_.rep(), commit.tree, path_));
    if (kept_.size() > 1000) kept_.clear();
    return kept_[id] = fresh;
  }

  const Repository& repository_;
  std::string path_;
  std::unordered_map<Oid, Known> kept_;
};

}  // namespace

Result<std::optional<Oid>> Repository::merge_base(const Oid& a, const Oid& b) const {
  git_oid raw_a = to_git(a), raw_b = to_git(b), out{};
  int error = git_merge_base(&out, rep_->handle.get(), &raw_a, &raw_b);
  if (error == GIT_ENOTFOUND) {
    git_error_clear();
    for (const Oid& oid : {a, b}) TRY_DO(kind(oid));
    return std::optional<Oid>();
  }
  if (error != 0) return git_failure(error, "looking for a merge base");
  return std::optional<Oid>(from_git(out));
}

Result<bool> Repository::is_ancestor(const Oid& ancestor, const Oid& descendant) const {
  if (ancestor == descendant) return true;
  git_oid raw_ancestor = to_git(ancestor), raw_descendant = to_git(descendant);
  int answer = git_graph_descendant_of(rep_->handle.get(), &raw_descendant, &raw_ancestor);
  if (answer < 0) return git_failure(answer, "comparing commits");
  return answer == 1;
}

Result<std::vector<Oid>> Repository::walk(const Oid& from, const WalkOptions& options) const {
  git_revwalk* raw = nullptr;
  if (int error = git_revwalk_new(&raw, rep_->handle.get()); error != 0) return git_failure(error, "starting a walk");
  RevwalkHandle walk(raw);
  // By time without a need to see all: the first commits come at once. Topological order reads the whole range.
  git_revwalk_sorting(raw, options.oldest_first ? GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE : GIT_SORT_TIME);
  if (options.first_parent) git_revwalk_simplify_first_parent(raw);
  git_oid oid = to_git(from);
  if (int error = git_revwalk_push(raw, &oid); error != 0) return git_failure(error, "walking from " + from.hex());
  for (const Oid& hidden : options.hide) {
    oid = to_git(hidden);
    if (int error = git_revwalk_hide(raw, &oid); error != 0) return git_failure(error, "walking up to " + hidden.hex());
  }
  std::vector<Oid> found;
  PathFilter filter(*this, options.path);
  while (options.limit == 0 || found.size() < options.limit) {
    int error = git_revwalk_next(&oid, raw);
    if (error == GIT_ITEROVER) break;
    if (error != 0) return git_failure(error, "walking from " + from.hex());
    if (!options.path.empty()) {
      TRY(bool wanted, filter.wants(from_git(oid)));
      if (!wanted) continue;
    }
    found.push_back(from_git(oid));
  }
  git_error_clear();
  return found;
}

Result<Oid> Repository::commit_of_line(const Oid& at, const std::string& path, uint32_t line) const {
  TRY(TreeEntry file, entry(at, path));
  TRY(std::string text, blob(file.oid));
  auto lines = std::count(text.begin(), text.end(), '\n') + (text.empty() || text.back() == '\n' ? 0 : 1);
  if (line == 0 || line > lines)
    return fail(Code::kNotFound, one_line(path), " has no line ", line, " at ", at.short_hex());
  git_blame_options options = GIT_BLAME_OPTIONS_INIT;
  options.newest_commit = to_git(at);
  options.min_line = options.max_line = line;
  git_blame* raw = nullptr;
  if (int error = git_blame_file(&raw, rep_->handle.get(), path.c_str(), &options); error != 0)
    return git_failure(error, "looking who wrote line " + std::to_string(line) + " of " + one_line(path));
  BlameHandle blame(raw);
  const git_blame_hunk* hunk = git_blame_get_hunk_byline(raw, line);
  if (hunk == nullptr) return fail(Code::kNotFound, one_line(path), " has no line ", line, " at ", at.short_hex());
  return from_git(hunk->final_commit_id);
}

Result<std::vector<PathChange>> Repository::diff_paths(const Oid& a, const Oid& b, std::string_view folder,
                                                       size_t max_changes) const {
  auto top = [&](const Oid& oid) -> Result<std::optional<TreeEntry>> {
    if (oid.is_zero()) return std::optional<TreeEntry>();
    TRY(Oid tree, peel_tree(oid));
    Result<TreeEntry> found = rep_->entry(tree, folder);
    if (found) return std::optional<TreeEntry>(*std::move(found));
    if (found.error().code() == Code::kNotFound && !folder.empty()) return std::optional<TreeEntry>();
    return std::move(found).error();
  };
  TRY(auto before, top(a));
  TRY(auto after, top(b));
  if (!before && !after) return std::vector<PathChange>();
  Differ differ(*rep_, max_changes);
  if (!(before && after && before->oid == after->oid && before->mode == after->mode)) {
    TRY_DO(differ.entry(before ? &*before : nullptr, after ? &*after : nullptr, std::string(folder), 0));
  }
  return differ.take();
}

}  // namespace autonomous::git
