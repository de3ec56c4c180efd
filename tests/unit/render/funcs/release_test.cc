// What a release changes: time and chance are given, and what makes secrets is refused.
#include "render/funcs/families.h"
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

testing::Answer released(const std::string& text, const std::string& seed = "seed") {
  static const Library* library = [] {
    auto* made = new Library();
    add_functions(*made, 4);
    return made;
  }();
  Options options;
  options.deterministic = true;
  options.seed = seed;
  options.now_ns = 1'700'000'000'000'000'000;
  return testing::render_text(*library, text, nlohmann::json::object(), options);
}

TEST(Release, TakesTheGivenTime) {
  EXPECT_EQ(released("{{now | unixEpoch}} {{date \"2006-01-02\" now}} {{ago (now)}}").output,
            "1700000000 2023-11-14 0s");
}

TEST(Release, DrawsTheSameFromTheSameSeed) {
  const std::string text =
      "{{randAlphaNum 20}} {{uuidv4}} {{shuffle \"abcdefghijklmnop\"}} {{randInt 0 1000000}} {{randBytes 9}}";
  testing::Answer first = released(text);
  EXPECT_EQ(first.error, "");
  EXPECT_EQ(first, released(text));
  EXPECT_NE(first, released(text, "other"));
  testing::Answer twice = released("{{randAlphaNum 20}}={{randAlphaNum 20}}");
  EXPECT_NE(twice.output.substr(0, 20), twice.output.substr(21));
}

TEST(Release, RefusesToMakeSecrets) {
  for (const char* text : {"{{genCA \"a\" 1}}", "{{genSelfSignedCert \"a\" nil nil 1}}", "{{genPrivateKey \"rsa\"}}",
                           "{{bcrypt \"p\"}}", "{{htpasswd \"u\" \"p\"}}", "{{encryptAES \"k\" \"x\"}}"}) {
    EXPECT_NE(released(text).error.find("a release must be the same"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace autonomous::render
