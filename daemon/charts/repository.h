// A chart repository's index.yaml: which versions of a chart there are, and which of them a constraint means. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::daemon {

struct IndexedChart {
  std::string version;
  std::string digest;  // of the .tgz, "sha256:…"; "" where the index has none
  std::vector<std::string> urls;
};

// The chart's entries that helm would take (an invalid version is passed over), newest first. The error is that of the
// YAML, or that there is no such chart.
Result<std::vector<IndexedChart>> read_index(std::string_view text, std::string_view chart);

// IndexFile.Get: the version itself, else the newest one that the constraint takes; empty: the newest that is no
// pre-release. nullptr: none. `inexact`: a version was asked for and a near one was found.
const IndexedChart* choose(const std::vector<IndexedChart>& charts, const std::string& wanted, bool& inexact);

// What a URL in an index means beside the repository's own: repo.ResolveReferenceURL.
std::string resolve_url(std::string_view repository, std::string_view url);

// "https://host:port" of a URL, lower case, with the scheme's own port left out.
std::string origin_of(std::string_view url);

}  // namespace autonomous::daemon
