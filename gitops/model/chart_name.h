// ChartName: what an app's `chart:` and `version:` name: a folder of the project, a chart in an OCI registry, or one in
// a chart repository. What is fetched has an exact version or a digest: the same commit has to mean the same chart.
#pragma once

#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::model {

struct ChartName {
  enum class Kind : uint8_t { kFolder, kOci, kRepository };
  Kind kind = Kind::kFolder;
  std::string place;    // the folder; "oci://ghcr.io/acme/web[:tag][@digest]"; the repository's URL
  std::string name;     // in a chart repository: the last part of what was written
  std::string version;  // "" where tag or digest say it

  std::string_view host() const;  // of what is fetched, without its port
};

// "localhost", "127.0.0.1", "[::1]".
bool is_loopback(std::string_view host);

// Not a folder: it has a scheme.
bool is_remote_chart(std::string_view chart);

// kInvalid, with a hint, where no one chart is meant.
Result<ChartName> chart_name(std::string_view chart, std::string_view version);

}  // namespace autonomous::model
