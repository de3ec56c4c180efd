// Repository::update_tree. Not git_tree_create_updated: that refuses to replace a folder by a file, fails where there
// is nothing to remove, keeps folders that became empty, and sorts each folder through a hash map; here only folders
// that change are read, and each once.
#include <algorithm>
#include <map>

#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "gitops/git/internal.h"

namespace autonomous::git {

namespace {

// The updates as a tree of their own. `change` stands for a path itself, `below` for what is under it.
struct Node {
  const TreeUpdate* change = nullptr;
  std::map<std::string, Node, std::less<>> below;
};

Result<void> place(Node& root, const TreeUpdate& update) {
  if (!is_plain_path(update.path)) return fail(Code::kInvalid, "no path for a file in git: ", one_line(update.path));
  Node* at = &root;
  auto parts = split(update.path, '/');
  if (parts.size() > kMostDepth) return fail(Code::kLimit, "a path of more than ", kMostDepth, " folders");
  for (std::string_view part : parts) {
    if (update.oid && !safe_name(part)) return fail(Code::kInvalid, "no safe name for a file in git: ", one_line(part));
    at = &at->below[std::string(part)];
  }
  at->change = &update;
  return ok();
}

bool adds_below(const Node& node) {
  return std::any_of(node.below.begin(), node.below.end(), [](const auto& child) {
    return (child.second.change != nullptr && child.second.change->oid) || adds_below(child.second);
  });
}

class Updater {
 public:
  explicit Updater(Repository& repository) : repository_(repository) {}

  // Nothing: the folder is empty. What stays is never taken apart: of a folder of 500 one entry changes.
  Result<std::optional<Oid>> apply(const std::optional<Oid>& base, const Node& node, const std::string& path) {
    std::string old;
    if (base && *base != empty_tree()) {
      TRY(old, repository_.read(*base, ObjectKind::kTree));
    }
    std::vector<TreeEntry> there;  // of the names that change
    TRY_WITH(std::string bytes, "while reading tree " + base.value_or(Oid()).hex(),
             without_names(
                 old, [&](std::string_view name) { return node.below.contains(name); }, there));
    std::vector<TreeEntry> entries;
    for (const auto& [name, child] : node.below) {
      auto at = std::find_if(there.rbegin(), there.rend(), [&](const TreeEntry& entry) { return entry.name == name; });
      const TreeEntry* now = at == there.rend() ? nullptr : &*at;
      TRY(auto entry, apply_entry(now, name, child, path.empty() ? name : path + "/" + name));
      if (entry) entries.push_back(std::move(*entry));
    }
    if (bytes.empty() && entries.empty()) return std::optional<Oid>();
    TRY(bytes, merge_tree(bytes, std::move(entries)));
    TRY(Oid oid, repository_.write(ObjectKind::kTree, bytes));
    return std::optional<Oid>(oid);
  }

 private:
  Result<std::optional<TreeEntry>> apply_entry(const TreeEntry* there, const std::string& name, const Node& node,
                                               const std::string& path) {
    std::optional<TreeEntry> result;
    if (there != nullptr) result = *there;
    if (node.change != nullptr && !node.change->oid) result.reset();
    if (node.change != nullptr && node.change->oid) {
      bool becomes_tree = node.change->mode == Mode::kTree;
      if (result && result->is_tree() && !becomes_tree && !node.below.empty() && !adds_below(node)) {
        TRY(auto left, apply(result->oid, node, path));
        if (!left) return std::optional<TreeEntry>(TreeEntry{name, node.change->mode, *node.change->oid});
      }
      if (becomes_tree && *node.change->oid == empty_tree() && node.below.empty()) return std::optional<TreeEntry>();
      if (result && result->is_tree() && !becomes_tree)
        return fail(Code::kConflict, "a folder is in the way of the file ", path);
      if (result && !result->is_tree() && becomes_tree)
        return fail(Code::kConflict, "a file is in the way of the folder ", path);
      result = TreeEntry{name, node.change->mode, *node.change->oid};
    }
    if (node.below.empty()) return result;
    if (result && !result->is_tree()) {
      // Removing what is below a file changes nothing; adding there needs the file gone.
      if (!adds_below(node)) return result;
      return fail(Code::kConflict, "a file is in the way of the folder ", path);
    }
    TRY(auto oid, apply(result ? std::optional<Oid>(result->oid) : std::nullopt, node, path));
    if (!oid) return std::optional<TreeEntry>();
    return std::optional<TreeEntry>(TreeEntry{name, Mode::kTree, *oid});
  }

  Repository& repository_;
};

}  // namespace

Result<Oid> Repository::update_tree(const Oid& base, const std::vector<TreeUpdate>& updates) {
  Node root;
  for (const TreeUpdate& update : updates) TRY_DO(place(root, update));
  Updater updater(*this);
  TRY(auto oid, updater.apply(base.is_zero() ? std::nullopt : std::optional<Oid>(base), root, ""));
  return oid ? Result<Oid>(*oid) : write(ObjectKind::kTree, "");
}

}  // namespace autonomous::git
