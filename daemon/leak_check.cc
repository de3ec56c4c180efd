// Linked into programs that run under a filter of system calls, in builds with AddressSanitizer.
#include <sys/prctl.h>

#ifdef __SANITIZE_ADDRESS__
// The leak checker traces its own process; under a filter (systemd's, a test's) it could only abort.
extern "C" int __lsan_is_turned_off() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0 ? 1 : 0; }
#endif
