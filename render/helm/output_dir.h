// --output-dir: the documents of a render as files below a folder, named as their templates are. Writes files, and a
// line for each to standard output.
#pragma once

#include <string>

#include "gitops/base/result.h"
#include "render/helm/helm.h"

namespace autonomous::helm {

// Each file anew at its first document, longer with every further one; hooks always go on where a file is. `below` is
// one more folder for all but CRDs ("": none). Errors are in Go's words.
Result<void> write_pieces(const Rendered& rendered, const std::string& output_dir, const std::string& below);

}  // namespace autonomous::helm
