// The functions that Go's text/template has built in. `and`, `or` and `call` have no code here: the evaluator does them
// itself, because they stop early or need the callee's name. Stateless.
#pragma once

#include "render/template/function.h"

namespace autonomous::render {

Family builtins();

}  // namespace autonomous::render
