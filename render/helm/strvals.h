// --set and its kin: texts like `a.b[0]=x,c={1,2}` put into values, with helm's exact errors (pkg/strvals).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "render/helm/helm.h"
#include "render/template/value.h"

namespace autonomous::helm {

using ReadSetFile = std::function<Result<std::string>(std::string_view path)>;

// Puts one flag's text into `values`, changing it in place (also where an error follows, as helm does). The error is
// strvals' own, without "failed parsing --set data: ". kJson here is the key=json form only.
Result<void> apply_set(render::Arena& arena, render::Map& values, SetKind kind, std::string_view text,
                       const ReadSetFile& read_file = {}, HelmVersion helm = HelmVersion::k4);

}  // namespace autonomous::helm
