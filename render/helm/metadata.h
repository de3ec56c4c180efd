// Chart.yaml and requirements.yaml: decoded as sigs.k8s.io/yaml decodes into helm's Metadata struct (keys of any case,
// numbers where strings belong, Go's error texts), validated and cleaned as helm does it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/chart.h"

namespace autonomous::helm {

// Reads `text` over what is in `metadata` already. The error is yaml.Unmarshal's.
Result<void> decode_metadata(std::string_view text, HelmVersion helm, Metadata& metadata);

// The apiVersion alone, as helm 4 looks at it first.
Result<void> decode_api_version(std::string_view text, std::string& out);

// Metadata.Validate: cleans the strings. The error is helm's, "validation: …".
Result<void> validate_metadata(Metadata& metadata);

// The head of a manifest, as helm's SimpleHead.
struct ManifestHead {
  std::string api_version;
  std::string kind;
  std::vector<std::pair<std::string, std::string>> annotations;
};
Result<ManifestHead> decode_head(std::string_view text, HelmVersion helm);

}  // namespace autonomous::helm
