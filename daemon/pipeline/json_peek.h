// Looking into JSON whose shape somebody else decides: what is not there, or is something else, is nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gitops/yaml/json.h"

namespace autonomous::daemon {

// Null where `object` is no object, or has no such member.
inline const nlohmann::json& at_key(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

inline std::string text_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& found = at_key(object, key);
  return found.is_string() ? found.get<std::string>() : "";
}

inline std::vector<nlohmann::json> items_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& found = at_key(object, key);
  return found.is_array() ? std::vector<nlohmann::json>(found.begin(), found.end()) : std::vector<nlohmann::json>{};
}

// The first document of a manifest; null where it is no YAML.
inline nlohmann::json document_of(const std::string& text) {
  auto json = yaml::to_json(text);
  return json ? *std::move(json) : nlohmann::json();
}

}  // namespace autonomous::daemon
