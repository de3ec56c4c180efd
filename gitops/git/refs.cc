#include "gitops/git/refs.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/internal.h"
#include "gitops/git/pack.h"
#include "gitops/git/ref_files.h"

namespace autonomous::git {

namespace {

constexpr int kMostSymbolic = 5;
constexpr Millis kLongestWait(60'000);
// A process may have 1,024 files open by default. What is locked without a descriptor looks dead to others, but only
// after it stood there for as long as a lock must.
constexpr size_t kMostOpenLocks = 100;

std::string describe(const std::optional<Oid>& oid) { return oid && !oid->is_zero() ? oid->hex() : "absent"; }

// What a tag finally names: packed-refs keeps it beside the tag.
Result<std::optional<Oid>> peeled_value(const Repository& repository, const Oid& oid) {
  Oid at = oid;
  for (int depth = 0; depth < 16; ++depth) {
    TRY_WITH(ObjectKind kind, "while checking what a ref will name", repository.kind(at));
    if (kind != ObjectKind::kTag) return at == oid ? std::optional<Oid>() : std::optional<Oid>(at);
    TRY(Tag tag, repository.tag(at));
    at = tag.target;
  }
  return fail(Code::kLimit, "tags of tags, 16 deep");
}

class Transaction {
 public:
  Transaction(const Ctx& ctx, Repository& repository, std::vector<RefUpdate> updates, Millis stale_after, CutLeaves cut)
      : ctx_(ctx),
        repository_(repository),
        files_(repository.rep()->refs),
        updates_(std::move(updates)),
        cut_(cut),
        watch_(paths(), stale_after) {}

  Result<void> run() {
    std::sort(updates_.begin(), updates_.end(), [](const RefUpdate& a, const RefUpdate& b) { return a.name < b.name; });
    TRY_DO(check_names());
    TRY_DO(repository_.flush());
    for (const RefUpdate& update : updates_) {
      if (needs_no_lock(update)) continue;
      TRY(RefLock lock, RefLock::take(ctx_, path(update.name), watch_));
      locks_.push_back(std::move(lock));
      if (locks_.size() > kMostOpenLocks) locks_.back().close();
    }
    // git's own order of locks. From here on packed-refs stands still, and is read once.
    if (!may_be_files()) TRY_DO(hold_packed());
    TRY_DO(check_values());
    if (changes_.empty()) return ok();
    bool deletes = std::any_of(changes_.begin(), changes_.end(),
                               [&](const Change& change) { return updates_[change.index].oid.is_zero(); });
    return may_be_files() && !deletes ? write_files() : write_packed();
  }

 private:
  struct Change {
    size_t index;
    std::optional<Oid> old;
    std::optional<Oid> peeled;
    bool was_loose = false;
  };

  std::string path(const std::string& name) const { return files_.folder() + "/" + name; }
  bool may_be_files() const {
    return updates_.size() == 1 || (cut_ == CutLeaves::kSome && updates_.size() <= kMostOpenLocks);
  }

  // Many new tags are lines of packed-refs and never files: a lock of each (and its folders, made and taken away again)
  // costs several times what the line does. Who makes a file of the same name at the same moment is found afterwards.
  bool needs_no_lock(const RefUpdate& update) const {
    return !may_be_files() && update.expected == Oid::zero() && starts_with(update.name, "refs/tags/");
  }
  Result<void> check_for_files() const {
    std::vector<std::string> wrong;
    for (const Change& change : changes_) {
      const RefUpdate& update = updates_[change.index];
      if (!needs_no_lock(update)) continue;
      TRY(auto loose, files_.loose_value(update.name));
      if (loose && *loose != update.oid) wrong.push_back(update.name + " was made by somebody else meanwhile");
    }
    if (!wrong.empty()) return fail(Code::kConflict, join(wrong, "; "));
    return ok();
  }

  // packed-refs.lock is held to the end: a git pack-refs beside us must not pack an old loose value over ours.
  Result<void> hold_packed() {
    if (packed_) return ok();
    TRY(RefLock lock, RefLock::take(ctx_, files_.folder() + "/packed-refs", watch_));
    packed_lock_.emplace(std::move(lock));
    return read_packed();
  }
  Result<void> read_packed() {
    TRY(packed_, files_.packed());
    return ok();
  }
  Result<std::optional<Oid>> packed_value(const std::string& name) const {
    if (packed_) return packed_->find(name);
    TRY(auto packed, files_.packed());
    return packed->find(name);
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> all = {files_.folder() + "/packed-refs"};
    for (const RefUpdate& update : updates_) all.push_back(path(update.name));
    return all;
  }

  Result<void> check_names() const {
    for (size_t i = 0; i < updates_.size(); ++i) {
      const std::string& name = updates_[i].name;
      if (!is_ref_name(name)) return fail(Code::kInvalid, "no name for a ref: ", one_line(name));
      if (i > 0 && updates_[i - 1].name == name)
        return fail(Code::kInvalid, name, " is there twice in one transaction");
    }
    return ok();
  }

  // Under the locks: the old values, and that no name is the folder of another.
  Result<void> check_values() {
    std::vector<std::string> wrong;
    for (size_t i = 0; i < updates_.size(); ++i) {
      const RefUpdate& update = updates_[i];
      Change change{i, std::nullopt, std::nullopt, false};
      TRY(change.old, files_.loose_value(update.name));
      change.was_loose = change.old.has_value();
      if (!change.old) {
        TRY(change.old, packed_value(update.name));
      }
      Oid now = change.old.value_or(Oid::zero());
      if (update.expected && *update.expected != now) {
        wrong.push_back(update.name + " is " + describe(change.old) + ", not " + describe(update.expected) +
                        " as expected");
      }
      if (now == update.oid) continue;
      if (!update.oid.is_zero()) {
        TRY(change.peeled, peeled_value(repository_, update.oid));
        if (!change.old) TRY_DO(check_folders(update.name));
      }
      changes_.push_back(change);
    }
    if (!wrong.empty()) return fail(Code::kConflict, join(wrong, "; "));
    return ok();
  }

  Result<void> check_folders(const std::string& name) const {
    std::shared_ptr<const PackedRefs> packed = packed_;
    if (!packed) {
      TRY(packed, files_.packed());
    }
    std::string other(packed->below(name));
    TRY(auto loose, files_.loose_names(name + "/"));
    if (other.empty() && !loose.empty()) other = loose[0];
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      if (packed->find(name.substr(0, slash))) other = name.substr(0, slash);
    }
    std::string below = name + "/";
    auto update = std::lower_bound(updates_.begin(), updates_.end(), below,
                                   [](const RefUpdate& a, const std::string& wanted) { return a.name < wanted; });
    for (; update != updates_.end() && starts_with(update->name, below); ++update) {
      if (!update->oid.is_zero()) other = update->name;
    }
    if (!other.empty()) return fail(Code::kConflict, name, " cannot stand beside ", other);
    return ok();
  }

  // All contents before the first rename: what can fail, fails there.
  Result<void> write_files() {
    for (const Change& change : changes_)
      TRY_DO(locks_[change.index].write_synced(updates_[change.index].oid.hex() + "\n"));
    for (const Change& change : changes_) TRY_DO(locks_[change.index].rename_into_place());
    return ok();
  }

  Result<void> write_packed() {
    TRY_DO(hold_packed());
    // Loose files hide what is packed, so they go first, with their present values; then one rename moves all.
    bool any_loose =
        std::any_of(changes_.begin(), changes_.end(), [](const Change& change) { return change.was_loose; });
    if (any_loose) {
      TRY_DO(replace_packed(false));
      TRY_DO(remove_loose());
      TRY_DO(read_packed());
    }
    TRY_DO(replace_packed(true));
    return check_for_files();
  }

  Result<void> replace_packed(bool to_new) {
    const std::shared_ptr<const PackedRefs>& packed = packed_;
    std::string text = "# pack-refs with: peeled fully-peeled sorted \n";
    auto put = [&text](std::string_view name, const Oid& oid, const std::optional<Oid>& peeled) {
      text += oid.hex();
      text += ' ';
      text += name;
      text += '\n';
      if (peeled) text += "^" + peeled->hex() + "\n";
    };
    size_t at = 0;
    auto put_old = [&](size_t until) -> Result<void> {
      for (; at < until; ++at) {
        const PackedRefs::Line& line = packed->lines()[at];
        std::optional<Oid> peeled = line.peeled;
        if (!packed->fully_peeled() && !peeled) {
          TRY(peeled, peeled_value(repository_, line.oid));
        }
        put(line.name, line.oid, peeled);
      }
      return ok();
    };
    for (const Change& change : changes_) {
      const RefUpdate& update = updates_[change.index];
      auto line = std::lower_bound(packed->lines().begin(), packed->lines().end(), update.name,
                                   [](const PackedRefs::Line& a, std::string_view name) { return a.name < name; });
      TRY_DO(put_old(static_cast<size_t>(line - packed->lines().begin())));
      if (line != packed->lines().end() && line->name == update.name) ++at;
      if (to_new && !update.oid.is_zero()) put(update.name, update.oid, change.peeled);
      if (!to_new && change.old) {
        TRY(auto peeled, peeled_value(repository_, *change.old));
        put(update.name, *change.old, peeled);
      }
    }
    TRY_DO(put_old(packed->lines().size()));
    return write_file_durable(files_.folder() + "/packed-refs", text);
  }

  Result<void> remove_loose() {
    std::set<std::string> folders;
    for (Change& change : changes_) {
      if (!change.was_loose) continue;
      std::string file = path(updates_[change.index].name);
      if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
        return fail(Code::kUnavailable, "cannot remove ", file, ": ", std::strerror(errno)).may_retry();
      }
      change.was_loose = false;
      folders.insert(file.substr(0, file.rfind('/')));
    }
    for (const std::string& folder : folders) TRY_DO(sync_folder(folder));
    return ok();
  }

  Ctx ctx_;
  Repository& repository_;
  const RefFiles& files_;
  std::vector<RefUpdate> updates_;
  CutLeaves cut_;
  LockWatch watch_;
  std::vector<RefLock> locks_;
  std::optional<RefLock> packed_lock_;
  std::shared_ptr<const PackedRefs> packed_;  // under its lock
  std::vector<Change> changes_;
};

void find_locks(const std::string& folder, std::vector<std::string>& found) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir) return;
  while (dirent* entry = ::readdir(dir.get())) {
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string full = folder + "/" + std::string(name);
    if (entry->d_type == DT_DIR) find_locks(full, found);
    if (entry->d_type == DT_REG && name.ends_with(".lock")) found.push_back(full);
  }
}

// Of a process that died before its refs were written.
void remove_keeps(const std::string& folder) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir) return;
  while (dirent* entry = ::readdir(dir.get())) {
    std::string path = folder + "/" + entry->d_name;
    if (std::string_view(entry->d_name).starts_with("incoming-")) ::unlink(path.c_str());
    if (!path.ends_with(".keep")) continue;
    auto text = read_file(path, 1024);
    if (text && *text == kKeepText) ::unlink(path.c_str());
  }
}

}  // namespace

bool is_ref_name(std::string_view name) {
  if (!starts_with(name, "refs/") || name.size() > 4000) return false;
  init_libgit2();
  int valid = 0;
  return git_reference_name_is_valid(&valid, std::string(name).c_str()) == 0 && valid == 1 &&
         name.find('\0') == std::string_view::npos;
}

Result<Oid> read_ref(const Repository& repository, std::string_view name) {
  std::string at(name);
  for (int depth = 0; depth < kMostSymbolic; ++depth) {
    if (at != "HEAD" && !is_ref_name(at)) return fail(Code::kInvalid, "no name for a ref: ", one_line(at));
    if (at == "HEAD") {
      TRY(at, head_of(repository));
      if (Result<Oid> detached = Oid::parse(at); detached) return *detached;
      continue;
    }
    TRY(auto text, repository.rep()->refs.loose(at));
    if (text && starts_with(*text, "ref:")) {
      at = std::string(trim(std::string_view(*text).substr(4)));
      continue;
    }
    TRY(auto oid, repository.rep()->refs.value(at));
    if (!oid) return fail(Code::kNotFound, "no ref ", one_line(at));
    return *oid;
  }
  return fail(Code::kLimit, "symbolic refs of symbolic refs, ", kMostSymbolic, " deep");
}

Result<std::vector<Ref>> list_refs(const Repository& repository, std::string_view prefix) {
  const RefFiles& files = repository.rep()->refs;
  if (!starts_with(prefix, "refs/")) return fail(Code::kInvalid, "refs are listed below refs/, not ", one_line(prefix));
  // Loose before packed: a ref that is packed meanwhile is then seen once at least.
  TRY(auto names, files.loose_names(prefix));
  std::vector<Ref> loose;
  for (std::string& name : names) {
    if (!is_ref_name(name)) continue;
    Result<std::optional<Oid>> oid = files.value(name);
    if (oid && *oid) loose.push_back({std::move(name), **oid});
  }
  TRY(auto packed, files.packed());
  std::vector<Ref> refs;
  auto line = std::lower_bound(packed->lines().begin(), packed->lines().end(), prefix,
                               [](const PackedRefs::Line& a, std::string_view name) { return a.name < name; });
  size_t at = 0;
  for (; line != packed->lines().end() && starts_with(line->name, prefix); ++line) {
    while (at < loose.size() && loose[at].name < line->name) refs.push_back(std::move(loose[at++]));
    bool hidden = at < loose.size() && loose[at].name == line->name;
    if (!hidden) refs.push_back({std::string(line->name), line->oid});
  }
  while (at < loose.size()) refs.push_back(std::move(loose[at++]));
  return refs;
}

Result<std::string> head_of(const Repository& repository) {
  RefFiles files(repository.path());
  TRY(auto text, files.loose("HEAD"));
  if (!text) return fail(Code::kCorrupt, "the repository ", repository.path(), " has no HEAD");
  if (starts_with(*text, "ref:")) return std::string(trim(std::string_view(*text).substr(4)));
  return *text;
}

Result<void> set_head(Repository& repository, std::string_view ref) {
  if (!is_ref_name(ref)) return fail(Code::kInvalid, "no name for a ref: ", one_line(ref));
  return write_file_durable(repository.path() + "/HEAD", "ref: " + std::string(ref) + "\n");
}

Result<void> update_refs(const Ctx& ctx, Repository& repository, std::vector<RefUpdate> updates, Millis stale_after,
                         CutLeaves cut) {
  if (updates.empty()) return repository.flush();
  auto done = Transaction(ctx.within(kLongestWait), repository, std::move(updates), stale_after, cut).run();
  repository.rep()->pending->let_go();
  return done;
}

std::vector<std::string> remove_stale_locks(const std::string& folder, Millis at_least) {
  if (at_least == Millis(0)) remove_keeps(folder + "/objects/pack");
  std::vector<std::string> locks, removed;
  find_locks(folder + "/refs", locks);
  for (const char* name : {"/packed-refs.lock", "/HEAD.lock", "/config.lock", "/shallow.lock"})
    locks.push_back(folder + name);
  for (const std::string& lock : locks) {
    struct stat info {};
    if (::stat(lock.c_str(), &info) != 0) continue;
    // By the clock of the file system, as the file's own time is.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    bool young = now.tv_sec - info.st_mtim.tv_sec < at_least.count() / 1000;
    if (young || is_open_somewhere(info.st_dev, info.st_ino)) continue;
    if (remove_lock(lock, info.st_ino)) removed.push_back(lock);
  }
  return removed;
}

}  // namespace autonomous::git
