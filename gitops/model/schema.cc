// Shapes as JSON Schema (2020-12), for editors' YAML language server.
#include "gitops/model/shape.h"

namespace autonomous::model {

namespace {

std::string json_text(std::string_view text) { return to_json(Value::scalar(std::string(text)), false); }

std::string properties(const std::vector<Field>& fields, bool overlay) {
  std::string out = "{";
  for (const Field& field : fields) {
    if (out.size() > 1) out += ",";
    std::string schema = json_schema(field.shape, overlay);
    if (!field.doc.empty())
      schema.insert(1, "\"description\":" + json_text(field.doc) + (schema.size() > 2 ? "," : ""));
    out += json_text(field.key) + ":" + schema;
  }
  return out + "}";
}

std::string own_schema(const Shape& shape, bool overlay) {
  switch (shape.kind) {
    case Shape::Kind::kAny: return "{}";
    case Shape::Kind::kInteger:
      return "{\"type\":\"integer\",\"minimum\":" + std::to_string(shape.min) +
             ",\"maximum\":" + std::to_string(shape.max) + "}";
    case Shape::Kind::kBoolean: return "{\"type\":\"boolean\"}";
    case Shape::Kind::kChoice: {
      std::string out = "{\"enum\":[";
      for (const std::string& word : shape.choices) out += (out.back() == '[' ? "" : ",") + json_text(word);
      return out + "]}";
    }
    case Shape::Kind::kList: return "{\"type\":\"array\",\"items\":" + json_schema(*shape.of, false) + "}";
    case Shape::Kind::kMap:
      return "{\"type\":\"object\",\"additionalProperties\":" + json_schema(*shape.of, overlay) + "}";
    case Shape::Kind::kRecord: {
      std::string out = "{\"type\":\"object\",\"properties\":" + properties(shape.fields, overlay);
      out += ",\"patternProperties\":{\"^(x-|\\\\$schema$)\":{}},\"additionalProperties\":false";
      std::string required;
      for (const Field& field : shape.fields) {
        if (field.required && !overlay) required += (required.empty() ? "" : ",") + json_text(field.key);
      }
      if (!required.empty()) out += ",\"required\":[" + required + "]";
      return out + "}";
    }
    default: {
      // A text may be typed like a number: `version: 16`.
      if (shape.pattern.empty()) return "{\"type\":[\"string\",\"number\",\"boolean\"]}";
      return "{\"type\":[\"string\",\"number\"],\"pattern\":" + json_text(shape.pattern) + "}";
    }
  }
}

}  // namespace

std::string json_schema(const Shape& shape, bool overlay) {
  if (shape.overlay) overlay = true;
  std::string own = own_schema(shape, overlay);
  const bool nullable = overlay && shape.kind != Shape::Kind::kAny;
  if (shape.shorts.empty() && !nullable) return own;
  std::string out = "{\"anyOf\":[" + own;
  for (const Short& form : shape.shorts) out += "," + json_schema(form.shape, false);
  if (nullable) out += ",{\"type\":\"null\"}";
  return out + "]}";
}

std::string json_schema_document(const Shape& shape, std::string_view title, std::string_view description) {
  return "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":" + json_text(title) +
         ",\"description\":" + json_text(description) + "," + json_schema(shape).substr(1) + "\n";
}

}  // namespace autonomous::model
