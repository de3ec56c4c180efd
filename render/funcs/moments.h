// The time of a render: its zones, and what it takes for now.
#pragma once

#include "render/funcs/go_time.h"
#include "render/template/function.h"

namespace autonomous::render {

// The zones that this render has loaded; they live as long as it does.
Places& places_of(Context& cx);
// A release has a time of its own; elsewhere the system's, in the local zone.
Moment now_of(Context& cx);

}  // namespace autonomous::render
