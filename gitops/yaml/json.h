// YAML to and from nlohmann::json, for the parts of the program that want a value class and don't render templates.
// Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {

// The first document, by yaml.v2's rules; integers stay integers. ordered_json keeps the keys' order in the text.
Result<nlohmann::json> to_json(std::string_view text, const ReadOptions& options = {});
Result<nlohmann::ordered_json> to_ordered_json(std::string_view text, const ReadOptions& options = {});

// As sigs.k8s.io/yaml writes it: keys in natural order, unless `keep_order`.
Result<std::string> from_json(const nlohmann::json& value);
Result<std::string> from_json(const nlohmann::ordered_json& value, bool keep_order = false);

}  // namespace autonomous::yaml
