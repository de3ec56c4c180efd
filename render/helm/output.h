// From rendered templates to what helm prints: split into documents, told apart as hooks and manifests, sorted, put
// together again (pkg/release/v1/util, pkg/cmd/template.go).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/engine.h"
#include "render/helm/helm.h"
#include "render/helm/work.h"

namespace autonomous::helm {

struct Manifest {
  std::string source;
  std::string kind;
  std::string text;
  bool is_test = false;  // of a hook
};

struct SortedManifests {
  std::vector<Manifest> hooks;
  std::vector<Manifest> manifests;
};

// SplitManifests, in order.
std::vector<std::string> split_manifests(std::string_view text, HelmVersion helm);

// SortManifests; takes NOTES.txt files as it finds them (the caller drops them before). The error is helm's; `sorted`
// holds what came before it then, not yet sorted by kind.
Result<void> sort_manifests(Work& work, std::vector<RenderedFile>& files, SortedManifests& sorted);

// CRDObjects: files in crds/ of the chart and of all below it; `source` is the full path.
std::vector<Piece> crds_of(const WorkChart& chart);

// The text of helm's standard output for these pieces (hooks last, each group in order).
std::string join_pieces(const std::vector<Piece>& pieces);

}  // namespace autonomous::helm
