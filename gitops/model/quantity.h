// Kubernetes' quantities: "250m", "1.5", "256Mi", "2G", "1e3". Source: k8s.io/apimachinery/pkg/api/resource. Pure.
#pragma once

#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::model {

// In units: CPUs, bytes. Exact enough to compare. kInvalid for anything else than a quantity.
Result<long double> parse_quantity(std::string_view text);

}  // namespace autonomous::model
