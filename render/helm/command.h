// `autonomous render`: the command line of `helm template`, and its two other faces: --batch and --worker.
#pragma once

#include <string>
#include <vector>

namespace autonomous::helm {

// Arguments after "render". Reads files, writes to standard output and standard error; returns the exit status.
int render_command(const std::vector<std::string>& arguments);

// For completion scripts and the core's help.
std::string render_help();

}  // namespace autonomous::helm
