// values.schema.json: JSON Schema, drafts 4 to 2020-12, judged and worded as santhosh-tekuri's jsonschema/v6 does in
// Helm: "at '/img': minLength: got 2, want 3".
//
// References stay inside the schema: what would be loaded from a URL or a file is refused. Where Go's map order decides
// the order of messages, ours is the keys'. Patterns run on RE2. Pure functions.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::helm {

// A JSON value as the validator sees it: of a schema, and of the values that it judges. Numbers keep the text that Go's
// %v prints for them.
struct SchemaValue {
  enum class Kind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };
  struct Member;
  Kind kind = Kind::kNull;
  std::string text;  // of a number or a string
  std::vector<SchemaValue> items;
  std::vector<Member> members;  // sorted by key, bytewise; keys are unique

  bool is_bool() const { return kind == Kind::kFalse || kind == Kind::kTrue; }
  const SchemaValue* find(std::string_view key) const;

  static SchemaValue boolean(bool value);
  static SchemaValue number(double value);
  static SchemaValue number(int64_t value);
  static SchemaValue string(std::string_view text);
  void add(std::string key, SchemaValue value);  // then sort()
  void sort();                                   // of equal keys the last stays
};

struct SchemaValue::Member {
  std::string key;
  SchemaValue value;
};

class Schema;

// The schema of a chart: compiled when values are first held against it, once for all renders. Any thread.
class ChartSchema {
 public:
  explicit ChartSchema(std::string text);
  ~ChartSchema();
  const std::string& text() const { return text_; }
  // As validate_schema().
  Result<void> validate(const SchemaValue& values) const;

 private:
  std::string text_;
  mutable std::once_flag once_;
  mutable std::optional<Result<std::unique_ptr<Schema>>> compiled_;
};

// The text that Helm puts after "<chart>:\n": one problem or more, each on a line, ending in a line end; or why the
// schema itself can't be used (without one). kInvalid. kLimit: values nested too deep.
Result<void> validate_schema(std::string_view schema, const SchemaValue& values);

}  // namespace autonomous::helm
