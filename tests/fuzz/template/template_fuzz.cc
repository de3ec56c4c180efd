// Any text as a template: it parses or says where it does not, the same each time.
#include "render/funcs/families.h"
#include "render/template/engine.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {
const render::Library& library() {
  static const render::Library* made = [] {
    auto* library = new render::Library();
    render::add_functions(*library, 4);
    return library;
  }();
  return *made;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(fuzz::text_of(data, size));
  auto first = render::parse_template("fuzzed", text, library());
  auto second = render::parse_template("fuzzed", text, library());
  fuzz::require(first.has_value() == second.has_value(), "a text parses each time or never");
  if (first) return 0;
  fuzz::require(first.error().message() == second.error().message(), "an error reads the same each time");
  fuzz::require(first.error().message().starts_with("template: "), "an error is text/template's");
  return 0;
}
