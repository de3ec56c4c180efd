// The tables of autonomous.yaml: which keys there are, in which form, and what each means.
#pragma once

#include "gitops/model/shape.h"

namespace autonomous::model {

const Shape& spec_shape();     // a whole file
const Shape& app_shape();      // apps.<name>
const Shape& overlay_shape();  // apps.<name> as an overlay: null removes, nothing is required

// Keys of an app that only the built-in chart understands.
bool is_built_in_only(std::string_view key);

// "./serve --port 80 'a b'" → its words, as a shell would split them, without variables or globs.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace autonomous::model
