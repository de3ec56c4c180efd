// Helm's own functions that reach back into the engine, and those that stop a render.
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

// Helm finds its messages again between these marks, wherever Go's error text has put them.
Value fail_marked(Context& cx, std::string_view text) { return cx.fail("HELM_ERR_START", text, "HELM_ERR_END"); }

Value func_include(Context& cx, Args args) { return cx.include(args[0].string(), args[1]); }
Value func_tpl(Context& cx, Args args) { return cx.tpl(args[0].string(), args[1]); }
Value func_fail(Context& cx, Args args) { return fail_marked(cx, args[0].string()); }

Value func_required(Context& cx, Args args) {
  bool missing = args[1].is_nothing() || (args[1].is_string() && args[1].length() == 0);
  return missing ? fail_marked(cx, args[0].string()) : args[1];
}

// Without a cluster every look-up finds nothing.
Value func_lookup(Context& cx, Args) {
  if (cx.options().wants_cluster) return cx.fail("rendering asks no cluster: leave out --dry-run");
  return Value::of(Map::make(cx.arena()));
}

constexpr Function kHooks[] = {
    {"fail", params(Type::kString), func_fail},
    {"include", params(Type::kString, Type::kInterface), func_include},
    {"lookup", params(Type::kString, Type::kString, Type::kString, Type::kString), func_lookup},
    {"required", params(Type::kString, Type::kInterface), func_required},
    {"tpl", params(Type::kString, Type::kInterface), func_tpl},
};

}  // namespace

Family hook_functions() { return kHooks; }

}  // namespace autonomous::render
