// sprig's reflect.go: what Go type a value has.
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

std::string_view type_of(Value value) { return value.is_nothing() ? "<nil>" : value.type_name(); }
std::string_view kind_name_of(Value value) { return value.is_nothing() ? "invalid" : kind_name(value.kind()); }

Value func_type_of(Context&, Args args) { return Value::of(type_of(args[0])); }
Value func_type_is(Context&, Args args) { return Value::of(args[0].string() == type_of(args[1])); }

Value func_type_is_like(Context&, Args args) {
  std::string_view target = args[0].string();
  std::string_view type = type_of(args[1]);
  return Value::of(target == type || (type.starts_with('*') && type.substr(1) == target));
}

Value func_kind_of(Context&, Args args) { return Value::of(kind_name_of(args[0])); }
Value func_kind_is(Context&, Args args) { return Value::of(args[0].string() == kind_name_of(args[1])); }
Value func_deep_equal(Context& cx, Args args) { return Value::of(cx.equal(args[0], args[1])); }

constexpr Function kTypes[] = {
    {"deepEqual", params(Type::kInterface, Type::kInterface), func_deep_equal},
    {"kindIs", params(Type::kString, Type::kInterface), func_kind_is},
    {"kindOf", params(Type::kInterface), func_kind_of},
    {"typeIs", params(Type::kString, Type::kInterface), func_type_is},
    {"typeIsLike", params(Type::kString, Type::kInterface), func_type_is_like},
    {"typeOf", params(Type::kInterface), func_type_of},
};

}  // namespace

Family type_functions() { return kTypes; }

}  // namespace autonomous::render
