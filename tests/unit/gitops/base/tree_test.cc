#include "gitops/base/tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gitops/base/file.h"

namespace autonomous {
namespace {

std::vector<std::string> paths(const FileTree& tree, std::string_view under = "") {
  std::vector<std::string> out;
  auto entries = tree.list(under);
  EXPECT_TRUE(entries);
  for (const FileEntry& entry : *entries) out.push_back(entry.path);
  return out;
}

TEST(MemoryTree, ListsBelowAFolder) {
  MemoryTree tree({{"a/b", "1"}, {"a/c/d", "2"}, {"ab", "3"}});
  EXPECT_EQ(paths(tree), (std::vector<std::string>{"a/b", "a/c/d", "ab"}));
  EXPECT_EQ(paths(tree, "a"), (std::vector<std::string>{"a/b", "a/c/d"}));
  EXPECT_EQ(tree.read("a/b", 0).error().code(), Code::kLimit);
  EXPECT_EQ(tree.read("a", 10).error().code(), Code::kNotFound);
  auto sub = sub_tree(tree, "a");
  EXPECT_EQ(paths(*sub), (std::vector<std::string>{"b", "c/d"}));
  EXPECT_EQ(*sub->read("c/d", 10), "2");
}

TEST(DiskTree, ReportsLinksWithoutFollowing) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(make_folders(folder->path() + "/t/x"));
  ASSERT_TRUE(write_file(folder->path() + "/secret", "s"));
  ASSERT_TRUE(write_file(folder->path() + "/t/x/f", "content"));
  ASSERT_EQ(::symlink("../secret", (folder->path() + "/t/link").c_str()), 0);
  auto tree = disk_tree(folder->path() + "/t");
  EXPECT_EQ(paths(*tree), (std::vector<std::string>{"link", "x/f"}));
  EXPECT_EQ(tree->stat("link")->kind, FileKind::kLink);
  EXPECT_EQ(*tree->read("link", 100), "../secret");
  EXPECT_EQ(tree->read("../secret", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(paths(*tree, "x"), std::vector<std::string>{"x/f"});
  EXPECT_EQ(paths(*tree, "link"), std::vector<std::string>{});
  EXPECT_EQ(paths(*tree, "y"), std::vector<std::string>{});
  auto names = tree->names();
  ASSERT_EQ(names->size(), 2u);
  EXPECT_EQ(names->at(0).path, "link");
  EXPECT_EQ(names->at(0).kind, FileKind::kLink);
  EXPECT_EQ(names->at(1).path, "x/f");
  EXPECT_EQ(names->at(1).kind, FileKind::kFile);
  EXPECT_EQ(sub_tree(*tree, "x")->names()->at(0).path, "f");
}

TEST(DiskTree, ReadsWholeFiles) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(make_folders(folder->path() + "/x"));
  ASSERT_TRUE(write_file(folder->path() + "/x/f", "content"));
  ASSERT_TRUE(write_file(folder->path() + "/empty", ""));
  auto tree = disk_tree(folder->path());
  EXPECT_EQ(*tree->read("x/f", 7), "content");
  EXPECT_EQ(*tree->read("empty", 0), "");
  EXPECT_EQ(tree->read("x/f", 6).error().code(), Code::kLimit);
  EXPECT_EQ(tree->read("x", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(tree->read("x/g", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(tree->read("x/f/g", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(tree->stat("x").error().code(), Code::kNotFound);
}

TEST(DiskTree, SaysWhyThereIsNothing) {
  auto folder = TempFolder::make();
  auto tree = disk_tree(folder->path() + "/none");
  auto listed = tree->list("");
  EXPECT_EQ(listed.error().code(), Code::kNotFound);
  EXPECT_EQ(listed.error().message(), "cannot read the folder " + folder->path() + "/none: No such file or directory");
  EXPECT_EQ(tree->read("f", 100).error().code(), Code::kNotFound);
  EXPECT_EQ(tree->stat("f").error().code(), Code::kNotFound);
}

TEST(ResolveLink, StaysInside) {
  EXPECT_EQ(*resolve_link("a/b/link", "../c"), "a/c");
  EXPECT_EQ(resolve_link("a/link", "../../x").error().code(), Code::kDenied);
  EXPECT_EQ(resolve_link("link", "/etc/passwd").error().code(), Code::kDenied);
}

TEST(PlainPath, RefusesTricks) {
  EXPECT_TRUE(is_plain_path("a/b.yaml"));
  for (std::string_view path : {"", "/a", "a/", "a//b", "./a", "a/../b", ".."})
    EXPECT_FALSE(is_plain_path(path)) << path;
}

}  // namespace
}  // namespace autonomous
