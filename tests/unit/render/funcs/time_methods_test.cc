// What the methods of a time say where the clocks are put forward. The cases of tests/golden/template are asked in UTC.
#include "render/funcs/families.h"
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

std::string in_zone(const std::string& zone, const std::string& text) {
  static const Library* library = [] {
    auto* made = new Library();
    add_functions(*made, 4);
    return made;
  }();
  Options options;
  options.time_zone = zone;
  return testing::render_text(*library, text, nlohmann::json::object(), options).output;
}

// Go says the same of each with TZ set to the zone.
TEST(TimeMethods, KnowsWhenClocksArePutForward) {
  auto is_dst = [](const std::string& zone, const std::string& date) {
    return in_zone(zone, "{{ (toDate \"2006-01-02 15:04\" \"" + date + "\").IsDST }}");
  };
  EXPECT_EQ(is_dst("Europe/Berlin", "2024-01-15 12:00"), "false");
  EXPECT_EQ(is_dst("Europe/Berlin", "2024-07-15 12:00"), "true");
  EXPECT_EQ(is_dst("Europe/Berlin", "2024-10-27 04:00"), "false");
  EXPECT_EQ(is_dst("Europe/Berlin", "2087-07-15 12:00"), "true");  // beyond the table, by the rule
  EXPECT_EQ(is_dst("Europe/Berlin", "2087-12-15 12:00"), "false");
  EXPECT_EQ(is_dst("Australia/Sydney", "2024-01-15 12:00"), "true");
  EXPECT_EQ(is_dst("Australia/Sydney", "2087-07-15 12:00"), "false");
  EXPECT_EQ(is_dst("Europe/Dublin", "2024-01-15 12:00"), "true");  // Irish law calls summer the standard
  EXPECT_EQ(is_dst("Europe/Dublin", "2087-12-15 12:00"), "true");
  EXPECT_EQ(is_dst("Europe/Dublin", "2087-07-15 12:00"), "false");
  EXPECT_EQ(is_dst("Asia/Tokyo", "2024-07-15 12:00"), "false");
  EXPECT_EQ(is_dst("UTC", "2024-07-15 12:00"), "false");
}

}  // namespace
}  // namespace autonomous::render
