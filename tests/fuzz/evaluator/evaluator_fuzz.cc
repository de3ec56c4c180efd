// Values (YAML) and a template, parted by a line "===", rendered as in a release within small limits: two renders give
// the same bytes, however wild the chart.
#include "render/funcs/families.h"
#include "render/funcs/yaml_value.h"
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

std::string rendered(std::string_view values, std::string_view text) {
  render::TemplateSet set(library());
  auto parsed = set.parse("fuzzed", std::string(text));
  if (!parsed) return parsed.error().message();
  constexpr size_t kMemory = size_t{64} << 20;
  render::Arena arena(kMemory);
  auto read = render::read_yaml(arena, values);
  render::Value dot = read ? *read : render::Value::nil();
  render::Options options;
  options.deterministic = true;
  options.seed = "fuzzed";
  options.now_ns = 1'700'000'000'000'000'000;
  render::Execution execution(set, arena, options,
                              {.fuel = 100'000, .output = 1u << 20, .templates = 1000, .includes = 50});
  return execution.run("fuzzed", dot) ? std::string(execution.output()) : execution.failure().text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto [values, text] = fuzz::halves(fuzz::text_of(data, size));
  render::on_large_stack([values = values, text = text] {
    std::string first = rendered(values, text);
    // %p is where a value happens to lie.
    if (text.find('%') != std::string_view::npos) return;
    fuzz::require(first == rendered(values, text), "two renders give the same bytes");
  });
  return 0;
}
