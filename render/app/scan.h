// Part of manifests.cc: what one document of a manifest stream is, read twice: as events, which know where each scalar
// stands in the text, and as a value, which has aliases and merges resolved. Pure.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/app/manifests.h"

namespace autonomous::app {

using Json = nlohmann::ordered_json;

// The image of a container: its bytes in the text, quotes included.
struct ImageSpot {
  size_t begin;
  size_t end;
  std::string image;
};

// The images of every list called containers, initContainers or ephemeralContainers, wherever it stands.
// `place` is where the text starts: its file and line are used for errors.
Result<std::vector<ImageSpot>> find_images(std::string_view text, const Place& place);

// The value of the document; bad YAML is an error at its line.
Result<Json> parse_document(std::string_view text, const Place& place);

// The resources that a parsed document is: one, or the items of a List. Fills in all of Resource but `source`.
Result<std::vector<Resource>> to_resources(const Json& value, std::string text, const Place& place);

// A resource printed anew, keys in their order.
Result<std::string> print_resource(const Json& value);

// A text as YAML keys and values name it; "" where it isn't one.
std::string text_of(const Json& map, const char* key);

// What stands below these keys, one in the other; null where nothing does.
const Json& value_at(const Json& from, std::initializer_list<const char*> keys);

// "Deployment shop/web"
std::string describe(const Resource& resource);

}  // namespace autonomous::app
