// JSON as Go's encoding/json writes and reads it, byte for byte, errors included. Free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "render/template/function.h"

namespace autonomous::render {

struct JsonStyle {
  bool escape_html = true;
  std::string_view indent;  // "": on one line
  size_t most = SIZE_MAX;   // bytes; kLimit beyond
};
// json.Marshal of a value. The error's message is Go's: "json: unsupported value: NaN".
Result<void> write_json(std::string& out, Value value, const Library& library, const JsonStyle& style = {});

// json.Unmarshal into an interface {}; texts live in the arena. The error is Go's text or "". An error that is not one
// of syntax (a number too large) leaves 0 in the value's place and the rest as it is.
struct JsonRead {
  Value value;
  std::string error;
  bool syntax = false;
};
JsonRead read_json(Arena& arena, std::string_view text);

}  // namespace autonomous::render
