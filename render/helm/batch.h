// `autonomous render --batch`: many renders in one process, on all cores, answers in the order of the questions.
#pragma once

#include <string>

namespace autonomous::helm {

// Reads JSON lines from `path` ("-": standard input), writes one line each to standard output. Returns the exit status:
// 1 when one of them failed.
int run_batch(const std::string& path);

}  // namespace autonomous::helm
