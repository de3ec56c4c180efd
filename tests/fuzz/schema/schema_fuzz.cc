// A values.schema.json and values (YAML), parted by a line "===": the verdict is the same each time.
#include "render/funcs/yaml_value.h"
#include "render/helm/schema_check.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto [schema, text] = fuzz::halves(fuzz::text_of(data, size));
  render::Arena arena;
  auto value = render::read_yaml(arena, text);
  helm::SchemaValue values = helm::schema_value(value ? *value : render::Value::nil());
  auto first = helm::validate_schema(schema, values);
  auto second = helm::validate_schema(schema, values);
  fuzz::require(first.has_value() == second.has_value(), "a verdict is the same each time");
  if (!first) fuzz::require(first.error().message() == second.error().message(), "and so are its words");
  return 0;
}
