// `autonomous render --worker`: the process in which the daemon renders what strangers wrote. It owns nothing: after
// its start it can read and write its two pipes, use memory and threads, and read time zones; nothing else.
#pragma once

#include <cstdint>

namespace autonomous::helm {

// Serves frames (wire.h) from `in` to `out` until `in` ends, within `memory_bytes` of address space. Returns the exit
// status.
int run_worker(int in, int out, uint64_t memory_bytes);

}  // namespace autonomous::helm
