// What git objects hold, as values: people, commits, tags, tree entries; and their exact bytes.
//
// Reading is lenient where history is (odd names, missing tagger), never where bytes could be taken for something else.
// Everything here is pure; no repository is needed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/git/oid.h"

namespace autonomous::git {

enum class ObjectKind : uint8_t { kCommit = 1, kTree = 2, kBlob = 3, kTag = 4 };  // the numbers of git's packs
std::string_view kind_name(ObjectKind kind);                                      // "commit"

// The oid that git gives an object of these bytes.
Oid hash_object(ObjectKind kind, std::string_view bytes);
// The tree without entries, 4b825dc….
Oid empty_tree();

// An author, committer or tagger.
struct Person {
  std::string name;
  std::string email;
  int64_t seconds = 0;         // since 1970, UTC
  int32_t offset_minutes = 0;  // of the person's clock, east is positive
  bool operator==(const Person&) const = default;
};
// `text` from outside made fit for a name or an email address: no control characters, '<' or '>', no crud at the ends;
// "unknown" where nothing is left.
std::string clean_name(std::string_view text);

struct Commit {
  Oid id;
  Oid tree;
  std::vector<Oid> parents;
  Person author;
  Person committer;
  std::string message;          // all bytes after the first empty line
  std::string signature;        // gpgsig unfolded, armour and all, with the final newline; empty: unsigned
  std::string payload;          // the bytes that the signature signs
  std::string subject() const;  // the first line of the message
};
Result<Commit> parse_commit(const Oid& id, std::string_view bytes);

struct Tag {
  Oid id;
  Oid target;
  ObjectKind target_kind = ObjectKind::kCommit;
  std::string name;
  std::optional<Person> tagger;
  std::string message;    // without the signature
  std::string signature;  // armoured, empty: unsigned
  std::string payload;    // the bytes that the signature signs
};
Result<Tag> parse_tag(const Oid& id, std::string_view bytes);

// Signs bytes: an armoured SSHSIG or OpenPGP signature (Signer::sign fits through a lambda).
using SignFunction = std::function<Result<std::string>(std::string_view bytes)>;

struct CommitDraft {
  Oid tree;
  std::vector<Oid> parents;
  Person author;
  Person committer;
  std::string message;  // UTF-8, no NUL; a final newline is added where it is missing
};
// The exact bytes of the commit object, with the gpgsig header where `sign` is given. kInvalid for names, times or
// messages that git's fsck --strict would complain about.
Result<std::string> commit_bytes(const CommitDraft& draft, const SignFunction& sign = nullptr);

struct TagDraft {
  Oid target;
  ObjectKind target_kind = ObjectKind::kCommit;
  std::string name;  // without refs/tags/
  Person tagger;
  std::string message;
};
// The exact bytes of an annotated tag; the signature is appended to the message, as git does.
Result<std::string> tag_bytes(const TagDraft& draft, const SignFunction& sign = nullptr);

// A mode as stored in a tree.
enum class Mode : uint32_t {
  kTree = 040000,
  kFile = 0100644,
  kExecutable = 0100755,
  kLink = 0120000,
  kSubmodule = 0160000
};

struct TreeEntry {
  std::string name;
  Mode mode = Mode::kFile;
  Oid oid;
  bool is_tree() const { return mode == Mode::kTree; }
  bool operator==(const TreeEntry&) const = default;
};
// In git's order. kCorrupt for bytes that are no tree (unsorted, doubled, empty names, '/' or NUL in a name, odd modes
// other than the historical 100664).
Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes);
// Sorts, then writes. kInvalid for names that could not be stored or checked out safely (see safe_name) and duplicates.
Result<std::string> tree_bytes(std::vector<TreeEntry> entries);

// False for names that hurt somebody who checks the tree out: "", ".", "..", any spelling of ".git" that HFS+ or NTFS
// take for it (.GIT, git~1, ".git ", ".git::$INDEX…", ignorable code points), '/', '\\', NUL and control characters,
// more than 255 bytes.
bool safe_name(std::string_view name);

}  // namespace autonomous::git
