#include "gitops/yaml/emit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gitops/yaml/json.h"

namespace autonomous::yaml {
namespace {

std::string emitted(const char* json) {
  auto text = from_json(nlohmann::json::parse(json));
  return text ? *text : "error: " + text.error().message();
}

// What real sigs.k8s.io/yaml printed for these.
TEST(Emit, Structure) {
  EXPECT_EQ(emitted("{}"), "{}\n");
  EXPECT_EQ(emitted("[]"), "[]\n");
  EXPECT_EQ(emitted("null"), "null\n");
  EXPECT_EQ(emitted(R"({"a":{},"b":[],"c":null,"d":""})"), "a: {}\nb: []\nc: null\nd: \"\"\n");
  EXPECT_EQ(emitted(R"({"a":[1,{"b":2,"c":[3]},[4,5]]})"), "a:\n- 1\n- b: 2\n  c:\n  - 3\n- - 4\n  - 5\n");
}

TEST(Emit, KeysComeInNaturalOrder) {
  EXPECT_EQ(emitted(R"({"a10":0,"a2":0,"A":0,"_":0,"1":0,"a":0,"é":0})"),
            "_: 0\n\"1\": 0\nA: 0\na: 0\na2: 0\na10: 0\né: 0\n");
  EXPECT_TRUE(key_less("a1b", "a01"));
  EXPECT_FALSE(key_less("a", "a"));
  EXPECT_TRUE(key_less("a1b", "a1_", Flavour::kV3));
}

TEST(Emit, StringsThatWouldBeSomethingElseAreQuoted) {
  EXPECT_EQ(
      emitted(R"(["y","1:30","2001-01-01","0x1","null","~","<<","-","- a","a: b","#","a #b"])"),
      "- \"y\"\n- \"1:30\"\n- \"2001-01-01\"\n- \"0x1\"\n- \"null\"\n- \"~\"\n- <<\n- '-'\n- '- a'\n- 'a: b'\n- '#'\n"
      "- 'a #b'\n");
  EXPECT_EQ(emitted(R"(["\t","😀","é","\u00a0","\u0001"])"),
            "- \"\\t\"\n- \"\\U0001F600\"\n- é\n- \xC2\xA0\n- \"\\x01\"\n");
}

TEST(Emit, BlocksOfSeveralLines) {
  EXPECT_EQ(emitted(R"({"a":"x\ny\n","b":"x\ny","c":"x\n\n","d":"  x\ny","e":"x \ny"})"),
            "a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd: |2-\n    x\n  y\ne: \"x \\ny\"\n");
}

TEST(Emit, LongTextsFoldAfterColumn80) {
  std::string words = "aaaaaaaaa";
  for (int i = 0; i < 9; ++i) words += " aaaaaaaaa";
  std::string out = emitted(("{\"k\":\"" + words + "\"}").c_str());
  EXPECT_EQ(out, "k: " + words.substr(0, 79) + "\n  " + words.substr(80) + "\n");
}

TEST(Emit, LongKeys) {
  std::string key(129, 'k');
  EXPECT_EQ(emitted(("{\"" + key + "\":1}").c_str()), "? " + key + "\n: 1\n");
  EXPECT_EQ(emitted(R"({"a\nb":[1]})"), "? |-\n  a\n  b\n: - 1\n");
}

TEST(Emit, Numbers) {
  EXPECT_EQ(emitted("[1e6,1000000.0,-0.0,1e20,1e21,1234567.5,0.00001,18446744073709551615,1.5]"),
            "- 1000000\n- 1000000\n- 0\n- 1e+20\n- 1e+21\n- 1.2345675e+06\n- 1e-05\n- 18446744073709551615\n- 1.5\n");
}

TEST(Emit, WhatCannotPassThroughJsonFails) {
  EXPECT_EQ(emitted("[\"a\x7f\"]"), "error: yaml: control characters are not allowed");
  EXPECT_TRUE(std::string(emitted(("{\"" + std::string(1023, 'k') + "\":1}").c_str())).starts_with("error: "));
  EXPECT_EQ(emitted("[\"a \xC2\x85 b\"]"), "- a b\n");
}

TEST(Emit, PrettyIsVersion3) {
  std::string out;
  Emitter emitter(out, Flavour::kV3);
  emitter.begin_map();
  emitter.key("a");
  emitter.begin_list();
  emitter.number(1e6);
  emitter.string("yes");
  emitter.string("\xFF");
  emitter.begin_map();
  emitter.key("b");
  emitter.string(std::string(90, 'x') + " " + std::string(90, 'y'));
  emitter.end_map();
  emitter.end_list();
  emitter.end_map();
  ASSERT_TRUE(emitter.finish());
  EXPECT_EQ(out, "a:\n  - 1e+06\n  - \"yes\"\n  - !!binary /w==\n  - b: " + std::string(90, 'x') + " " +
                     std::string(90, 'y') + "\n");
}

}  // namespace
}  // namespace autonomous::yaml
