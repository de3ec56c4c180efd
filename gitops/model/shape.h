// Shape: a table that says which keys and values a file may have. One table checks the file, expands its short forms,
// and makes its JSON Schema, so the three can't differ.
//
// Shapes are built once and immutable after that; any thread may check with them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/model/value.h"

namespace autonomous::model {

struct Field;
struct Short;

struct Shape {
  enum class Kind : uint8_t { kText, kInteger, kBoolean, kChoice, kPath, kGlob, kList, kMap, kRecord, kAny };
  // Says what is wrong with a text ("at most 22 characters…"); empty: nothing.
  using Check = std::function<std::string(std::string_view)>;

  Kind kind = Kind::kAny;
  std::string noun;     // "a number", "a duration (30s, 5m, 2h)"
  std::string pattern;  // for the JSON Schema only
  std::vector<std::string> choices;
  int64_t min = 0, max = 0;
  bool urls = false;                // of a path: what has a scheme stays as it is
  bool overlay = false;             // from here down null removes and nothing is required
  Check check;                      // of a text's or number's text
  std::shared_ptr<const Shape> of;  // elements of a list or map
  Check key_check;                  // of a map's keys
  std::string key_noun;
  std::vector<Field> fields;                     // of a record
  std::vector<Short> shorts;                     // other ways to write it
  std::map<std::string, std::string> elsewhere;  // keys that people put here, and where they belong

  const Field* field(std::string_view key) const;
};

struct Field {
  std::string key;
  Shape shape;
  std::string doc;
  bool required = false;
};

struct Short {
  Shape shape;                         // scalar or list
  std::function<Value(Value)> expand;  // none: it stays as it is
};

// What a check needs to know and where it puts what it finds.
struct ShapeCheck {
  std::vector<Error>& errors;
  std::string folder;    // of the file: relative paths start here; "" = the root
  bool overlay = false;  // null removes, nothing is required
};

// Checks `value` and turns it into its normal form. `name`: "apps.web", for messages.
void check_shape(const Shape& shape, Value& value, const std::string& name, ShapeCheck& context);

// One shape as a JSON Schema, as text. overlay: null allowed, nothing required.
std::string json_schema(const Shape& shape, bool overlay = false);
// The whole document, with $schema, title and description.
std::string json_schema_document(const Shape& shape, std::string_view title, std::string_view description);

// Builders, in the order in which tables read well.
Shape text(std::string noun = "a text", Shape::Check check = nullptr, std::string pattern = "");
Shape integer(int64_t min, int64_t max);
Shape boolean();
Shape choice(std::vector<std::string> choices);
Shape path();  // a file or folder of the project
Shape path_or_url();
Shape glob();
Shape duration();
Shape quantity();  // Kubernetes: 250m, 1Gi
Shape bytes();     // 16MiB, 2GiB, 4096
Shape url();
Shape list_of(Shape element);
Shape map_of(Shape element, std::string key_noun = "a name", Shape::Check key_check = nullptr);
Shape record(std::vector<Field> fields);
Shape any(std::string noun = "anything");
Shape overlay_of(Shape shape);
Shape with_short(Shape shape, Shape short_form, std::function<Value(Value)> expand = nullptr);
// One text where a list is meant.
Shape texts_or_one(Shape element);

Error shape_error(const Place& place, const std::string& name, std::string message);

// Text of a normalised value; "" when there is none.
std::string text_of(const Value* value);
std::string text_of(const Value& record, std::string_view key);
uint64_t number_of(const Value& record, std::string_view key, uint64_t otherwise = 0);
bool flag_of(const Value& record, std::string_view key, bool otherwise = false);
std::vector<std::string> texts_of(const Value* list);
// 16MiB → 16777216.
Result<uint64_t> parse_bytes(std::string_view text);

}  // namespace autonomous::model
