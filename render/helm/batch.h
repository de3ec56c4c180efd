// `autonomous render --batch`: many renders in one process, on all cores, answers in the order of the questions.
#pragma once

#include <cstdio>

#include "render/helm/remote_chart.h"

namespace autonomous::helm {

// Reads a JSON object a line from `in` (batch_line.h), and writes a line each to `out`:
//   {"name": …, "ok": true, "manifest": …}  or  {"name": …, "ok": false, "error": …}, with "warnings" where there are
//   any.
// Each line is answered as soon as all before it are, so a program may ask and wait. Lines of nothing but blanks are
// left out. Returns the exit status: 1 when one failed.
int run_batch(FILE* in, FILE* out, const FetchChart& fetch);

}  // namespace autonomous::helm
