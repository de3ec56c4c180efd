// Cases that the real text/template, sprig and Helm have answered; tests/golden/oracle writes the answers.
#include "render/funcs/families.h"
#include "tests/support/render_cases.h"

namespace autonomous::render {
namespace {

const Library& functions() {
  static const Library* made = [] {
    auto* library = new Library();
    add_functions(*library, 4);
    return library;
  }();
  return *made;
}

void check(const std::string& name) {
  testing::check_cases(functions(), std::string(CASES_FOLDER) + "/" + name + ".jsonl");
}

TEST(FunctionCases, Execution) { check("execution"); }
TEST(FunctionCases, Builtins) { check("builtins"); }
TEST(FunctionCases, Printf) { check("printf"); }
TEST(FunctionCases, Strings) { check("strings"); }
TEST(FunctionCases, Dicts) { check("dicts"); }
TEST(FunctionCases, Lists) { check("lists"); }
TEST(FunctionCases, Maths) { check("maths"); }
TEST(FunctionCases, Encodings) { check("encodings"); }
TEST(FunctionCases, Regex) { check("regex"); }
TEST(FunctionCases, Words) { check("words"); }
TEST(FunctionCases, Paths) { check("paths"); }
TEST(FunctionCases, Dates) { check("dates"); }
TEST(FunctionCases, Decimals) { check("decimals"); }
TEST(FunctionCases, Toml) { check("toml"); }
TEST(FunctionCases, Urls) { check("urls"); }
TEST(FunctionCases, Secrets) { check("secrets"); }
TEST(FunctionCases, Durations) { check("durations"); }

}  // namespace
}  // namespace autonomous::render
