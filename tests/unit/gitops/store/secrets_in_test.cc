#include "gitops/store/secrets_in.h"

#include <gtest/gtest.h>

namespace autonomous::store {
namespace {

// "ns/name name " of those that carry values.
std::string names(std::string_view text) {
  auto found = secrets_in(text);
  if (!found) return "error: " + found.error().message();
  std::string out;
  for (const PlainSecret& secret : *found) out += (secret.ns.empty() ? "" : secret.ns + "/") + secret.name + " ";
  return out;
}

TEST(SecretsIn, EveryStyleOfYamlIsRead) {
  EXPECT_EQ(names("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  k: v\n"), "a ");
  EXPECT_EQ(names("apiVersion: v1\nkind: Secret\nmetadata: {namespace: n, name: a}\ndata: {k: dg==}\n"), "n/a ");
  EXPECT_EQ(names(R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"k": "v"}})"),
            "a ");
  EXPECT_EQ(names("{kind: Secret, metadata: {name: a}, data: {k: dg==}}\n"), "a ");
  EXPECT_EQ(names("kind: \"\\x53ecret\"\nmetadata: {name: a}\ndata: {k: dg==}\n"), "a ");
  EXPECT_EQ(names("kind: !!binary U2VjcmV0\nmetadata: {name: a}\ndata: {k: dg==}\n"), "a ");
  EXPECT_EQ(names("kind: Secret\nmetadata: {name: a, labels: &d {k: v}}\nstringData: *d\n"), "a ");
  EXPECT_EQ(names("kind: Secret\nmetadata: {labels: {name: other}, name: a}\ndata: {k: v}\n"), "a ");
}

TEST(SecretsIn, DocumentsAndListsAreOpened) {
  EXPECT_EQ(names("kind: Secret\nmetadata: {name: a}\ndata: {k: v}\n---\nkind: ConfigMap\ndata: {k: v}\n---\n"
                  "kind: Secret\nmetadata: {name: b}\nstringData: {k: v}\n"),
            "a b ");
  EXPECT_EQ(names("kind: List\nitems:\n- kind: ConfigMap\n  data: {k: v}\n- kind: Secret\n  metadata: {name: a}\n"
                  "  data: {k: v}\n- kind: List\n  items: [{kind: Secret, metadata: {name: b}, data: {k: v}}]\n"),
            "a b ");
}

TEST(SecretsIn, WhatCarriesNoValuesIsNone) {
  EXPECT_EQ(names("kind: Secret\nmetadata: {name: a}\n"), "");
  EXPECT_EQ(names("kind: Secret\nmetadata: {name: a}\ndata: {}\nstringData: ~\n"), "");
  EXPECT_EQ(names("kind: ExternalSecret\nmetadata: {name: a}\nspec: {data: [{secretKey: Secret}]}\n"), "");
  EXPECT_EQ(names("apiVersion: vendor.example.com/v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: v}\n"), "");
  EXPECT_EQ(names("kind: ConfigMap\ndata:\n  x: |\n    kind: Secret\n    data: {k: v}\n"), "");
}

TEST(SecretsIn, WhatIsNoYamlIsNotKnownOrCannotNameOne) {
  EXPECT_EQ(names("kind: Secret\n  {{ .Values.x }}: [\n").substr(0, 6), "error:");
  EXPECT_EQ(names("{{ if .Values.x }}\n"), "") << "no word of it: not looked at";
}

TEST(SecretsIn, APolicyNamesThemWithOrWithoutTheirNamespace) {
  EXPECT_TRUE(is_allowed({"", "a"}, {"b", "a"}));
  EXPECT_TRUE(is_allowed({"n", "a"}, {"n/a"}));
  EXPECT_TRUE(is_allowed({"n", "a"}, {"a"}));
  EXPECT_FALSE(is_allowed({"m", "a"}, {"n/a", "ab"}));
}

}  // namespace
}  // namespace autonomous::store
