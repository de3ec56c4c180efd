#include "gitops/git/repository.h"

#include <sys/stat.h>
#include <unistd.h>

#include <git2/sys/repository.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/internal.h"
#include "gitops/git/refs.h"

namespace autonomous::git {

namespace {

constexpr int kMostTags = 16;  // tags of tags of tags
constexpr uint64_t kMostTreeBytes = 64u << 20;
constexpr uint64_t kMostCommitBytes = 16u << 20;

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string configuration(const InitOptions& options) {
  std::string text =
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogallrefupdates = false\n"
      "\tfsync = all\n"  // git syncs nothing of what it receives otherwise
      "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
  if (options.hosted) {
    text +=
        "[receive]\n\tdenyNonFastForwards = true\n\tdenyDeletes = true\n\tautogc = false\n\tfsckObjects = true\n"
        "\tadvertisePushOptions = true\n[transfer]\n\tunpackLimit = 1\n[http]\n\treceivepack = true\n"
        "[uploadpack]\n\tallowFilter = true\n\tallowReachableSHA1InWant = true\n";
  }
  return text;
}

Result<void> make_layout(const std::string& folder, const InitOptions& options) {
  for (const char* part : {"/objects/info", "/objects/pack", "/refs/heads", "/refs/tags", "/info"}) {
    TRY_DO(make_folders(folder + part));
  }
  TRY_DO(write_file_durable(folder + "/config", configuration(options)));
  TRY_DO(write_file_durable(folder + "/HEAD", "ref: " + options.head + "\n"));
  for (const char* part : {"/objects", "/refs", ""}) TRY_DO(sync_folder(folder + part));
  return ok();
}

// libgit2 1.5 refuses SHA-256 repositories too, but in words that help nobody, and it leaks while it finds out.
bool is_sha256(const std::string& path) {
  for (const char* file : {"/config", "/.git/config"}) {
    Result<std::string> text = read_file(path + file, 1u << 20);
    if (!text) continue;
    std::string lower = to_lower(*text);
    for (std::string_view line : split(lower, '\n')) {
      size_t equals = line.find('=');
      if (equals == std::string_view::npos || trim(line.substr(0, equals)) != "objectformat") continue;
      if (trim(line.substr(equals + 1)) == "sha256") return true;
    }
  }
  return false;
}

Result<Oid> peel(const Repository& repository, Oid oid, bool to_tree) {
  for (int depth = 0; depth < kMostTags; ++depth) {
    TRY(ObjectKind kind, repository.kind(oid));
    if (kind == ObjectKind::kTag) {
      TRY(Tag tag, repository.tag(oid));
      oid = tag.target;
    } else if (kind == ObjectKind::kCommit) {
      if (!to_tree) return oid;
      TRY(Commit commit, repository.commit(oid));
      return commit.tree;
    } else if (kind == ObjectKind::kTree && to_tree) {
      return oid;
    } else {
      return fail(Code::kInvalid, oid.hex(), " is a ", kind_name(kind), ", not a ", to_tree ? "tree" : "commit");
    }
  }
  return fail(Code::kLimit, "tags of tags, ", kMostTags, " deep");
}

}  // namespace

Repository::Repository(std::shared_ptr<Rep> rep) : rep_(std::move(rep)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

Result<Repository> Repository::open(const std::string& path) {
  init_libgit2();
  if (is_sha256(path))
    return fail(Code::kInvalid, path, " is a SHA-256 repository; only SHA-1 repositories are supported");
  git_repository* raw = nullptr;
  if (int error = git_repository_open_ext(&raw, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr); error != 0) {
    Error failure = git_failure(error, "opening the git repository " + path);
    if (failure.code() == Code::kNotFound) return fail(Code::kNotFound, "no git repository at ", path);
    return failure;
  }
  auto rep = std::make_shared<Rep>();
  rep->handle.reset(raw);
  rep->path = without_slash(git_repository_path(raw));
  rep->common = without_slash(git_repository_commondir(raw));
  rep->refs = RefFiles(rep->common);
  TRY(rep->pending, Pending::open(rep->common + "/objects"));
  TRY(git_odb * odb, rep->pending->database());
  OdbHandle held(odb);
  if (int error = git_repository_set_odb(raw, odb); error != 0)
    return git_failure(error, "setting the object database");
  return Repository(std::move(rep));
}

Result<Repository> Repository::init_bare(const std::string& path, const InitOptions& options) {
  std::string final_path = without_slash(path);
  if (exists(final_path + "/HEAD")) return open(final_path);
  if (!is_ref_name(options.head)) return fail(Code::kInvalid, "no name for a branch: ", options.head);
  std::string parent = final_path.substr(0, final_path.rfind('/'));
  if (parent.size() < final_path.size() && !parent.empty()) TRY_DO(make_folders(parent));
  std::string temporary = final_path + ".new-" + std::to_string(::getpid());
  TRY_DO(remove_all(temporary));
  Result<void> made = make_layout(temporary, options);
  if (made && ::rename(temporary.c_str(), final_path.c_str()) != 0) {
    made = fail(Code::kUnavailable, "cannot make the repository ", final_path, ": ", std::strerror(errno));
  }
  if (!made) {
    (void)remove_all(temporary);
    return std::move(made).error();
  }
  if (parent.size() < final_path.size() && !parent.empty()) TRY_DO(sync_folder(parent));
  return open(final_path);
}

const std::string& Repository::path() const { return rep_->path; }

Result<RawObject> Repository::Rep::read(const Oid& oid, uint64_t max_bytes) const {
  return pending->read(oid, max_bytes);
}

Result<std::string> Repository::Rep::read_as(const Oid& oid, ObjectKind kind, uint64_t max_bytes) const {
  TRY(RawObject object, read(oid, max_bytes));
  if (object.kind != kind)
    return fail(Code::kInvalid, oid.hex(), " is a ", kind_name(object.kind), ", not a ", kind_name(kind));
  return std::move(object.bytes);
}

Result<std::vector<TreeEntry>> Repository::Rep::tree(const Oid& oid) const {
  if (oid == empty_tree()) return std::vector<TreeEntry>();  // it need not exist to be used
  TRY(std::string bytes, read_as(oid, ObjectKind::kTree, kMostTreeBytes));
  TRY_WITH(auto entries, "while reading tree " + oid.hex(), parse_tree(bytes));
  return entries;
}

Result<TreeEntry> Repository::Rep::entry(const Oid& root, std::string_view path) const {
  TreeEntry at{"", Mode::kTree, root};
  if (path.empty()) return at;
  for (std::string_view part : split(path, '/')) {
    if (!at.is_tree()) return fail(Code::kNotFound, "nothing at ", one_line(path));
    if (at.oid == empty_tree()) return fail(Code::kNotFound, "nothing at ", one_line(path));
    TRY(std::string bytes, read_as(at.oid, ObjectKind::kTree, kMostTreeBytes));
    TRY_WITH(auto found, "while reading tree " + at.oid.hex(), find_in_tree(bytes, part));
    if (!found) return fail(Code::kNotFound, "nothing at ", one_line(path));
    at = *std::move(found);
  }
  return at;
}

bool Repository::has(const Oid& oid) const { return rep_->pending->has(oid); }
Result<ObjectKind> Repository::kind(const Oid& oid) const { return rep_->pending->kind(oid); }
Result<std::string> Repository::read(const Oid& oid, ObjectKind kind, uint64_t max_bytes) const {
  return rep_->read_as(oid, kind, max_bytes);
}
Result<std::string> Repository::blob(const Oid& oid, uint64_t max_bytes) const {
  return rep_->read_as(oid, ObjectKind::kBlob, max_bytes);
}

Result<Commit> Repository::commit(const Oid& oid) const {
  TRY(std::string bytes, rep_->read_as(oid, ObjectKind::kCommit, kMostCommitBytes));
  return parse_commit(oid, bytes);
}

Result<Tag> Repository::tag(const Oid& oid) const {
  TRY(std::string bytes, rep_->read_as(oid, ObjectKind::kTag, kMostCommitBytes));
  return parse_tag(oid, bytes);
}

Result<std::vector<TreeEntry>> Repository::tree(const Oid& oid) const { return rep_->tree(oid); }

Result<Oid> Repository::peel_tree(const Oid& any) const { return any == empty_tree() ? any : peel(*this, any, true); }
Result<Oid> Repository::peel_commit(const Oid& any) const { return peel(*this, any, false); }

Result<TreeEntry> Repository::entry(const Oid& root, std::string_view path) const {
  TRY(Oid tree, peel_tree(root));
  return rep_->entry(tree, path);
}

Result<Oid> Repository::find_prefix(std::string_view hex) const {
  if (hex.size() < 4 || hex.size() > Oid::kHex || !is_hex(hex)) {
    return fail(Code::kInvalid, "an abbreviated object id has 4 to 40 hexadecimal digits");
  }
  return rep_->pending->find_prefix(hex);
}

Result<Oid> Repository::write(ObjectKind kind, std::string_view bytes) { return rep_->pending->write(kind, bytes); }

Result<Oid> Repository::make_tree(std::vector<TreeEntry> entries) {
  TRY(std::string bytes, tree_bytes(std::move(entries)));
  return write(ObjectKind::kTree, bytes);
}

Result<Oid> Repository::write_commit(const CommitDraft& draft, const SignFunction& sign) {
  TRY(std::string bytes, commit_bytes(draft, sign));
  return write(ObjectKind::kCommit, bytes);
}

Result<Oid> Repository::write_tag(const TagDraft& draft, const SignFunction& sign) {
  TRY(std::string bytes, tag_bytes(draft, sign));
  return write(ObjectKind::kTag, bytes);
}

Result<void> Repository::flush() { return rep_->pending->store(); }
void Repository::discard() { rep_->pending->discard(); }
void Repository::refresh() { rep_->pending->refresh(); }

}  // namespace autonomous::git
