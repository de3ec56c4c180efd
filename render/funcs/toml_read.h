// A TOML document as a map, as BurntSushi's reader has it, whose words helm shows for what is wrong. Private to
// render/funcs.
#pragma once

#include <string>
#include <string_view>

#include "render/template/function.h"

namespace autonomous::render {

// Dates and times become time.Time, tables in `[[…]]` a list of maps of its own type. False: `error` says why, or cx
// has failed at a limit.
bool read_toml(Context& cx, std::string_view text, Value& out, std::string& error);

}  // namespace autonomous::render
