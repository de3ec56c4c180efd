#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/yaml/json.h"

namespace autonomous::yaml {
namespace {

std::string as_json(std::string_view text) {
  auto value = to_json(text);
  return value ? value->dump() : value.error().message();
}

TEST(Read, ValuesAndKeys) {
  EXPECT_EQ(as_json(""), "null");
  EXPECT_EQ(as_json(std::string_view()), "null");
  EXPECT_EQ(as_json("a: 1\nb: [x, 1.5, ~]\n"), R"({"a":1,"b":["x",1.5,null]})");
  EXPECT_EQ(as_json("y: 1\n12: 2\n1.50: 3\nno: 4"), R"({"1.5":3,"12":2,"false":4,"true":1})");
  EXPECT_EQ(as_json("a: 1\na: 2"), R"({"a":2})");
  EXPECT_EQ(as_json("a: !!binary aGk="), R"({"a":"hi"})");
  EXPECT_EQ(as_json("a: 1\n---\nb: 2"), R"({"a":1})");
  EXPECT_EQ(as_json("d: 2001-01-01"), R"({"d":"2001-01-01"})");
  EXPECT_EQ(as_json("\"it\\'s\""), "\"it's\"");
}

TEST(Read, AliasesAndMerges) {
  EXPECT_EQ(as_json("a: &x [1, 2]\nb: *x"), R"({"a":[1,2],"b":[1,2]})");
  EXPECT_EQ(as_json("a: &x {p: 1, q: 2}\nb:\n  p: 0\n  <<: *x\n  q: 3"), R"({"a":{"p":1,"q":2},"b":{"p":1,"q":3}})");
  EXPECT_EQ(as_json("<<: [{a: 1}, {a: 2, b: 3}]\nc: 4"), R"({"a":1,"b":3,"c":4})");
  EXPECT_EQ(as_json("a: &x {b: &y 1, c: *y}\nd: *x\ne: *y"), R"({"a":{"b":1,"c":1},"d":{"b":1,"c":1},"e":1})");
  EXPECT_EQ(as_json("&k a: 1\nb: *k"), R"({"a":1,"b":"a"})");
  EXPECT_EQ(as_json("<<: 1"), "yaml: map merge requires map or sequence of maps as the value");
  EXPECT_EQ(as_json("a: &x [*x]"), "yaml: anchor 'x' value contains itself");
  EXPECT_EQ(as_json("a: *x"), "yaml: unknown anchor 'x' referenced");
}

TEST(Read, ErrorsAreGos) {
  EXPECT_EQ(as_json("a: b: c"), "yaml: mapping values are not allowed in this context");
  EXPECT_EQ(as_json("x: 1\na: b: c"), "yaml: line 2: mapping values are not allowed in this context");
  EXPECT_EQ(as_json("foo: bar\nbaz\nqux: 1"), "yaml: line 3: could not find expected ':'");
  EXPECT_EQ(as_json("a:\n  - b\n c: d"), "yaml: line 2: did not find expected key");
  EXPECT_EQ(as_json("a: 1\n{}\n"), "yaml: line 1: did not find expected key");
  EXPECT_EQ(as_json("a: {{ .Values.x }}"),
            "yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}");
  EXPECT_EQ(as_json("~: 1"), "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1");
  EXPECT_EQ(as_json("a: .inf"), "json: unsupported value: +Inf");
  EXPECT_EQ(as_json("a: \x7f"), "yaml: control characters are not allowed");
  EXPECT_EQ(as_json("a: !!int x\nb: ["), "yaml: line 2: did not find expected node content");
}

TEST(Read, DepthIsLimited) {
  EXPECT_EQ(as_json(std::string(10'001, '[')), "yaml: exceeded max depth of 10000");
  EXPECT_EQ(to_json(std::string(200, '[') + std::string(200, ']'), {.limits = {.depth = 100}}).error().code(),
            Code::kLimit);
  EXPECT_EQ(to_json("[1, 2, 3]", {.limits = {.nodes = 3}}).error().code(), Code::kLimit);
  EXPECT_EQ(to_json("[1, 2, 3]", {.limits = {.bytes = 3}}).error().code(), Code::kLimit);
}

TEST(Read, KeysInKeysEnd) {
  EXPECT_EQ(as_json(std::string(5000, '{') + std::string(5000, '}')), "yaml: invalid map key");
  EXPECT_EQ(as_json("{{{}}}"), "yaml: invalid map key: map[interface {}]interface {}{}");
}

// CVE-2019-11253: nine levels of nine aliases each.
TEST(Read, AliasesMayNotExplode) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    std::string before(1, static_cast<char>(name - 1));
    text += std::string(1, name) + ": &" + name + " [*" + before;
    for (int i = 0; i < 8; ++i) text += ", *" + before;
    text += "]\n";
  }
  EXPECT_EQ(as_json(text), "yaml: document contains excessive aliasing");
}

}  // namespace
}  // namespace autonomous::yaml
