// The cases of lexing and parsing that the real text/template has answered. Those that need sprig's functions run with
// the functions' tests.
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

void check(const std::string& name) {
  static const Library library;
  testing::check_cases(library, std::string(CASES_FOLDER) + "/" + name + ".jsonl");
}

TEST(TemplateCases, Lexing) { check("lexing"); }
TEST(TemplateCases, Parsing) { check("parsing"); }

}  // namespace
}  // namespace autonomous::render
