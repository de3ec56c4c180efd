// Documents of TOML that nobody writes by hand: our own limits, which Go does not have.
#include "render/funcs/families.h"
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

std::string error_of(const std::string& document) {
  static const Library* library = [] {
    auto* made = new Library();
    add_functions(*made, 4);
    return made;
  }();
  return testing::render_text(*library, "{{ fromToml .text | len }}", nlohmann::json{{"text", document}}, {}).error;
}

std::string repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Toml, StopsWhereItIsNestedTooDeeply) {
  EXPECT_EQ(error_of("a = " + repeat("[", 900) + repeat("]", 900)), "");
  EXPECT_NE(error_of("a = " + repeat("[", 100'000)).find("toml: nested too deeply"), std::string::npos);
  EXPECT_NE(error_of("a = " + repeat("{a = ", 100'000)).find("toml: nested too deeply"), std::string::npos);
  EXPECT_NE(error_of(repeat("a.", 100'000) + "a = 1").find("toml: the key has too many parts"), std::string::npos);
  std::string long_key = repeat("a.", 600) + "a = ";
  EXPECT_NE(error_of(long_key + "{" + long_key + "1}").find("toml: nested too deeply"), std::string::npos);
}

}  // namespace
}  // namespace autonomous::render
