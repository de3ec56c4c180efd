#include "gitops/yaml/resolve.h"

#include <gtest/gtest.h>

#include <cmath>

namespace autonomous::yaml {
namespace {

using Kind = Scalar::Kind;

std::string told(std::string_view text, Flavour flavour = Flavour::kV2) {
  Scalar scalar = resolve_plain(text, flavour);
  constexpr const char* kNames[] = {"null", "bool ", "int ", "uint ", "float ", "string", "timestamp"};
  std::string name = kNames[static_cast<int>(scalar.kind)];
  bool value = scalar.kind != Kind::kNull && scalar.kind != Kind::kString && scalar.kind != Kind::kTimestamp;
  return value ? name + to_go_string(scalar) : name;
}

TEST(Resolve, Words) {
  EXPECT_EQ(told(""), "null");
  EXPECT_EQ(told("~"), "null");
  EXPECT_EQ(told("NULL"), "null");
  EXPECT_EQ(told("nULL"), "string");
  EXPECT_EQ(told("y"), "bool true");
  EXPECT_EQ(told("Off"), "bool false");
  EXPECT_EQ(told("oFF"), "string");
  EXPECT_EQ(told("y", Flavour::kV3), "string");
  EXPECT_EQ(told(".inf"), "float .inf");
  EXPECT_EQ(told("-.INF"), "float -.inf");
  EXPECT_EQ(told(".NaN"), "float .nan");
}

TEST(Resolve, Integers) {
  EXPECT_EQ(told("0777"), "int 511");
  EXPECT_EQ(told("0o17"), "int 15");
  EXPECT_EQ(told("0x1F"), "int 31");
  EXPECT_EQ(told("-0b11"), "int -3");
  EXPECT_EQ(told("1_000"), "int 1000");
  EXPECT_EQ(told("+12"), "int 12");
  EXPECT_EQ(told("-9223372036854775808"), "int -9223372036854775808");
  EXPECT_EQ(told("9223372036854775808"), "uint 9223372036854775808");
  EXPECT_EQ(told("18446744073709551616"), "float 1.8446744e+19");
  EXPECT_EQ(told("0x"), "string");
  EXPECT_EQ(told("1:30"), "string");
  EXPECT_EQ(told("_1"), "string");
}

TEST(Resolve, Floats) {
  EXPECT_EQ(told("08"), "float 8");
  EXPECT_EQ(told("1."), "float 1");
  EXPECT_EQ(told(".5"), "float 0.5");
  EXPECT_EQ(told(".5_1"), "float 0.51");
  EXPECT_EQ(told(".5_"), "string");
  EXPECT_EQ(told("1e3"), "float 1000");
  EXPECT_EQ(told("1e400"), "string");
  EXPECT_EQ(told("1e-400"), "float 0");
  EXPECT_EQ(told("1.2.3"), "string");
}

TEST(Resolve, Timestamps) {
  EXPECT_EQ(told("2001-01-01"), "timestamp");
  EXPECT_EQ(told("2001-1-2"), "timestamp");
  EXPECT_EQ(told("2001-02-30"), "string");
  EXPECT_EQ(told("2000-02-29"), "timestamp");
  EXPECT_EQ(told("1900-02-29"), "string");
  EXPECT_EQ(told("2001-01-01T01:02:03Z"), "timestamp");
  EXPECT_EQ(told("2001-01-01t1:2:3.5+01:00"), "timestamp");
  EXPECT_EQ(told("2001-01-01 1:2:3"), "timestamp");
  EXPECT_EQ(told("2001-01-01T1:2:3"), "string");
  EXPECT_EQ(told("2001-01-01 1:2:3Z"), "string");
}

TEST(Resolve, Tags) {
  auto as = [](const char* tag, const char* text) {
    auto scalar = resolve(std::string("tag:yaml.org,2002:") + tag, text, false);
    return scalar ? std::to_string(static_cast<int>(scalar->kind)) : scalar.error().message();
  };
  EXPECT_EQ(as("str", "1"), std::to_string(static_cast<int>(Kind::kString)));
  EXPECT_EQ(as("float", "1"), std::to_string(static_cast<int>(Kind::kFloat)));
  EXPECT_EQ(as("int", "x"), "yaml: cannot decode !!str `x` as a !!int");
  EXPECT_EQ(as("bool", "1"), "yaml: cannot decode !!int `1` as a !!bool");
  EXPECT_EQ(resolve("", "1", false)->kind, Kind::kString);
  EXPECT_EQ(resolve("!own", "1", false)->kind, Kind::kString);
}

}  // namespace
}  // namespace autonomous::yaml
