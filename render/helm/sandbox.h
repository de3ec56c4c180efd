// The walls of a render worker: resource limits, Landlock and a seccomp filter, put up by the process itself before it
// reads its first byte. What is denied fails with EPERM; what only an attacker asks for (exec, sockets, ptrace) kills.
#pragma once

#include <cstdint>

namespace autonomous::helm {

// memory_bytes: of address space; 0: no limit. Where the kernel lacks Landlock, no file can be opened at all (time
// zones other than UTC are then unknown). Under a sanitizer only the limits that it can live with are set.
void enter_sandbox(uint64_t memory_bytes);

// Ends with an error, and not with the machine, where a chart asks for more: of address space. Not under a sanitizer.
void cap_memory(uint64_t bytes);

}  // namespace autonomous::helm
