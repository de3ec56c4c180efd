// What the scalars of a TOML document are. Private to render/funcs.
#pragma once

#include <string>

#include "render/funcs/toml_scan.h"
#include "render/template/function.h"

namespace autonomous::render {

// A string's text: its escapes resolved, of several lines without the first line end. Throws TomlProblem.
std::string toml_text(const TomlToken& token);
// An int64, float64, bool, string or time.Time. Throws TomlProblem.
Value toml_scalar(Context& cx, const TomlToken& token);

}  // namespace autonomous::render
