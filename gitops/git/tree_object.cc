#include <algorithm>
#include <string>

#include "gitops/base/text.h"
#include "gitops/git/internal.h"
#include "gitops/git/object.h"

namespace autonomous::git {

namespace {

// git sorts a folder as if its name ended in '/'.
int compare_names(std::string_view a, bool a_is_tree, std::string_view b, bool b_is_tree) {
  size_t common = std::min(a.size(), b.size());
  if (int order = a.substr(0, common).compare(b.substr(0, common)); order != 0) return order;
  auto next = [common](std::string_view name, bool tree) -> int {
    if (name.size() > common) return static_cast<unsigned char>(name[common]);
    return tree ? '/' : 0;
  };
  return next(a, a_is_tree) - next(b, b_is_tree);
}

bool entry_less(const TreeEntry& a, const TreeEntry& b) {
  return compare_names(a.name, a.is_tree(), b.name, b.is_tree()) < 0;
}

// A file of the same name as a folder need not stand beside it: "a", "a.b", "a/".
bool has_file(const std::vector<TreeEntry>& sorted, std::string_view name) {
  auto at = std::lower_bound(sorted.begin(), sorted.end(), name, [](const TreeEntry& entry, std::string_view wanted) {
    return compare_names(entry.name, entry.is_tree(), wanted, false) < 0;
  });
  return at != sorted.end() && at->name == name && !at->is_tree();
}

bool parse_mode(std::string_view text, Mode& mode) {
  if (text.empty() || text.size() > 7) return false;
  uint32_t bits = 0;
  for (char c : text) {
    if (c < '0' || c > '7') return false;
    bits = bits * 8 + static_cast<uint32_t>(c - '0');
  }
  switch (bits & 0170000) {
    case 0040000: mode = Mode::kTree; return true;
    case 0120000: mode = Mode::kLink; return true;
    case 0160000: mode = Mode::kSubmodule; return true;
    case 0100000: mode = (bits & 0100) != 0 ? Mode::kExecutable : Mode::kFile; return true;
    default: return false;
  }
}

// An entry as it stands in the bytes of a tree.
struct RawEntry {
  std::string_view bytes;  // all of it
  std::string_view name;
  Mode mode = Mode::kFile;
  bool is_tree() const { return mode == Mode::kTree; }
};

Result<RawEntry> next_entry(std::string_view& rest) {
  size_t space = rest.substr(0, 8).find(' ');
  size_t end = rest.find('\0');
  if (space == std::string_view::npos || end == std::string_view::npos || end < space ||
      rest.size() - end - 1 < Oid::kBytes) {
    return fail(Code::kCorrupt, "a tree is cut or no tree");
  }
  RawEntry entry{rest.substr(0, end + 1 + Oid::kBytes), rest.substr(space + 1, end - space - 1)};
  if (!parse_mode(rest.substr(0, space), entry.mode))
    return fail(Code::kCorrupt, "a tree's entry has a mode that git doesn't know");
  if (entry.name.empty() || entry.name.find('/') != std::string_view::npos)
    return fail(Code::kCorrupt, "a tree's entry has no proper name");
  rest.remove_prefix(entry.bytes.size());
  return entry;
}

// Behind `sorted` may come `entry`. A file of the name of a folder stands among those before it that begin like it.
Result<void> check_follows(const std::vector<RawEntry>& sorted, const RawEntry& entry) {
  if (sorted.empty()) return ok();
  if (compare_names(sorted.back().name, sorted.back().is_tree(), entry.name, entry.is_tree()) >= 0)
    return fail(Code::kCorrupt, "a tree's entries are not in order");
  for (auto at = sorted.rbegin(); at != sorted.rend() && at->name.starts_with(entry.name); ++at) {
    if (at->name == entry.name) return fail(Code::kCorrupt, "a tree holds ", one_line(entry.name), " twice");
  }
  return ok();
}

void put_entry(std::string& bytes, const TreeEntry& entry) {
  switch (entry.mode) {
    case Mode::kTree: bytes += "40000 "; break;
    case Mode::kFile: bytes += "100644 "; break;
    case Mode::kExecutable: bytes += "100755 "; break;
    case Mode::kLink: bytes += "120000 "; break;
    case Mode::kSubmodule: bytes += "160000 "; break;
  }
  bytes += entry.name;
  bytes += '\0';
  bytes += entry.oid.bytes();
}

// Code points that HFS+ ignores in names, as git lists them (utf8.c, next_hfs_char).
std::string without_ignorable(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size();) {
    auto byte = [&](size_t at) { return at < name.size() ? static_cast<unsigned char>(name[at]) : 0u; };
    uint32_t point = byte(i);
    size_t length = 1;
    if (point >= 0xe0 && point < 0xf0) {
      point = (point & 15) << 12 | (byte(i + 1) & 63) << 6 | (byte(i + 2) & 63);
      length = std::min<size_t>(3, name.size() - i);
    }
    bool ignored = (point >= 0x200c && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
                   (point >= 0x206a && point <= 0x206f) || point == 0xfeff;
    if (!ignored) out += name.substr(i, length);
    i += length;
  }
  return out;
}

// NTFS: ".git" or its short name, then only blanks and dots, up to the end or a stream's ':'.
bool is_ntfs_dot_git(std::string_view lower) {
  for (std::string_view start : {".git", "git~1"}) {
    if (!starts_with(lower, start)) continue;
    std::string_view rest = lower.substr(start.size());
    rest = rest.substr(0, rest.find(':'));
    if (rest.find_first_not_of(" .") == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool safe_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
  for (char c : name) {
    if (static_cast<unsigned char>(c) < 32 || c == 127 || c == '/' || c == '\\') return false;
  }
  std::string lower = to_lower(name);
  return !is_ntfs_dot_git(lower) && without_ignorable(lower) != ".git";
}

Result<std::optional<TreeEntry>> find_in_tree(std::string_view bytes, std::string_view name) {
  std::optional<TreeEntry> found;
  while (!bytes.empty()) {
    size_t end = bytes.find('\0');
    size_t space = bytes.find(' ');
    if (end == std::string_view::npos || space > end || bytes.size() - end - 1 < Oid::kBytes) {
      return fail(Code::kCorrupt, "a tree is cut or no tree");
    }
    if (bytes.substr(space + 1, end - space - 1) == name) {
      found = TreeEntry{std::string(name), Mode::kFile, Oid::from_bytes(bytes.data() + end + 1)};
      if (!parse_mode(bytes.substr(0, space), found->mode))
        return fail(Code::kCorrupt, "a tree's entry has a mode that git doesn't know");
    }
    bytes.remove_prefix(end + 1 + Oid::kBytes);
  }
  return found;
}

Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes) {
  std::vector<TreeEntry> entries;
  std::vector<RawEntry> before;
  while (!bytes.empty()) {
    TRY(RawEntry entry, next_entry(bytes));
    TRY_DO(check_follows(before, entry));
    before.push_back(entry);
    entries.push_back(
        {std::string(entry.name), entry.mode, Oid::from_bytes(entry.bytes.data() + entry.bytes.size() - Oid::kBytes)});
  }
  return entries;
}

Result<std::string> without_names(std::string_view bytes, const std::function<bool(std::string_view)>& drop,
                                  std::vector<TreeEntry>& dropped) {
  std::string kept;
  kept.reserve(bytes.size());
  std::vector<RawEntry> before;
  while (!bytes.empty()) {
    TRY(RawEntry entry, next_entry(bytes));
    TRY_DO(check_follows(before, entry));
    before.push_back(entry);
    if (!drop(entry.name)) {
      kept += entry.bytes;
      continue;
    }
    dropped.push_back(
        {std::string(entry.name), entry.mode, Oid::from_bytes(entry.bytes.data() + entry.bytes.size() - Oid::kBytes)});
  }
  return kept;
}

Result<std::string> merge_tree(std::string_view bytes, std::vector<TreeEntry> more) {
  std::sort(more.begin(), more.end(), entry_less);
  std::string merged;
  merged.reserve(bytes.size() + more.size() * 64);
  auto next = more.begin();
  while (!bytes.empty()) {
    TRY(RawEntry entry, next_entry(bytes));
    for (; next != more.end() && compare_names(next->name, next->is_tree(), entry.name, entry.is_tree()) < 0; ++next)
      put_entry(merged, *next);
    merged += entry.bytes;
  }
  for (; next != more.end(); ++next) put_entry(merged, *next);
  return merged;
}

Result<std::string> tree_bytes(std::vector<TreeEntry> entries) {
  for (const TreeEntry& entry : entries) {
    if (!safe_name(entry.name)) return fail(Code::kInvalid, "no safe name for a file in git: ", one_line(entry.name));
  }
  return encode_tree(std::move(entries));
}

Result<std::string> encode_tree(std::vector<TreeEntry> entries) {
  std::sort(entries.begin(), entries.end(), entry_less);
  std::string bytes;
  for (size_t i = 0; i < entries.size(); ++i) {
    const TreeEntry& entry = entries[i];
    bool twice = i > 0 && entries[i - 1].name == entry.name;
    if (twice || (entry.is_tree() && has_file(entries, entry.name))) {
      return fail(Code::kInvalid, "a tree cannot hold ", one_line(entry.name), " twice");
    }
    put_entry(bytes, entry);
  }
  return bytes;
}

}  // namespace autonomous::git
