#include "gitops/base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace autonomous {
namespace {

TEST(File, DurableWritesReplaceWholeFiles) {
  auto folder = TempFolder::make();
  ASSERT_TRUE(folder);
  std::string path = folder->path() + "/a";
  ASSERT_TRUE(write_file_durable(path, "one"));
  ASSERT_TRUE(write_file_durable(path, "two"));
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_EQ(read_file(path, 2).error().code(), Code::kLimit);
  EXPECT_EQ(read_file(folder->path() + "/none").error().code(), Code::kNotFound);
  EXPECT_EQ(write_file_durable(folder->path() + "/none/b", "x").error().code(), Code::kNotFound);
}

TEST(File, TempFoldersVanish) {
  std::string path;
  {
    auto folder = TempFolder::make();
    path = folder->path();
    ASSERT_TRUE(make_folders(path + "/x/y"));
    EXPECT_TRUE(exists(path + "/x/y"));
  }
  EXPECT_FALSE(exists(path));
}

TEST(LockFile, NamesTheOwner) {
  auto folder = TempFolder::make();
  std::string path = folder->path() + "/lock";
  {
    auto first = LockFile::take(path);
    ASSERT_TRUE(first);
    auto second = LockFile::take(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kConflict);
    EXPECT_NE(second.error().message().find("pid " + std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(LockFile::take(path));
}

}  // namespace
}  // namespace autonomous
