// The time of a render: its zones, what it takes for now, and moments as values of templates.
#pragma once

#include "render/funcs/go_time.h"
#include "render/template/function.h"

namespace autonomous::render {

// The zones that this render has loaded; they live as long as it does.
Places& places_of(Context& cx);
// A release has a time of its own; elsewhere the system's, in the local zone.
Moment now_of(Context& cx);

// A time.Time, and what is in one.
Value time_value(Context& cx, const Moment& moment);
inline const Moment& moment_of(Value value) { return *static_cast<const Moment*>(value.structure()->native); }

}  // namespace autonomous::render
