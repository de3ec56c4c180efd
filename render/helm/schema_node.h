// Part of schema.cc: a compiled schema. Nodes belong to their Schema and point at each other; immutable once compiled.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "render/helm/schema.h"

namespace re2 {
class RE2;
}

namespace autonomous::helm {

// An exact decimal number: digits × 10^exponent.
struct Decimal {
  bool valid = false;
  bool negative = false;
  std::string digits = "0";  // without leading and trailing zeros; "0" is zero
  int64_t exponent = 0;

  static Decimal parse(std::string_view text);
  bool is_integer() const { return exponent >= 0; }
  double value() const;
};
int compare(const Decimal& a, const Decimal& b);
bool is_multiple(const Decimal& of, const Decimal& step);
bool equal(const SchemaValue& a, const SchemaValue& b);

struct Pattern {
  std::string text;
  std::shared_ptr<const re2::RE2> regex;
};

struct SchemaNode {
  struct Resource;

  int draft = 2020;
  std::string pointer;
  const Resource* resource = nullptr;
  std::optional<bool> boolean;

  std::vector<std::string> types;
  const SchemaValue* constant = nullptr;
  const SchemaValue* choices = nullptr;
  std::string format;
  const SchemaNode* ref = nullptr;
  const SchemaNode* recursive_ref = nullptr;
  bool recursive_anchor = false;
  const SchemaNode* dynamic_ref = nullptr;
  std::string dynamic_ref_anchor, dynamic_anchor;

  std::optional<int64_t> min_properties, max_properties, min_items, max_items, min_length, max_length, min_contains,
      max_contains;
  std::optional<Decimal> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::vector<std::string> required;
  std::optional<Pattern> pattern;
  bool unique_items = false;

  std::map<std::string, const SchemaNode*> properties, dependent_schemas;
  std::vector<std::pair<Pattern, const SchemaNode*>> pattern_properties;
  const SchemaNode* additional_properties = nullptr;
  std::optional<bool> additional_properties_flag;
  const SchemaNode* property_names = nullptr;
  std::map<std::string, std::vector<std::string>> dependencies, dependent_required;
  std::map<std::string, const SchemaNode*> schema_dependencies;

  const SchemaNode* items = nullptr;  // one schema for all (of 2020: for the rest)
  std::vector<const SchemaNode*> prefix_items;
  const SchemaNode* additional_items = nullptr;
  std::optional<bool> additional_items_flag;
  const SchemaNode* contains = nullptr;
  const SchemaNode* unevaluated_properties = nullptr;
  const SchemaNode* unevaluated_items = nullptr;

  std::vector<const SchemaNode*> all_of, any_of, one_of;
  const SchemaNode* negated = nullptr;
  const SchemaNode* condition = nullptr;
  const SchemaNode* then_node = nullptr;
  const SchemaNode* else_node = nullptr;

  bool all_properties_evaluated = false;
  bool all_items_evaluated = false;
};

// A schema with an identity of its own: the file, and what has an $id inside it.
struct SchemaNode::Resource {
  std::string pointer;
  std::string id;
  int draft = 2020;
  bool asserts_format = false;
  std::map<std::string, std::string> anchors;  // name → pointer
  std::set<std::string> dynamic_anchor_names;
  std::map<std::string, const SchemaNode*> dynamic_anchors;
  const SchemaNode* node = nullptr;
};

class Schema {
 public:
  static Result<std::unique_ptr<Schema>> compile(std::string_view text);
  // One of the metaschemas: held against none, and with formats asserted in every draft.
  static Result<std::unique_ptr<Schema>> compile_meta(std::string_view text);
  const SchemaNode& root() const { return *root_; }

 private:
  friend class SchemaCompiler;
  SchemaValue document_;
  std::map<std::string, SchemaNode::Resource> resources_;  // by pointer
  std::deque<SchemaNode> nodes_;
  const SchemaNode* root_ = nullptr;
};

// The metaschema of a draft (4, 6, 7, 2019 or 2020), and its name in messages.
const Schema& metaschema(int draft);
std::string metaschema_url(int draft);

// A pointer as it stands in a URL: url.PathEscape of each token.
std::string location_of(const std::string& pointer);

// What is wrong with a value, a line each: "- at '/a': got string, want array". "" where nothing is. `too_deep`: the
// value can't be judged.
std::string problems_of(const Schema& schema, const SchemaValue& value, bool& too_deep);

// Why `text` isn't of the format, or "" (also where the format is unknown).
std::string check_format(std::string_view format, const std::string& text);
// regexp.Compile: the pattern for RE2, or Go's words for what is wrong.
Result<Pattern> compile_pattern(const std::string& text);

// encoding/json with UseNumber; errors are its words.
Result<SchemaValue> parse_schema_json(std::string_view text);

std::string quote_for_schema(std::string_view text);  // 'it\'s'

}  // namespace autonomous::helm
