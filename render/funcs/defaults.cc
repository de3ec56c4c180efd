// sprig's defaults.go, without JSON.
#include "render/funcs/convert.h"
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

Value func_default(Context&, Args args) {
  if (args.size() == 1 || is_empty(args[1])) return args[0];
  return args[1];
}

Value func_empty(Context&, Args args) { return Value::of(is_empty(args[0])); }

Value func_coalesce(Context&, Args args) {
  for (Value value : args) {
    if (!is_empty(value)) return value;
  }
  return Value::nil();
}

Value func_all(Context&, Args args) {
  for (Value value : args) {
    if (is_empty(value)) return Value::of(false);
  }
  return Value::of(true);
}

Value func_any(Context&, Args args) {
  for (Value value : args) {
    if (!is_empty(value)) return Value::of(true);
  }
  return Value::of(false);
}

Value func_ternary(Context&, Args args) { return args[2].boolean() ? args[0] : args[1]; }

constexpr Function kDefaults[] = {
    {"all", variadic(Type::kInterface), func_all},
    {"any", variadic(Type::kInterface), func_any},
    {"coalesce", variadic(Type::kInterface), func_coalesce},
    {"default", variadic(Type::kInterface, Type::kInterface), func_default},
    {"empty", params(Type::kInterface), func_empty},
    {"ternary", params(Type::kInterface, Type::kInterface, Type::kBool), func_ternary},
};

}  // namespace

Family default_functions() { return kDefaults; }

}  // namespace autonomous::render
