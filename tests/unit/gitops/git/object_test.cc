#include "gitops/git/object.h"

#include <gtest/gtest.h>

namespace autonomous::git {
namespace {

const Oid kSome = *Oid::parse("0123456789abcdef0123456789abcdef01234567");

CommitDraft a_draft() {
  return {kSome,
          {kSome},
          {"Jane Doe", "jane@example.com", 1700000000, -90},
          {"Daemon", "d@example.com", 1700000001, 60},
          "Subject\n\nBody\n"};
}

TEST(Oid, ReadsOnlyFortyLowerCaseDigits) {
  EXPECT_EQ(kSome.hex(), "0123456789abcdef0123456789abcdef01234567");
  EXPECT_FALSE(Oid::parse("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(Oid::parse("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(Oid::parse("0123456789abcdef0123456789abcdef0123456g"));
  EXPECT_TRUE(Oid().is_zero());
  EXPECT_FALSE(kSome.is_zero());
}

TEST(Object, HashesAsGitDoes) {
  EXPECT_EQ(hash_object(ObjectKind::kBlob, "hello\n").hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(empty_tree().hex(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST(Object, CommitBytesReadBack) {
  std::string bytes = *commit_bytes(a_draft());
  Commit commit = *parse_commit(kSome, bytes);
  EXPECT_EQ(commit.tree, kSome);
  EXPECT_EQ(commit.parents, std::vector<Oid>{kSome});
  EXPECT_EQ(commit.author, a_draft().author);
  EXPECT_EQ(commit.committer, a_draft().committer);
  EXPECT_EQ(commit.message, "Subject\n\nBody\n");
  EXPECT_EQ(commit.subject(), "Subject");
  EXPECT_EQ(commit.signature, "");
  EXPECT_EQ(commit.payload, bytes);
}

TEST(Object, ASignedCommitGivesBackWhatWasSigned) {
  std::string signed_text, signature = "-----BEGIN SSH SIGNATURE-----\nabc\n\ndef\n-----END SSH SIGNATURE-----\n";
  std::string bytes = *commit_bytes(a_draft(), [&](std::string_view text) -> Result<std::string> {
    signed_text = std::string(text);
    return signature;
  });
  Commit commit = *parse_commit(kSome, bytes);
  EXPECT_EQ(commit.payload, signed_text);
  EXPECT_EQ(commit.signature, signature);
  EXPECT_EQ(commit.payload, *commit_bytes(a_draft()));
}

TEST(Object, RefusesPeopleThatWouldForgeHeaders) {
  for (const char* name : {"", "a\nparent x", "a <b>", " a", "a\x01"}) {
    CommitDraft draft = a_draft();
    draft.author.name = name;
    EXPECT_FALSE(commit_bytes(draft)) << name;
  }
  CommitDraft draft = a_draft();
  draft.committer.email = "x> 1 +0000\ngpgsig y";
  EXPECT_FALSE(commit_bytes(draft));
  draft = a_draft();
  draft.author.seconds = -1;
  EXPECT_FALSE(commit_bytes(draft));
  draft = a_draft();
  draft.message = std::string("a\0b", 3);
  EXPECT_FALSE(commit_bytes(draft));
}

TEST(Object, CleansNames) {
  EXPECT_EQ(clean_name(" Jane <x>\n. "), "Jane x");
  EXPECT_EQ(clean_name("\t\n<>"), "unknown");
  EXPECT_EQ(clean_name("Zo\xc3\xab"), "Zo\xc3\xab");
  EXPECT_EQ(clean_name("Zo\xff"), "Zo?");
}

TEST(Object, RefusesCommitsThatSayThingsTwice) {
  std::string bytes = *commit_bytes(a_draft());
  auto with = [&](const std::string& line) {
    std::string changed = bytes;
    return parse_commit(kSome, changed.insert(changed.find("\n\n") + 1, line));
  };
  EXPECT_FALSE(with("author Eve <e@e> 1 +0000\n"));
  EXPECT_FALSE(with("gpgsig a\ngpgsig b\n"));
  EXPECT_TRUE(with("encoding latin1\n"));
  EXPECT_FALSE(parse_commit(kSome, "tree " + kSome.hex()));
  EXPECT_FALSE(parse_commit(kSome, ""));
  EXPECT_FALSE(parse_commit(kSome, " x\n"));
  EXPECT_FALSE(parse_commit(kSome, "tree " + kSome.hex() + "\nauthor a <b> 1 +0000\n"));
}

TEST(Object, ReadsOddPeople) {
  std::string head = "tree " + kSome.hex() + "\n";
  Commit commit = *parse_commit(kSome, head + "author nobody\ncommitter a<b>c> 12 -0230\n\nx");
  EXPECT_EQ(commit.author.name, "nobody");
  EXPECT_EQ(commit.committer.email, "b");
  EXPECT_EQ(commit.committer.seconds, 12);
  EXPECT_EQ(commit.committer.offset_minutes, -150);
}

TEST(Object, TagBytesReadBack) {
  TagDraft draft{kSome, ObjectKind::kCommit, "release/a/b/c/1", {"Jane", "j@e", 5, 0}, "Message"};
  std::string signed_text;
  std::string bytes = *tag_bytes(draft, [&](std::string_view text) -> Result<std::string> {
    signed_text = std::string(text);
    return "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n";
  });
  Tag tag = *parse_tag(kSome, bytes);
  EXPECT_EQ(tag.target, kSome);
  EXPECT_EQ(tag.name, draft.name);
  EXPECT_EQ(tag.message, "Message\n");
  EXPECT_EQ(tag.payload, signed_text);
  EXPECT_EQ(tag.tagger, draft.tagger);
  EXPECT_TRUE(tag.signature.starts_with("-----BEGIN SSH"));
  draft.message = "x\n-----BEGIN SSH SIGNATURE-----\n";
  EXPECT_FALSE(tag_bytes(draft));
  draft.message = "x";
  draft.name = "a\ntagger b";
  EXPECT_FALSE(tag_bytes(draft));
}

TEST(TreeObject, SortsFoldersAsGitDoes) {
  std::string bytes = *tree_bytes({{"a", Mode::kTree, kSome}, {"a.b", Mode::kFile, kSome}, {"a0", Mode::kFile, kSome}});
  auto entries = *parse_tree(bytes);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].name, "a.b");
  EXPECT_EQ(entries[1].name, "a");
  EXPECT_EQ(entries[2].name, "a0");
}

TEST(TreeObject, RefusesDoubledNames) {
  EXPECT_FALSE(tree_bytes({{"a", Mode::kFile, kSome}, {"a", Mode::kFile, kSome}}));
  EXPECT_FALSE(tree_bytes({{"a", Mode::kFile, kSome}, {"a.b", Mode::kFile, kSome}, {"a", Mode::kTree, kSome}}));
  std::string raw = std::string(kSome.bytes());
  std::string file = std::string("100644 a\0", 9) + raw, dotted = std::string("100644 a.b\0", 11) + raw,
              tree = std::string("40000 a\0", 8) + raw;
  EXPECT_TRUE(parse_tree(file + dotted));
  EXPECT_FALSE(parse_tree(file + dotted + tree));
  EXPECT_FALSE(parse_tree(dotted + file));
  EXPECT_FALSE(parse_tree(file + file));
}

TEST(TreeObject, RefusesWhatIsNoTree) {
  std::string raw = std::string(kSome.bytes());
  EXPECT_TRUE(parse_tree(""));
  EXPECT_FALSE(parse_tree("100644 a"));
  EXPECT_FALSE(parse_tree(std::string("100644 a\0", 9) + raw.substr(1)));
  EXPECT_FALSE(parse_tree(std::string("100644 a/b\0", 11) + raw));
  EXPECT_FALSE(parse_tree(std::string("100644 \0", 8) + raw));
  EXPECT_FALSE(parse_tree(std::string("020000 a\0", 9) + raw));
  EXPECT_EQ((*parse_tree(std::string("100664 a\0", 9) + raw))[0].mode, Mode::kFile);
}

TEST(SafeName, RefusesWhatSomeFileSystemTakesForDotGit) {
  for (const char* name :
       {"", ".", "..", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".git. .", ".git::$INDEX_ALLOCATION",
        "git~1:x", ".g\xe2\x80\x8cit", "\xef\xbb\xbf.git", "a/b", "a\\b", "a\nb", "\x7f"}) {
    EXPECT_FALSE(safe_name(name)) << name;
  }
  for (const char* name : {".gitignore", ".github", "git", "git~2", "a b", "-x", ".git2", "caf\xc3\xa9", "a:b"})
    EXPECT_TRUE(safe_name(name)) << name;
  EXPECT_TRUE(safe_name(std::string(255, 'a')));
  EXPECT_FALSE(safe_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace autonomous::git
