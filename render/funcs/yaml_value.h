// Values from YAML and YAML from values, as sigs.k8s.io/yaml does both. Values, their keys and texts live in the arena
// that is given. Free functions, no state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "gitops/yaml/resolve.h"
#include "render/template/function.h"

namespace autonomous::render {

enum class Numbers : uint8_t {
  kJson,    // every number is a float64: what yaml.Unmarshal gives for interface {}
  kNative,  // int64, uint64 and float64, as YAML has them before the JSON step: for targets with types of their own
};

// The first document; nothing at all is the nil interface. The error's text is Go's "yaml: …", without what its callers
// put before it.
Result<Value> read_yaml(Arena& arena, std::string_view text, Numbers numbers = Numbers::kJson,
                        const yaml::ReadOptions& options = {});

// The same of a map that is decoded into a struct: only what stands under one of `keys` (in lower case; in the text in
// any case, as encoding/json takes them) is kept. The rest is read, and wrong where it would be wrong.
Result<Value> read_yaml_keys(Arena& arena, std::string_view text, Numbers numbers,
                             std::span<const std::string_view> keys);

// yaml.Unmarshal into a map[string]interface {}; nullptr for a null document. The error's text is complete: "error
// converting YAML to JSON: …" or "error unmarshaling JSON: …".
Result<Map*> read_yaml_map(Arena& arena, std::string_view text, const yaml::Limits& limits = {});

// "json: cannot unmarshal WHAT into Go value of type TYPE": WHAT for a value.
std::string_view json_kind(const Value& value);

// yaml.Marshal of what JSON can hold: nil, bool, numbers, strings, lists and maps of any Go type; with its line end.
// kLimit beyond `most` bytes.
Result<std::string> write_yaml(const Value& value, size_t most = SIZE_MAX);

// yaml.Marshal of anything: structs, times and bytes go through their JSON, and so does what can't be written, for the
// reader of that JSON says why. `arena` holds what is between. kLimit beyond `most` bytes.
Result<std::string> marshal_yaml(Arena& arena, const Value& value, const Library& library, size_t most = SIZE_MAX);

// What yaml.v3 panics with: the one value that it can't write.
inline constexpr std::string_view kNoComplex = "cannot marshal type: complex128";
// yaml.v3's with two spaces and without the step through JSON: numbers stay what they are, a struct's keys are its
// fields' names in lower case. Errors as above.
Result<std::string> write_pretty_yaml(const Value& value, const Library& library, size_t most = SIZE_MAX);

}  // namespace autonomous::render
