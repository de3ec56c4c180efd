// Any text as YAML: what is read and written again reads as the same; the reader that knows lines takes no harm from
// it.
#include "gitops/yaml/located.h"
#include "render/funcs/families.h"
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

const render::Library& library() {
  static const render::Library* made = new render::Library();
  return *made;
}

std::string as_json(const render::Value& value) {
  std::string out;
  fuzz::require(render::write_json(out, value, library()).has_value(), "what YAML holds is JSON");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  render::Arena arena;
  if (auto value = render::read_yaml(arena, text)) {
    // What is not UTF-8 or not printable may be unwritable, as it is for Go.
    if (auto written = render::write_yaml(*value)) {
      std::string before = as_json(*value);
      auto again = render::read_yaml(arena, *written);
      if (!fuzz::helm_loses(before)) {
        fuzz::require(again.has_value(), "what was written can be read");
        fuzz::require(as_json(*again) == before, "what was written reads as the same");
      }
    }
  }
  std::vector<Error> errors;
  yaml::parse_located(text, "fuzzed.yaml", errors);
  return 0;
}
