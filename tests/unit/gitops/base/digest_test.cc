#include "gitops/base/digest.h"

#include <gtest/gtest.h>

namespace autonomous {
namespace {

// FIPS 180-2, appendix B.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().add("a").add("bc").finish_hex(), sha256_hex("abc"));
}

TEST(Sha256, FieldsDoNotRunTogether) {
  EXPECT_NE(Sha256().add_field("ab").add_field("c").finish_hex(), Sha256().add_field("a").add_field("bc").finish_hex());
}

// RFC 4648, section 10.
TEST(Base64, KnownAnswers) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(base64_encode(plain), coded);
    std::string back;
    EXPECT_TRUE(base64_decode(coded, back));
    EXPECT_EQ(back, plain);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  std::string out;
  for (const char* text : {"Z", "Zg=", "Zg==Zg==", "Z===", "Zm9v!A==", "=Zm9"})
    EXPECT_FALSE(base64_decode(text, out)) << text;
}

}  // namespace
}  // namespace autonomous
