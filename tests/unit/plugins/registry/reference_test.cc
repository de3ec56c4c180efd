#include "plugins/registry/reference.h"

#include <gtest/gtest.h>

namespace autonomous::registry {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(Reference, Parts) {
  auto whole = Reference::parse("oci://127.0.0.1:5000/charts/web:1.2.3+a@" + kDigest);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->host, "127.0.0.1:5000");
  EXPECT_EQ(whole->repository, "charts/web");
  EXPECT_EQ(whole->tag, "1.2.3+a");
  EXPECT_EQ(whole->digest, kDigest);
  auto bare = Reference::parse("ghcr.io/acme/web");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->name(), "ghcr.io/acme/web");
  EXPECT_EQ(bare->tag, "");
}

TEST(Reference, Refused) {
  for (const char* text :
       {"", "oci://", "oci://ghcr.io", "ghcr.io/", "ghcr.io//web", "ghcr.io/web:", "ghcr.io/web@sha256:1",
        "ghcr.io/../web", "ghcr.io/Web", "ghcr.io/web?x=1", "user@ghcr.io/web", "gh cr/web"}) {
    EXPECT_FALSE(Reference::parse(text)) << text;
  }
}

TEST(Reference, PlusAndUnderscore) {
  EXPECT_EQ(tag_of_version("1.0.0+build.1"), "1.0.0_build.1");
  EXPECT_EQ(version_of_tag("1.0.0_build.1"), "1.0.0+build.1");
}

}  // namespace
}  // namespace autonomous::registry
