// Where the stack in hand ends; private to render/template. See on_large_stack() in engine.h.
#pragma once

namespace autonomous::render {

// The lowest address of the large stack that this thread runs on; null where it runs on its own.
const char* large_stack_bottom();

}  // namespace autonomous::render
