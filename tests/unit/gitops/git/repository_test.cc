#include "gitops/git/repository.h"

#include <gmock/gmock.h>

#include "gitops/git/maintenance.h"
#include "gitops/git/refs.h"
#include "tests/unit/gitops/git/bed.h"

namespace autonomous::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RepositoryTest : public Bed {
 protected:
  Oid blob(Repository& repository, const std::string& text) { return must(repository.write_blob(text)); }
  std::string listing(const Repository& repository, const Oid& tree) {
    return git(repository.path(), {"ls-tree", "-r", "-t", tree.hex()});
  }
};

TEST_F(RepositoryTest, WhatIsWrittenIsSeenAtOnceAndOnDiskAfterAFlush) {
  Repository repository = bare();
  Oid text = blob(repository, "hello\n");
  Oid tree = must(repository.update_tree(Oid(), {{"a/b.txt", text, Mode::kFile}, {"run", text, Mode::kExecutable}}));
  Oid first = commit(repository, tree, {}, "First\n");
  EXPECT_EQ(must(repository.blob(text)), "hello\n");
  EXPECT_EQ(must(repository.commit(first)).tree, tree);
  EXPECT_EQ(must(repository.walk(first)), std::vector<Oid>{first});
  EXPECT_NE(run({"git", "-C", repository.path(), "cat-file", "-e", first.hex()}).status, 0);
  must(repository.flush());
  must(update_refs(ctx_, repository, {{"refs/heads/main", first, Oid()}}));
  EXPECT_EQ(git(repository.path(), {"show", "main:a/b.txt"}), "hello");
  EXPECT_EQ(git(repository.path(), {"log", "--format=%an %ae %ad %s", "--date=raw"}),
            "Jane Doe jane@example.com 1700000000 +0100 First");
  expect_sound(repository.path());
  EXPECT_EQ(must(repository.commit(first)).author, jane());
}

TEST_F(RepositoryTest, ALargeBatchIsOnePack) {
  Repository repository = bare();
  std::vector<TreeUpdate> updates;
  for (int i = 0; i < 3000; ++i) {
    Oid oid = blob(repository, std::string(static_cast<size_t>(i % 700), 'x') + std::to_string(i));
    updates.push_back({"apps/" + std::to_string(i % 30) + "/" + std::to_string(i), oid, Mode::kFile});
  }
  Oid tip = commit(repository, must(repository.update_tree(Oid(), updates)), {});
  must(update_refs(ctx_, repository, {{"refs/heads/main", tip, {}}}));
  EXPECT_EQ(git(repository.path(), {"count-objects", "-v"}).substr(0, 8), "count: 0");
  EXPECT_THAT(git(repository.path(), {"count-objects", "-v"}), HasSubstr("packs: 1\n"));
  EXPECT_EQ(git(repository.path(), {"show", "main:apps/7/37"}).substr(37), "37");
  expect_sound(repository.path());
}

TEST_F(RepositoryTest, DiscardForgetsWhatWaits) {
  Repository repository = bare();
  Oid text = blob(repository, "hello\n");
  repository.discard();
  EXPECT_FALSE(repository.has(text));
  EXPECT_EQ(repository.blob(text).error().code(), Code::kNotFound);
}

TEST_F(RepositoryTest, SeesWhatAnotherProcessWrote) {
  Repository repository = bare();
  Oid text = must(Oid::parse(git(repository.path(), {"hash-object", "-w", "--stdin"}, "other\n")));
  EXPECT_EQ(must(repository.blob(text)), "other\n");
  EXPECT_EQ(must(repository.find_prefix(text.hex().substr(0, 6))), text);
}

TEST_F(RepositoryTest, LimitsAndKindsAreChecked) {
  Repository repository = bare();
  Oid text = blob(repository, std::string(1000, 'x'));
  must(repository.flush());
  EXPECT_EQ(repository.blob(text, 999).error().code(), Code::kLimit);
  EXPECT_TRUE(repository.blob(text, 1000));
  EXPECT_EQ(repository.commit(text).error().code(), Code::kInvalid);
  EXPECT_EQ(repository.tree(text).error().code(), Code::kInvalid);
  EXPECT_EQ(repository.peel_tree(text).error().code(), Code::kInvalid);
}

TEST_F(RepositoryTest, UpdatesTreesAsAFileSystemWould) {
  Repository repository = bare();
  Oid one = blob(repository, "1"), two = blob(repository, "2");
  Oid base = must(repository.update_tree(
      Oid(), {{"a/b/c", one, Mode::kFile}, {"a.x", one, Mode::kFile}, {"d/e", one, Mode::kFile}}));
  auto updated = [&](std::vector<TreeUpdate> updates) { return must(repository.update_tree(base, updates)); };
  auto plain = [&](std::vector<TreeUpdate> updates) { return must(repository.update_tree(Oid(), updates)); };
  EXPECT_EQ(updated({}), base);
  EXPECT_EQ(updated({{"zzz/none", {}, Mode::kFile}}), base);
  EXPECT_EQ(updated({{"a.x/deeper", {}, Mode::kFile}}), base);
  // A folder that becomes empty vanishes, with those above it.
  EXPECT_EQ(updated({{"a/b/c", {}, Mode::kFile}}), plain({{"a.x", one, Mode::kFile}, {"d/e", one, Mode::kFile}}));
  EXPECT_EQ(updated({{"a", {}, Mode::kFile}, {"d", {}, Mode::kFile}, {"a.x", {}, Mode::kFile}}), empty_tree());
  // Later updates win.
  EXPECT_EQ(updated({{"d/e", two, Mode::kFile}, {"d/e", one, Mode::kFile}}), base);
  // Files and folders in each other's way.
  EXPECT_EQ(repository.update_tree(base, {{"a.x/y", one, Mode::kFile}}).error().code(), Code::kConflict);
  EXPECT_EQ(repository.update_tree(base, {{"a", one, Mode::kFile}}).error().code(), Code::kConflict);
  EXPECT_EQ(updated({{"a.x", {}, Mode::kFile}, {"a.x/y", one, Mode::kFile}}),
            plain({{"a/b/c", one, Mode::kFile}, {"a.x/y", one, Mode::kFile}, {"d/e", one, Mode::kFile}}));
  EXPECT_EQ(updated({{"d/e", {}, Mode::kFile}, {"d", two, Mode::kFile}}),
            plain({{"a/b/c", one, Mode::kFile}, {"a.x", one, Mode::kFile}, {"d", two, Mode::kFile}}));
  // A whole folder removed and made anew in one call keeps only what is new.
  EXPECT_EQ(updated({{"a", {}, Mode::kFile}, {"a/n", two, Mode::kFile}}),
            plain({{"a/n", two, Mode::kFile}, {"a.x", one, Mode::kFile}, {"d/e", one, Mode::kFile}}));
  // Mounting a tree.
  Oid mounted = plain({{"k", two, Mode::kFile}});
  EXPECT_EQ(updated({{"a/b", mounted, Mode::kTree}}),
            plain({{"a/b/k", two, Mode::kFile}, {"a.x", one, Mode::kFile}, {"d/e", one, Mode::kFile}}));
  must(repository.flush());
}

TEST_F(RepositoryTest, UpdatedTreesEqualGitsOwn) {
  Repository repository = bare();
  Oid one = blob(repository, "1"), two = blob(repository, "2");
  Oid base = must(
      repository.update_tree(Oid(), {{"a/b", one, Mode::kFile}, {"a-b", one, Mode::kFile}, {"a0", one, Mode::kFile}}));
  Oid changed = must(repository.update_tree(base, {{"a/c", two, Mode::kExecutable}, {"a", {}, Mode::kFile}}));
  must(repository.flush());
  std::string index = "GIT_INDEX_FILE=" + path("index");
  run({"git", "-C", repository.path(), "read-tree", base.hex()}, "", {index});
  run({"git", "-C", repository.path(), "update-index", "--index-info"},
      "0 " + Oid().hex() + "\ta/b\n100755 " + two.hex() + "\ta/c\n", {index});
  EXPECT_EQ(run({"git", "-C", repository.path(), "write-tree"}, "", {index}).out, changed.hex() + "\n");
}

TEST_F(RepositoryTest, RefusesUnsafePathsButLivesWithThem) {
  Repository repository = bare();
  Oid one = blob(repository, "1");
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/./b", ".git/config", "a/.GIT", "a/git~1/x", "a\nb"}) {
    EXPECT_FALSE(repository.update_tree(Oid(), {{bad, one, Mode::kFile}})) << bad;
  }
  must(repository.flush());
  std::string raw = "100644 blob " + one.hex() + "\t.GIT\n100644 blob " + one.hex() + "\tfine\n";
  Oid hostile = must(Oid::parse(git(repository.path(), {"mktree"}, raw)));
  // Others' names don't stop our own work beside them, and may be removed.
  EXPECT_TRUE(repository.update_tree(hostile, {{"ours", one, Mode::kFile}}));
  EXPECT_EQ(must(repository.update_tree(hostile, {{".GIT", {}, Mode::kFile}})),
            must(repository.update_tree(Oid(), {{"fine", one, Mode::kFile}})));
  auto tree = must(repository.tree_of(hostile));
  EXPECT_EQ(tree->list().error().code(), Code::kInvalid);
  EXPECT_EQ(tree->read(".GIT", 10).error().code(), Code::kNotFound);
  EXPECT_EQ(must(tree->read("fine", 10)), "1");
}

TEST_F(RepositoryTest, FileTreeReportsLinksAndSubmodules) {
  Repository repository = bare();
  Oid one = blob(repository, "1"), target = blob(repository, "../../etc/passwd");
  Oid tip = commit(repository, empty_tree(), {});
  must(repository.write(ObjectKind::kTree, ""));
  Oid tree = must(repository.update_tree(Oid(), {{"k/a.b", one, Mode::kFile},
                                                 {"k/a/x", one, Mode::kExecutable},
                                                 {"k/link", target, Mode::kLink},
                                                 {"k/sub", tip, Mode::kSubmodule}}));
  Oid root = commit(repository, tree, {});
  auto files = must(repository.tree_of(root, "k"));
  std::vector<std::string> seen;
  for (const FileEntry& entry : must(files->list()))
    seen.push_back(entry.path + " " + std::to_string(static_cast<int>(entry.kind)) + " " + std::to_string(entry.size));
  EXPECT_THAT(seen, ElementsAre("a.b 0 1", "a/x 1 1", "link 2 16", "sub 3 0"));
  EXPECT_EQ(must(files->read("link", 100)), "../../etc/passwd");
  EXPECT_EQ(files->read("sub", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(files->stat("a").error().code(), Code::kNotFound);
  EXPECT_EQ(files->stat("link/x").error().code(), Code::kNotFound);
  EXPECT_EQ(must(files->stat("a/x")).oid, one.hex());
  EXPECT_EQ(must(files->list("a")).size(), 1u);
  EXPECT_EQ(must(files->list("a"))[0].path, "a/x");
  EXPECT_TRUE(must(files->list("none")).empty());
  EXPECT_EQ(repository.tree_of(root, "none").error().code(), Code::kNotFound);
}

TEST_F(RepositoryTest, DeepAndBombTreesAreLimited) {
  Repository repository = bare();
  Oid at = must(repository.make_tree({{"f", Mode::kFile, blob(repository, "1")}}));
  for (int depth = 0; depth < 2000; ++depth) at = must(repository.make_tree({{"d", Mode::kTree, at}}));
  EXPECT_EQ(must(repository.tree_of(at))->list().error().code(), Code::kLimit);
  EXPECT_EQ(repository.diff_paths(Oid(), at).error().code(), Code::kLimit);
  Oid bomb = must(repository.make_tree({{"f", Mode::kFile, blob(repository, "1")}}));
  for (int depth = 0; depth < 40; ++depth)
    bomb = must(repository.make_tree({{"a", Mode::kTree, bomb}, {"b", Mode::kTree, bomb}}));
  EXPECT_EQ(repository.diff_paths(Oid(), bomb, "", 10'000).error().code(), Code::kLimit);
}

TEST_F(RepositoryTest, WalksHideAndFilter) {
  Repository repository = bare();
  std::vector<Oid> made;
  Oid tree;
  for (int i = 0; i < 6; ++i) {
    tree = must(repository.update_tree(
        tree, {{i % 2 == 0 ? "even/x" : "odd/x", blob(repository, std::to_string(i)), Mode::kFile}}));
    made.push_back(commit(repository, tree, made.empty() ? std::vector<Oid>{} : std::vector<Oid>{made.back()},
                          std::to_string(i), 1'700'000'000 + i));
  }
  EXPECT_EQ(must(repository.walk(made[5], {.hide = {made[2]}})), (std::vector<Oid>{made[5], made[4], made[3]}));
  EXPECT_EQ(must(repository.walk(made[5], {.hide = {made[2]}, .oldest_first = true})),
            (std::vector<Oid>{made[3], made[4], made[5]}));
  EXPECT_EQ(must(repository.walk(made[5], {.path = "even"})), (std::vector<Oid>{made[4], made[2], made[0]}));
  EXPECT_EQ(must(repository.walk(made[5], {.path = "odd/x", .limit = 2})), (std::vector<Oid>{made[5], made[3]}));
  EXPECT_TRUE(must(repository.is_ancestor(made[0], made[5])));
  EXPECT_TRUE(must(repository.is_ancestor(made[5], made[5])));
  EXPECT_FALSE(must(repository.is_ancestor(made[5], made[0])));
  Oid side = commit(repository, tree, {made[3]}, "side", 1'700'000'100);
  EXPECT_EQ(must(repository.merge_base(side, made[5])), made[3]);
  Oid alone = commit(repository, tree, {}, "alone");
  EXPECT_EQ(must(repository.merge_base(alone, made[5])), std::nullopt);
  EXPECT_FALSE(repository.walk(Oid::from_bytes("aaaaaaaaaaaaaaaaaaaa")));
}

TEST_F(RepositoryTest, DiffNamesThePathsThatDiffer) {
  Repository repository = bare();
  Oid one = blob(repository, "1"), two = blob(repository, "2");
  Oid a = must(repository.update_tree(
      Oid(),
      {{"same/x", one, Mode::kFile}, {"b/x", one, Mode::kFile}, {"b.c", one, Mode::kFile}, {"f", one, Mode::kFile}}));
  Oid b = must(repository.update_tree(
      a,
      {{"b/x", two, Mode::kFile}, {"b.c", one, Mode::kExecutable}, {"f", {}, Mode::kFile}, {"f/g", two, Mode::kFile}}));
  std::vector<std::string> seen;
  for (const PathChange& change : must(repository.diff_paths(a, b))) {
    seen.push_back(change.path + (change.old_oid.is_zero() ? " +" : change.new_oid.is_zero() ? " -" : " ~"));
  }
  EXPECT_THAT(seen, ElementsAre("b.c ~", "b/x ~", "f -", "f/g +"));
  EXPECT_EQ(must(repository.diff_paths(a, b, "b")).size(), 1u);
  EXPECT_EQ(must(repository.diff_paths(a, b, "b"))[0].path, "b/x");
  EXPECT_TRUE(must(repository.diff_paths(a, b, "same")).empty());
  EXPECT_TRUE(must(repository.diff_paths(a, b, "none")).empty());
  EXPECT_EQ(must(repository.diff_paths(Oid(), a)).size(), 4u);
  EXPECT_EQ(repository.diff_paths(a, b, "", 2).error().code(), Code::kLimit);
}

TEST_F(RepositoryTest, InitIsWholeAndIdempotent) {
  Repository repository =
      must(Repository::init_bare(path("x/y/repo.git"), {.hosted = true, .head = "refs/heads/deploy"}));
  Repository again = must(Repository::init_bare(path("x/y/repo.git")));
  EXPECT_EQ(must(head_of(again)), "refs/heads/deploy");
  EXPECT_EQ(git(repository.path(), {"config", "core.fsync"}), "all");
  EXPECT_EQ(git(repository.path(), {"config", "receive.denyDeletes"}), "true");
  EXPECT_EQ(git(repository.path(), {"rev-parse", "--is-bare-repository"}), "true");
}

TEST_F(RepositoryTest, HostedRepositoriesRefuseRewritesAndHostileTrees) {
  Repository hosted = must(Repository::init_bare(path("hosted.git"), {.hosted = true}));
  run({"git", "init", "-q", "-b", "main", path("work")});
  git(path("work"), {"commit", "-q", "--allow-empty", "-m", "one"});
  git(path("work"), {"push", "-q", hosted.path(), "HEAD:refs/heads/main"});
  git(path("work"), {"commit", "-q", "--amend", "--allow-empty", "-m", "other"});
  EXPECT_NE(run({"git", "-C", path("work"), "push", "-q", "-f", hosted.path(), "HEAD:refs/heads/main"}).status, 0);
  EXPECT_NE(run({"git", "-C", path("work"), "push", "-q", hosted.path(), ":refs/heads/main"}).status, 0);
  std::string blob_id = git(path("work"), {"hash-object", "-w", "--stdin"}, "x");
  std::string tree = git(path("work"), {"mktree"}, "100644 blob " + blob_id + "\t.GIT\n");
  std::string bad = git(path("work"), {"commit-tree", "-m", "bad", tree});
  EXPECT_NE(run({"git", "-C", path("work"), "push", "-q", hosted.path(), bad + ":refs/heads/bad"}).status, 0);
}

TEST_F(RepositoryTest, RefusesSha256AndWhatIsNoRepository) {
  run({"git", "init", "-q", "--bare", "--object-format=sha256", path("other.git")});
  Result<Repository> opened = Repository::open(path("other.git"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kInvalid);
  EXPECT_THAT(opened.error().message(), HasSubstr("SHA-256"));
  EXPECT_EQ(Repository::open(path("none")).error().code(), Code::kNotFound);
}

TEST_F(RepositoryTest, DamagedObjectsAreReportedAsCorrupt) {
  Repository repository = bare();
  std::string oid = git(repository.path(), {"hash-object", "-w", "--stdin"}, "text");
  std::string file = repository.path() + "/objects/" + oid.substr(0, 2) + "/" + oid.substr(2);
  run({"chmod", "644", file});
  must(write_file(file, "garbage"));
  Result<std::string> read = repository.blob(must(Oid::parse(oid)));
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().code(), Code::kNotFound) << read.error().line();
}

TEST_F(RepositoryTest, ReadsOnWhileARepackTakesPacksAway) {
  Repository repository = bare();
  Oid tip;
  std::vector<Oid> blobs;
  Oid tree;
  for (int i = 0; i < 20; ++i) {
    blobs.push_back(blob(repository, "content " + std::to_string(i)));
    tree = must(repository.update_tree(tree, {{std::to_string(i), blobs.back(), Mode::kFile}}));
    tip = commit(repository, tree, tip.is_zero() ? std::vector<Oid>{} : std::vector<Oid>{tip}, std::to_string(i));
    must(update_refs(ctx_, repository, {{"refs/heads/main", tip, {}}}));
  }
  Repository reader = must(Repository::open(repository.path()));
  must(reader.blob(blobs[0]));
  git(repository.path(), {"repack", "-q", "-a", "-d"});
  for (const Oid& oid : blobs) EXPECT_TRUE(reader.blob(oid));
  EXPECT_EQ(must(reader.walk(tip)).size(), 20u);
}

TEST_F(RepositoryTest, ManySmallPacksBecomeFewAndNothingIsLost) {
  Repository repository = bare();
  Repository reader = bare();
  std::vector<Oid> blobs;
  for (int i = 0; i < 12; ++i) {
    blobs.push_back(blob(repository, "text " + std::to_string(i)));  // reachable from nowhere
    must(repository.flush());
  }
  must(reader.blob(blobs[0]));
  EXPECT_EQ(must(look_after(repository)).packs, 12u);
  EXPECT_FALSE(must(tidy(ctx_, GitProgram{}, repository)));
  remove_stale_locks(repository.path(), Millis(0));  // as a start does: nothing waits for its ref any more
  EXPECT_TRUE(must(tidy(ctx_, GitProgram{}, repository, 10)));
  EXPECT_LT(must(look_after(repository)).packs, 3u);
  for (const Oid& oid : blobs) {
    EXPECT_TRUE(repository.blob(oid));
    EXPECT_TRUE(reader.blob(oid));
  }
  Oid next = blob(repository, "next");
  must(repository.flush());
  EXPECT_EQ(must(reader.blob(next)), "next");
}

}  // namespace
}  // namespace autonomous::git
