// What the functions that make secrets share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "render/template/function.h"

namespace autonomous::render {

// True, after cx.fail(): this is a release, where nothing may differ from one render to the next. `instead` is what to
// do.
bool refuse_in_release(Context& cx, std::string_view name, std::string_view instead);

// Go's base64.StdEncoding; the byte at which the text is wrong, or none.
std::optional<size_t> decode_base64(std::string_view text, std::string& out);

}  // namespace autonomous::render
