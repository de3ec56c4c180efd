#include "render/helm/output.h"

#include <gtest/gtest.h>

namespace autonomous::helm {
namespace {

using Texts = std::vector<std::string>;

TEST(Output, SplitsAsEachHelmDoes) {
  EXPECT_EQ(split_manifests("---\na: 1\n---\nb: 2\n", HelmVersion::k4), (Texts{"a: 1\n", "b: 2\n"}));
  EXPECT_EQ(split_manifests("---\na: 1\n---\nb: 2\n", HelmVersion::k3), (Texts{"a: 1", "b: 2"}));
  EXPECT_EQ(split_manifests("a: 1\n---foo: bar\n", HelmVersion::k4), (Texts{"a: 1\n", "foo: bar\n"}));
  EXPECT_EQ(split_manifests("a: |\n  x\n  ---\n  y\n", HelmVersion::k4), (Texts{"a: |\n  x\n  ---\n  y\n"}));
  EXPECT_EQ(split_manifests("# only a comment\n---\n\n---\n", HelmVersion::k4), (Texts{"# only a comment\n"}));
}

SortedManifests sorted(std::vector<RenderedFile> files, HelmVersion helm = HelmVersion::k4) {
  Arena arena;
  Work work(arena, helm, nullptr);
  SortedManifests out;
  auto result = sort_manifests(work, files, out);
  EXPECT_TRUE(result) << result.error().message();
  return out;
}

std::string kinds(const std::vector<Manifest>& manifests) {
  std::string out;
  for (const Manifest& one : manifests) out += one.kind + " ";
  return out;
}

TEST(Output, SortsByKindThenByPlace) {
  auto all = sorted(
      {{"c/templates/z.yaml", "kind: Widget\n---\nkind: Deployment\n---\nkind: Apple\n"},
       {"c/templates/a.yaml", "kind: ValidatingWebhookConfiguration\n---\nkind: Service\n---\nkind: Namespace\n"}});
  EXPECT_EQ(kinds(all.manifests), "Namespace Service Deployment ValidatingWebhookConfiguration Apple Widget ");
  auto three =
      sorted({{"c/templates/a.yaml", "kind: ValidatingWebhookConfiguration\n---\nkind: Apple\n"}}, HelmVersion::k3);
  EXPECT_EQ(kinds(three.manifests), "Apple ValidatingWebhookConfiguration ");
}

TEST(Output, TellsHooksApart) {
  auto hook = [](const std::string& events) {
    return "kind: Job\nmetadata:\n  annotations:\n    helm.sh/hook: " + events + "\n";
  };
  auto all = sorted({{"c/a", hook("pre-install")},
                     {"c/b", hook("test")},
                     {"c/c", hook("crd-install")},
                     {"c/d", hook("pre-install, test-success")}});
  ASSERT_EQ(all.hooks.size(), 3u);
  EXPECT_FALSE(all.hooks[0].is_test);
  EXPECT_TRUE(all.hooks[1].is_test);
  EXPECT_TRUE(all.hooks[2].is_test);
  EXPECT_TRUE(all.manifests.empty());
}

TEST(Output, BadHeadsAreErrors) {
  Arena arena;
  Work work(arena, HelmVersion::k4, nullptr);
  auto sort = [&](std::vector<RenderedFile> files) {
    SortedManifests out;
    return sort_manifests(work, files, out);
  };
  EXPECT_EQ(
      sort({{"c/a.yaml", "just text"}}).error().message(),
      "YAML parse error on c/a.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type util.SimpleHead");
  EXPECT_TRUE(sort({{"c/a.yaml", "metadata: {annotations: {a: 1, b: true, c: null}}"}}));
  EXPECT_FALSE(sort({{"c/a.yaml", "metadata: {annotations: {a: {b: 1}}}"}}));
}

TEST(Output, JoinsHooksLast) {
  EXPECT_EQ(join_pieces({{Piece::Kind::kHook, "c/h", "h: 1"}, {Piece::Kind::kManifest, "c/m", "m: 1\n"}}),
            "---\n# Source: c/m\nm: 1\n---\n# Source: c/h\nh: 1\n");
  EXPECT_EQ(join_pieces({}), "\n");
}

TEST(Output, ShowOnly) {
  std::string text = "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/b.yaml\nb: 1\n";
  EXPECT_EQ(*only_shown(text, {"templates/b.yaml"}, HelmVersion::k4), "---\n# Source: c/templates/b.yaml\nb: 1\n\n");
  EXPECT_EQ(*only_shown(text, {"templates/*.yaml"}, HelmVersion::k3),
            "---\n# Source: c/templates/a.yaml\na: 1\n---\n# Source: c/templates/b.yaml\nb: 1\n");
  EXPECT_EQ(only_shown(text, {"gone"}, HelmVersion::k4).error().message(), "could not find template gone in chart");
}

}  // namespace
}  // namespace autonomous::helm
