// .Capabilities: which Kubernetes and which API versions a chart is told, with the tables of the helm versions that we
// stand for. The tables are data read from the real programs, not made up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "render/helm/chart.h"
#include "render/template/function.h"

namespace autonomous::helm {

struct KubeVersion {
  std::string version;     // as given, with a v: v1.33.4-gke.1245000 (helm 3: normalised)
  std::string normalized;  // v1.33.4: what constraints are checked against
  std::string major;
  std::string minor;
};

// The default where `text` is empty. The error is the parser's ("could not parse \"x\" as version").
Result<KubeVersion> parse_kube_version(std::string_view text, HelmVersion helm);

// *common.Capabilities (helm 3: *chartutil.Capabilities) as templates see it.
render::Value capabilities_value(render::Arena& arena, HelmVersion helm, const KubeVersion& kube,
                                 const std::vector<std::string>& extra_api_versions);

// Methods of these types: String, GitVersion, Has, Copy.
void add_capabilities_methods(render::Library& library);

}  // namespace autonomous::helm
