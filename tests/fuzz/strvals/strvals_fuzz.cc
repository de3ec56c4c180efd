// --set, --set-string, --set-json, --set-literal and --set-file with any text; the first letter says which.
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/strvals.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  if (text.empty()) return 0;
  helm::SetKind kind = helm::SetKind::kTyped;
  switch (text.front()) {
    case 's': kind = helm::SetKind::kString; break;
    case 'j': kind = helm::SetKind::kJson; break;
    case 'l': kind = helm::SetKind::kLiteral; break;
    case 'f': kind = helm::SetKind::kFile; break;
    default: break;
  }
  constexpr size_t kMemory = size_t{256} << 20;
  render::Arena arena(kMemory);
  auto values = render::read_yaml_map(arena, "a: {b: 1, c: [x, {d: 2}, [3]]}\nl: [1, null, {x: y}]\nn: null\ns: t\n");
  render::Map* map = *values;
  auto read_file = [](std::string_view path) -> Result<std::string> {
    if (path == "there") return std::string("content");
    return fail(Code::kNotFound, "open ", path, ": no such file or directory");
  };
  (void)helm::apply_set(arena, *map, kind, text.substr(1), read_file);
  // Whatever came of it is a value like any other.
  std::string out;
  static const render::Library library;
  (void)render::write_json(out, render::Value::of(map), library);
  return 0;
}
