// A whole chart as one text: files, each after a line "=== NAME". Loaded and rendered within small limits.
#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "render/helm/helm.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

MemoryTree tree_of(std::string_view text) {
  MemoryTree tree;
  std::string name, content;
  auto put = [&] {
    if (is_plain_path(name)) tree.put(name, content, name.ends_with(".link") ? FileKind::kLink : FileKind::kFile);
    content.clear();
  };
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("=== ")) {
      put();
      name = line.substr(4);
    } else {
      content += std::string(line) + "\n";
    }
  }
  put();
  return tree;
}

std::string rendered(const MemoryTree& tree) {
  helm::LoadOptions options;
  options.limits = {.bytes = 1u << 20, .files = 200, .archive_bytes = 1u << 20, .depth = 4};
  auto chart = helm::load_chart(tree, options);
  if (!chart) return chart.error().message();
  helm::ChartInput input;
  input.chart = *std::move(chart);
  input.include_crds = true;
  input.determinism = helm::Determinism{"fuzzed", Time{}};
  input.limits = {.fuel = 100'000, .memory = 64u << 20, .output = 1u << 20};
  std::vector<std::string> warnings;
  auto done = helm::render(input, &warnings);
  return done ? done->manifest : done.error().message();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  MemoryTree tree = tree_of(text);
  std::string first = rendered(tree);
  // %p is where a value happens to lie.
  if (text.find('%') == std::string_view::npos) {
    fuzz::require(first == rendered(tree), "two renders give the same bytes");
  }
  return 0;
}
