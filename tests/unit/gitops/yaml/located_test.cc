#include "gitops/yaml/located.h"

#include <gtest/gtest.h>

#include "gitops/base/text.h"

namespace autonomous::yaml {
namespace {

std::string lines(const std::vector<Error>& errors) {
  std::string out;
  for (const Error& error : errors) out += error.line() + "\n";
  return out;
}

TEST(Located, ScalarsKeepTheirText) {
  std::vector<Error> errors;
  Node root = parse_located("a: 1.10\nb: yes\nc: 0123\nd: ~\ne: 'x'\n", "f.yaml", errors);
  EXPECT_TRUE(errors.empty()) << lines(errors);
  EXPECT_EQ(root.find("a")->text(), "1.10");
  EXPECT_EQ(root.find("b")->text(), "yes");
  EXPECT_EQ(root.find("c")->text(), "0123");
  EXPECT_TRUE(root.find("d")->is_null());
  EXPECT_TRUE(root.find("e")->quoted());
  EXPECT_EQ(as_bool(*root.find("b")), true);
  EXPECT_EQ(as_int(*root.find("c")), 123);
  EXPECT_EQ(as_int(*root.find("e")), std::nullopt);
  EXPECT_EQ(to_text(root), "a: 1.10\nb: yes\nc: 0123\nd: null\ne: x\n");
}

TEST(Located, ErrorsSayWhere) {
  std::vector<Error> errors;
  parse_located("a: 1\nb:\n  c: [1\nd: 2\n", "f.yaml", errors);
  EXPECT_EQ(lines(errors), "f.yaml:4:2: not valid YAML: did not find expected ',' or ']'\n");
  errors.clear();
  parse_located("a: 1\na: 2\nb: *x\n? [1]\n: 2\n", "f.yaml", errors);
  EXPECT_EQ(lines(errors),
            "f.yaml:2:1: `a` is here twice: it is set in line 1 already\n"
            "f.yaml:3:4: no anchor `&x` comes before this\n"
            "f.yaml:4:3: a key has to be a text, not a list\n");
  EXPECT_EQ(errors[0].place()->text, "a: 2");
  errors.clear();
  parse_located("a: 1\n---\nb: 1\n", "f.yaml", errors);
  EXPECT_EQ(errors.size(), 1u);
  errors.clear();
  parse_located(std::string(200, '['), "f.yaml", errors);
  EXPECT_EQ(errors.size(), 1u);
}

TEST(Located, ColumnsAreBytes) {
  std::vector<Error> errors;
  Node root = parse_located("é: {b: 1}\n", "f.yaml", errors);
  EXPECT_EQ(root.find("é")->find("b")->column(), 9u);
}

TEST(Located, AliasesAndMergesWork) {
  std::vector<Error> errors;
  Node root = parse_located("x-a: &a {p: 1, q: 2}\nb:\n  <<: *a\n  p: 3\n", "f.yaml", errors);
  EXPECT_TRUE(errors.empty()) << lines(errors);
  EXPECT_EQ(root.find("b")->find("p")->text(), "3");
  EXPECT_EQ(root.find("b")->find("q")->text(), "2");
  EXPECT_EQ(root.find("b")->find("q")->line(), 1u);
}

TEST(Located, ReaderReportsAllAtOnce) {
  std::vector<Error> errors;
  Node root =
      parse_located("image: [1]\nport: 70000\nscael: 2\nhealth: maybe\ntype: wbe\nx-free: 1\n", "f.yaml", errors);
  MapReader map(root, "", errors);
  EXPECT_EQ(map.text("image"), std::nullopt);
  EXPECT_EQ(map.integer("port", 1, 65535), std::nullopt);
  EXPECT_EQ(map.boolean("health"), std::nullopt);
  EXPECT_EQ(map.one_of("type", {"web", "worker"}), std::nullopt);
  EXPECT_EQ(map.get("scale"), nullptr);
  EXPECT_FALSE(map.require("name"));
  map.finish();
  EXPECT_EQ(lines(errors),
            "f.yaml:1:8: `image` has to be a text, not a list\n"
            "f.yaml:2:7: `port` has to be from 1 to 65535, not `70000`\n"
            "f.yaml:4:9: `health` has to be true or false, not `maybe`\n"
            "f.yaml:5:7: `type` can't be `wbe`: did you mean `web`?\n"
            "f.yaml:1:1: `name` is missing\n"
            "f.yaml:3:1: there is no key `scael`\n");
  EXPECT_EQ(errors.back().hint(), "did you mean `scale`?");
}

TEST(Located, ListsOfTexts) {
  std::vector<Error> errors;
  Node root = parse_located("a: one\nb: [x, 1]\nc: {x: 1}\n", "f.yaml", errors);
  MapReader map(root, "spec", errors);
  EXPECT_EQ(map.texts("a"), std::vector<std::string>{"one"});
  EXPECT_EQ(map.texts("b"), (std::vector<std::string>{"x", "1"}));
  EXPECT_TRUE(map.texts("c").empty());
  EXPECT_EQ(lines(errors), "f.yaml:3:4: `spec.c` has to be a list of texts, not a map\n");
}

TEST(Located, Overlay) {
  std::vector<Error> errors;
  Node base = parse_located("a: {x: 1, y: 2}\nb: [1]\nc: 3\nd: {e: 1}\n", "base.yaml", errors);
  Node over = parse_located("a: {y: 5, z: {n: ~, m: 1}}\nb: [2]\nc: ~\nd: off\nf: 6\n", "over.yaml", errors);
  Node merged = overlay(base, over);
  EXPECT_EQ(to_text(merged), "a:\n  x: 1\n  \"y\": 5\n  z:\n    m: 1\nb:\n  - 2\nd: off\nf: 6\n");
  EXPECT_EQ(merged.find("a")->find("y")->place().file, "over.yaml");
  EXPECT_EQ(merged.find("a")->find("x")->place().file, "base.yaml");
}

}  // namespace
}  // namespace autonomous::yaml
