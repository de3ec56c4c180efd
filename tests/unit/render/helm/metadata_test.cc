#include "render/helm/metadata.h"

#include <gtest/gtest.h>

namespace autonomous::helm {
namespace {

// "apiVersion kind key=value …", or the error.
std::string head_of(std::string_view text) {
  auto head = decode_head(text, HelmVersion::k4);
  if (!head) return head.error().message();
  std::string out = head->api_version + " " + head->kind;
  for (const auto& [key, value] : head->annotations) out += " " + key + "=" + value;
  return out;
}

TEST(ManifestHead, WhatIsThere) {
  EXPECT_EQ(
      head_of("apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    a: b\n    c: 'd'\nspec:\n- 1\n"),
      "v1 Pod a=b c=d");
  EXPECT_EQ(head_of("spec:\n  kind: No\n  metadata:\n    annotations: {a: b}\nkind: Pod\n"), " Pod");
  EXPECT_EQ(head_of("# nothing\n"), " ");
}

TEST(ManifestHead, KeysAsGoTakesThem) {
  EXPECT_EQ(head_of("APIVERSION: v1\nKind: Pod\n"), "v1 Pod");
  EXPECT_EQ(head_of("kind: A\nspec: {}\nkind: B\n"), " B");
  EXPECT_EQ(head_of("base: &b\n  kind: Pod\n<<: *b\n"), " Pod");
}

// What is not kept is still read: its mistakes are the document's.
TEST(ManifestHead, MistakesElsewhere) {
  EXPECT_EQ(head_of("kind: Pod\nspec:\n  a: .inf\n"), "error converting YAML to JSON: json: unsupported value: +Inf");
  EXPECT_EQ(head_of("kind: Pod\nspec: [\n"),
            "error converting YAML to JSON: yaml: line 2: did not find expected node content");
  EXPECT_EQ(
      head_of("kind: [a]\n"),
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field .kind of type string");
  EXPECT_EQ(head_of("metadata: {annotations: {helm.sh/hook: [a]}}\n"),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field "
            ".metadata.annotations.helm.sh~1hook of type string");
  EXPECT_EQ(
      head_of("- a\n"),
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type util.SimpleHead");
}

}  // namespace
}  // namespace autonomous::helm
