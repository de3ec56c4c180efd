// The functions that Go's text/template has built in, but `and` and `or`, which the evaluator does itself because they
// stop early. Stateless.
#pragma once

#include "render/template/function.h"

namespace autonomous::render {

Family builtins();
// eq's rules; an error text, or "" and the answer.
Value builtin_eq(Context& cx, Args args);

}  // namespace autonomous::render
