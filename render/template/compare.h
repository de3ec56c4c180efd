// eq, ne, lt, le, gt, ge with the rules of Go's text/template: only values of one basic kind compare, signed and
// unsigned integers count as one kind. Stateless.
#pragma once

#include "render/template/function.h"

namespace autonomous::render {

Value builtin_eq(Context& cx, Args args);
Value builtin_ne(Context& cx, Args args);
Value builtin_lt(Context& cx, Args args);
Value builtin_le(Context& cx, Args args);
Value builtin_gt(Context& cx, Args args);
Value builtin_ge(Context& cx, Args args);

}  // namespace autonomous::render
