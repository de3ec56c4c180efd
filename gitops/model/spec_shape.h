// The tables of autonomous.yaml: which keys there are, in which form, and what each means.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/model/shape.h"

namespace autonomous::model {

const Shape& spec_shape();     // a whole file
const Shape& app_shape();      // apps.<name>
const Shape& overlay_shape();  // apps.<name> as an overlay: null removes, nothing is required

// Keys that belong to platform.yaml, with the hint that says so.
inline constexpr const char* kPlatformOwns =
    "this is the platform's: platform.yaml on main of the GitOps repository, whose owners decide it";
std::map<std::string, std::string> platform_keys();

// Keys of an app that only the built-in chart understands.
bool is_built_in_only(std::string_view key);

// "./serve --port 80 'a b'" → its words, as a shell would split them, without variables or globs.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace autonomous::model
