// `autonomous render`: the command line of `helm template`, and its two other faces: --batch and --worker.
#pragma once

#include <string>
#include <vector>

#include "render/helm/remote_chart.h"

namespace autonomous::helm {

// Arguments after "render". Reads files, writes to standard output and standard error; returns the exit status. Charts
// that are neither here nor in the cache come through `fetch`; where it is null, they are refused.
int render_command(const std::vector<std::string>& arguments, const FetchChart& fetch = nullptr);

// For completion scripts and the core's help.
std::string render_help();

}  // namespace autonomous::helm
