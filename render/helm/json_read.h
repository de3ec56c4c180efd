// Reads JSON as encoding/json does into an interface {}: numbers are float64, of equal keys the last stays, bad UTF-8
// becomes U+FFFD, 10,000 levels at most. For --set-json and schemas; errors carry no text of their own.
#pragma once

#include <optional>
#include <string_view>

#include "render/template/value.h"

namespace autonomous::helm {

// One value at the start of `text` (after white space); `end` is where it stops. nullopt: not JSON.
std::optional<render::Value> read_json_prefix(render::Arena& arena, std::string_view text, size_t& end);

// The whole text, as json.Unmarshal.
std::optional<render::Value> read_json(render::Arena& arena, std::string_view text);

}  // namespace autonomous::helm
