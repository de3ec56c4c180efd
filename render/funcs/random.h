// The random bytes of a render: the system's, or in a release those of the generator that its inputs seed.
#pragma once

#include <string>

#include "render/template/function.h"

namespace autonomous::render {

std::string random_bytes(Context& cx, size_t count);

}  // namespace autonomous::render
