// Problem: what a schema finds wrong with a value, and the words for it: those of jsonschema/v6, whose numbers are
// written by golang.org/x/text. Part of schema.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "render/helm/schema_node.h"

namespace autonomous::helm {

struct Problem {
  enum class What : uint8_t { kOne, kGroup, kReference };
  What what = What::kOne;
  std::string at;  // JSON pointer into the values
  std::string text;
  std::vector<Problem> causes;
};
using Problems = std::vector<Problem>;

namespace words {

std::string type_name(const SchemaValue& value);            // "boolean"
std::string grouped(int64_t number);                        // "12,345"
std::string number_text(const Decimal& number);             // "1.5×10⁰⁶"
std::string joined(const std::vector<std::string>& names);  // "'a', 'b'"
std::string display(const SchemaValue& value);              // of one that is neither array nor object
bool is_primitive(const SchemaValue& value);                // it is neither
std::string choices_text(const SchemaValue& choices);       // "value must be one of 'a', 'b'"
std::string lines(const Problems& problems);                // "- at '/a': …", indented below what caused them

}  // namespace words
}  // namespace autonomous::helm
