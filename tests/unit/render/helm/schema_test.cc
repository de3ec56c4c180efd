#include "render/helm/schema.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "render/helm/schema_node.h"
#include "render/template/engine.h"

namespace autonomous::helm {
namespace {

// On a stack as render() has one: sanitized frames are large.
std::string judged(std::string_view schema, std::string_view values) {
  std::string said;
  render::on_large_stack([&] {
    auto parsed = parse_schema_json(values);
    if (!parsed) {
      said = "bad values: " + parsed.error().message();
      return;
    }
    auto done = validate_schema(schema, *parsed);
    if (!done) said = done.error().message();
  });
  return said;
}

// What jsonschema/v6 said to these.
TEST(Schema, Messages) {
  EXPECT_EQ(judged(R"({"properties":{"img":{"minLength":3}}})", R"({"img":"ab"})"),
            "- at '/img': minLength: got 2, want 3\n");
  EXPECT_EQ(judged(R"({"required":["b","c"]})", "{}"), "- at '': missing properties 'b', 'c'\n");
  EXPECT_EQ(judged(R"({"properties":{"a":{"minimum":1500000}}})", R"({"a":1234.5})"),
            "- at '/a': minimum: got 1,234.5, want 1.5×10⁰⁶\n");
  EXPECT_EQ(judged(R"({"properties":{"a":{"enum":[1,"x",null,1.50,true]}}})", R"({"a":"y"})"),
            "- at '/a': value must be one of 1, 'x', <nil>, 1.50, true\n");
  EXPECT_EQ(judged(R"({"properties":{"a":false},"additionalProperties":false})", R"({"a":1,"b'\"":1,"é\u0001":2})"),
            "- at '/a': false schema\n- at '': additional properties 'b\\'\"', 'é\\x01' not allowed\n");
  EXPECT_EQ(judged(R"({"properties":{"a/b~c d":{"items":{"type":"string"}}}})", R"({"a/b~c d":[1]})"),
            "- at '/a~1b~0c d/0': got number, want string\n");
}

TEST(Schema, ReferencesAndGroups) {
  constexpr const char* kSchema =
      R"({"$schema":"http://json-schema.org/draft-07/schema#",
          "properties":{"d":{"$ref":"#/definitions/x"},"e":{"$ref":"#/definitions/y"},
                        "f":{"anyOf":[{"type":"string"},{"allOf":[{"type":"object"},{"$ref":"#/definitions/x"}]}]}},
          "definitions":{"x":{"minimum":10},"y":{"required":["q"],"minProperties":2}}})";
  EXPECT_EQ(
      judged(kSchema, R"({"d":3,"e":{},"f":1})"),
      "- at '/d': minimum: got 3, want 10\n"
      "- at '/e': validation failed\n  - at '/e': minProperties: got 0, want 2\n  - at '/e': missing property 'q'\n"
      "- at '/f': 'anyOf' failed\n  - at '/f': got number, want string\n  - at '/f': 'allOf' failed\n"
      "    - at '/f': got number, want object\n    - at '/f': minimum: got 1, want 10\n");
  EXPECT_EQ(
      judged(
          R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}})",
          "{}"),
      "- at '': both /$ref/$ref/$ref and /$ref resolve to \"file:///values.schema.json#/definitions/a\" causing reference "
      "cycle\n");
}

TEST(Schema, OnlyItsOwnReferences) {
  EXPECT_NE(
      judged(R"({"$ref":"https://example.com/x.json"})", "{}").find("failing loading \"https://example.com/x.json\""),
      std::string::npos);
  EXPECT_NE(judged(R"({"$ref":"other.json"})", "{}").find("failing loading \"file:///other.json\""), std::string::npos);
  EXPECT_EQ(judged(R"({"$ref":"#/definitions/x"})", "{}"),
            "json-pointer in \"file:///values.schema.json#/definitions/x\" not found");
  EXPECT_EQ(
      judged(
          R"({"$id":"https://example.com/s","properties":{"a":{"$ref":"/t"}},"$defs":{"t":{"$id":"/t","type":"string"}}})",
          R"({"a":1})"),
      "- at '/a': got number, want string\n");
}

TEST(Schema, Drafts) {
  constexpr const char* kFour =
      R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"maximum":5,"exclusiveMaximum":true}}})";
  EXPECT_EQ(judged(kFour, R"({"a":5})"), "- at '/a': exclusiveMaximum: got 5, want 5\n");
  constexpr const char* kTuple =
      R"({"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false})";
  EXPECT_EQ(judged(kTuple, R"(["a",1])"), "- at '': last 1 additionalItem(s) not allowed\n");
  EXPECT_EQ(judged(R"({"prefixItems":[true],"items":false})", R"(["a",1])"), "- at '/1': false schema\n");
  constexpr const char* kFormat = R"({"$schema":"http://json-schema.org/draft-07/schema#","format":"date"})";
  EXPECT_EQ(judged(kFormat, "\"x\""),
            "- at '': 'x' is not valid date: parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"\n");
  EXPECT_EQ(judged(R"({"format":"date"})", "\"x\""), "");
}

TEST(Schema, Unevaluated) {
  constexpr const char* kSchema =
      R"({"if":{"properties":{"a":{"const":1}}},"then":{"required":["z"]},"unevaluatedProperties":false})";
  EXPECT_EQ(judged(kSchema, R"({"a":1,"q":2})"), "- at '': missing property 'z'\n- at '/q': false schema\n");
}

TEST(Schema, NumbersAreExact) {
  EXPECT_EQ(judged(R"({"multipleOf":0.1})", "0.3"), "");
  EXPECT_EQ(judged(R"({"multipleOf":0.3})", "1"), "- at '': multipleOf: got 1, want 0.3\n");
  EXPECT_EQ(judged(R"({"type":"integer"})", "3.0"), "");
  EXPECT_EQ(judged(R"({"const":1.0})", "1"), "");
  EXPECT_EQ(judged(R"({"maximum":9007199254740992})", "9007199254740993"),
            "- at '': maximum: got 9.007199254740992×10¹⁵, want 9.007199254740992×10¹⁵\n");
}

TEST(Schema, BadSchemasAndDeepValues) {
  EXPECT_EQ(judged("", "{}"), "EOF");
  EXPECT_EQ(judged(R"({"a":)", "{}"), "unexpected EOF");
  EXPECT_NE(judged(R"j({"pattern":"(?!x)"})j", "\"\"").find("invalid or unsupported Perl syntax: `(?!`"),
            std::string::npos);
  std::string deep = std::string(900, '[') + std::string(900, ']');
  EXPECT_EQ(judged(R"({"items":{"$ref":"#"}})", deep), "");
}

TEST(ChartSchema, JudgesEveryTimeAndOnEveryThreadTheSame) {
  ChartSchema good(R"({"properties":{"img":{"minLength":3}}})"), bad("{");
  auto says = [](const ChartSchema& schema, std::string_view values) {
    auto done = schema.validate(*parse_schema_json(values));
    return done ? "" : done.error().message();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      EXPECT_EQ(says(good, R"({"img":"ab"})"), "- at '/img': minLength: got 2, want 3\n");
      EXPECT_EQ(says(good, R"({"img":"abc"})"), "");
      EXPECT_EQ(says(bad, "{}"), "unexpected EOF");
    });
  for (std::thread& thread : threads) thread.join();
}

// It is let go of on whatever stack its chart's last user has.
TEST(ChartSchema, ADeepOneIsLetGoOf) {
  auto schema = std::make_unique<ChartSchema>(R"({"const":)" + std::string(9'000, '[') + std::string(9'000, ']') + "}");
  render::on_large_stack([&] { EXPECT_FALSE(schema->validate(SchemaValue::boolean(true))); });
  schema.reset();
}

}  // namespace
}  // namespace autonomous::helm
